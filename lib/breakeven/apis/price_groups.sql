-- What groups of requests cost on API offers in force on one day: token sums times DECIMAL prices.
-- Parameters: $day DATE, $groups STRUCT[] (key BIGINT, offer VARCHAR, batch BIGINT, prompt_tokens BIGINT,
--   needs_context BIGINT, requests, uncached, cache_read, cache_write_5m, cache_write_1h, output BIGINT)
--   offer: only this offer, empty for all; prompt_tokens: any length in the group's tier;
--   needs_context: the group is served by offers whose context is at least that
-- {column}: the price that is billed for it, breakeven.tables.queries.BILLED_AS
-- Returns: api_offer_id, key, prompt, completion [USD x 1e6], fee [USD], requests served, requests not served,
--   tokens not served, whether batch requests have a batch price; one row per offer and key
WITH latest AS (
    SELECT api_offer_id, processing, MAX(valid_from) AS valid_from
    FROM api_prices
    WHERE valid_from <= $day
    GROUP BY api_offer_id, processing
),
in_force AS (
    SELECT
        p.api_offer_id, p.processing, p.context_tokens, p.tier_above_tokens AS above,
        LEAD(p.tier_above_tokens) OVER (
            PARTITION BY p.api_offer_id, p.processing ORDER BY p.tier_above_tokens
        ) AS next_above,
        p.input_usd_per_mtok AS input_price,
        p.output_usd_per_mtok AS output_price,
        {cache_read_usd_per_mtok} AS read_price,
        {cache_write_5m_usd_per_mtok} AS short_price,
        {cache_write_1h_usd_per_mtok} AS long_price,
        COALESCE(p.usd_per_request, 0) AS fee
    FROM api_prices AS p
    JOIN latest USING (api_offer_id, processing, valid_from)
    WHERE (p.valid_to IS NULL OR $day < p.valid_to)
      AND p.input_usd_per_mtok IS NOT NULL
      AND p.output_usd_per_mtok IS NOT NULL
),
with_batch AS (SELECT DISTINCT api_offer_id FROM in_force WHERE processing = 'batch'),
offers AS (
    SELECT in_force.*, with_batch.api_offer_id IS NOT NULL AS has_batch
    FROM in_force
    LEFT JOIN with_batch ON with_batch.api_offer_id = in_force.api_offer_id
),
groups AS (SELECT UNNEST($groups, recursive := true)),
priced AS (
    SELECT
        o.api_offer_id, g.*, o.has_batch,
        o.context_tokens IS NULL OR g.needs_context <= o.context_tokens AS served,
        o.input_price, o.output_price, o.read_price, o.short_price, o.long_price, o.fee AS request_price
    FROM groups AS g
    JOIN offers AS o
        ON (g.offer IS NULL OR g.offer = o.api_offer_id)
        AND o.processing = CASE WHEN g.batch = 1 AND o.has_batch THEN 'batch' ELSE 'standard' END
        AND (o.above = 0 OR g.prompt_tokens > o.above)
        AND (o.next_above IS NULL OR g.prompt_tokens <= o.next_above)
)
SELECT
    api_offer_id, key,
    SUM(CASE WHEN served THEN
        CAST(uncached AS DECIMAL(20, 0)) * input_price + CAST(cache_read AS DECIMAL(20, 0)) * read_price
        + CAST(cache_write_5m AS DECIMAL(20, 0)) * short_price
        + CAST(cache_write_1h AS DECIMAL(20, 0)) * long_price ELSE 0 END) AS prompt,
    SUM(CASE WHEN served THEN CAST(output AS DECIMAL(20, 0)) * output_price ELSE 0 END) AS completion,
    SUM(CASE WHEN served THEN CAST(requests AS DECIMAL(20, 0)) * request_price ELSE 0 END) AS fee,
    SUM(CASE WHEN served THEN requests ELSE 0 END) AS requests_served,
    SUM(CASE WHEN served THEN 0 ELSE requests END) AS requests_not_served,
    SUM(CASE WHEN served THEN 0 ELSE
        CAST(uncached AS DECIMAL(20, 0)) + cache_read + cache_write_5m + cache_write_1h + output END)
        AS tokens_not_served,
    BOOL_OR(has_batch) AS has_batch
FROM priced
GROUP BY api_offer_id, key
