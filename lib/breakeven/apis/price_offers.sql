-- The offers that groups of requests are billed on, on one day; the beginning of price_groups.sql and
-- price_extras.sql.
-- Parameters: $day DATE, $groups STRUCT[] (key BIGINT, offer, processing, region VARCHAR, factor_e4 BIGINT,
--   prompt_tokens, needs_context BIGINT and what each of the two adds)
--   offer: only this one, at its last price where it has ended; empty: all that are in force and sell output;
--   factor_e4: multiple of the prices per token, in ten-thousandths; prompt_tokens: any length in the group's
--   tier; needs_context: the group is served by offers whose context is at least that
-- Gives: billed, a row for each group and offer with the columns of both, served, as_standard (another
--   processing was asked for), factor, offer_ended_on
WITH groups AS (SELECT UNNEST($groups, recursive := true)),
wanted AS (SELECT DISTINCT processing AS asked FROM groups),
latest AS (
    SELECT api_offer_id, processing, MAX(valid_from) AS valid_from
    FROM api_prices
    WHERE valid_from <= $day
      AND (processing = 'standard' OR processing IN (SELECT asked FROM wanted))
      AND (api_offer_id IN (SELECT offer FROM groups WHERE offer IS NOT NULL)
           OR EXISTS (SELECT 1 FROM groups WHERE offer IS NULL))
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
offers AS (SELECT * FROM dated WHERE ended_on IS NULL OR ended_on >= offer_ended_on),
-- Each offer once for every processing that is asked for: its own rows, otherwise the standard ones.
sold AS (
    SELECT w.asked, o.*
    FROM offers AS o
    JOIN wanted AS w ON w.asked = o.processing
    UNION ALL
    SELECT w.asked, o.*
    FROM offers AS o
    CROSS JOIN wanted AS w
    WHERE o.processing = 'standard' AND w.asked <> 'standard'
      AND (o.api_offer_id, w.asked) NOT IN (SELECT (api_offer_id, processing) FROM offers)
),
factors AS (
    SELECT o.api_offer_id, r.region, arg_max(r.factor, r.valid_from) AS region_factor
    FROM (SELECT DISTINCT api_offer_id, provider, api_model FROM offers) AS o
    JOIN region_factors AS r
        ON r.provider = o.provider AND r.valid_from <= $day AND regexp_full_match(o.api_model, r.pattern)
    WHERE r.region IN (SELECT region FROM groups)
    GROUP BY o.api_offer_id, r.region
),
paired AS (
    SELECT p.*, g.* EXCLUDE (processing)
    FROM groups AS g
    JOIN sold AS p ON p.asked = g.processing AND p.api_offer_id = g.offer
    UNION ALL
    SELECT p.*, g.* EXCLUDE (processing)
    FROM groups AS g
    JOIN sold AS p ON p.asked = g.processing
    WHERE g.offer IS NULL AND p.ended_on IS NULL AND p.output_usd_per_mtok IS NOT NULL
),
billed AS (
    SELECT
        p.*,
        p.context_tokens IS NULL OR p.needs_context <= p.context_tokens AS served,
        p.processing <> p.asked AS as_standard,
        CAST(COALESCE(f.region_factor, 1) * p.factor_e4 / 10000 AS DECIMAL(8, 4)) AS factor
    FROM paired AS p
    LEFT JOIN factors AS f ON f.api_offer_id = p.api_offer_id AND f.region = p.region
    WHERE (p.tier_above_tokens = 0 OR p.prompt_tokens > p.tier_above_tokens)
      AND (p.next_above IS NULL OR p.prompt_tokens <= p.next_above)
)
