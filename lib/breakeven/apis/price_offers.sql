-- The offers that groups of requests are billed on, on one day; the beginning of price_groups.sql and
-- price_extras.sql.
-- Parameters: $day DATE, $groups STRUCT[] (key BIGINT, offer, processing, region VARCHAR, factor_e4 BIGINT,
--   prompt_tokens, needs_context BIGINT and what each of the two adds)
--   offer: only this one, at its last price where it has ended; empty: all that are in force and sell output;
--   factor_e4: multiple of the prices per token, in ten-thousandths; prompt_tokens: any length in the group's
--   tier; needs_context: the group is served by offers whose context is at least that
-- Gives: groups; billed, a row for each group and offer with the columns of both, served, as_standard (another
--   processing was asked for), factor, offer_ended_on
WITH groups AS (SELECT UNNEST($groups, recursive := true)),
latest AS (
    SELECT api_offer_id, processing, MAX(valid_from) AS valid_from
    FROM api_prices
    WHERE valid_from <= $day
      AND processing IN (SELECT 'standard' UNION ALL SELECT g.processing FROM groups AS g)
    GROUP BY api_offer_id, processing
),
dated AS (
    SELECT
        p.*,
        CASE WHEN p.valid_to <= $day THEN p.valid_to END AS ended_on,
        MAX(CASE WHEN p.processing = 'standard' AND p.valid_to <= $day THEN p.valid_to END)
            OVER (PARTITION BY p.api_offer_id) AS offer_ended_on,
        LEAD(p.tier_above_tokens) OVER (
            PARTITION BY p.api_offer_id, p.processing ORDER BY p.tier_above_tokens
        ) AS next_above
    FROM api_prices AS p
    JOIN latest USING (api_offer_id, processing, valid_from)
    WHERE p.input_usd_per_mtok IS NOT NULL
),
offers AS (
    SELECT dated.*, LIST(processing) OVER (PARTITION BY api_offer_id) AS kinds
    FROM dated
    WHERE ended_on IS NULL OR ended_on >= offer_ended_on
),
factors AS (
    SELECT o.api_offer_id, r.region, arg_max(r.factor, r.valid_from) AS region_factor
    FROM (SELECT DISTINCT api_offer_id, provider, api_model FROM offers) AS o
    JOIN region_factors AS r
        ON r.provider = o.provider AND r.valid_from <= $day AND regexp_full_match(o.api_model, r.pattern)
    WHERE r.region IN (SELECT region FROM groups)
    GROUP BY o.api_offer_id, r.region
),
billed AS (
    SELECT
        p.*, g.* EXCLUDE (processing),
        p.context_tokens IS NULL OR g.needs_context <= p.context_tokens AS served,
        p.processing <> g.processing AS as_standard,
        CAST(COALESCE(f.region_factor, 1) * g.factor_e4 / 10000 AS DECIMAL(8, 4)) AS factor
    FROM groups AS g
    JOIN offers AS p
        ON (g.offer = p.api_offer_id
            OR (g.offer IS NULL AND p.ended_on IS NULL AND p.output_usd_per_mtok IS NOT NULL))
        AND p.processing
            = CASE WHEN list_contains(p.kinds, g.processing) THEN g.processing ELSE 'standard' END
        AND (p.tier_above_tokens = 0 OR g.prompt_tokens > p.tier_above_tokens)
        AND (p.next_above IS NULL OR g.prompt_tokens <= p.next_above)
    LEFT JOIN factors AS f ON f.api_offer_id = p.api_offer_id AND f.region = g.region
)
