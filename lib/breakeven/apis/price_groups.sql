-- What groups of requests cost on API offers: token sums times DECIMAL prices. Begins with price_offers.sql.
-- Parameters: its own; a group has besides BIGINT requests, uncached, cache_read, cache_write_5m,
--   cache_write_1h, output
-- {column}: the price that is billed for it, breakeven.tables.queries.BILLED_AS
-- Returns: api_offer_id, key, prompt, completion [USD x 1e6], fee [USD], requests served, requests not served,
--   tokens not served, requests billed as standard that asked for another processing, the day on which the
--   offer ended, tokens without a price of their own (cache reads, writes, writes for an hour, output); one row
--   per offer and key
, priced AS (
    SELECT
        p.*,
        CAST(p.input_usd_per_mtok * factor AS DECIMAL(18, 9)) AS input_price,
        CAST(COALESCE(p.output_usd_per_mtok, 0) * factor AS DECIMAL(18, 9)) AS output_price,
        CAST({cache_read_usd_per_mtok} * factor AS DECIMAL(18, 9)) AS read_price,
        CAST({cache_write_5m_usd_per_mtok} * factor AS DECIMAL(18, 9)) AS short_price,
        CAST({cache_write_1h_usd_per_mtok} * factor AS DECIMAL(18, 9)) AS long_price,
        CASE WHEN factor = 0 THEN 0 ELSE COALESCE(p.usd_per_request, 0) END AS request_price
    FROM billed AS p
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
    SUM(CASE WHEN served AND as_standard THEN requests ELSE 0 END) AS as_standard,
    ANY_VALUE(offer_ended_on) AS ended_on,
    SUM(CASE WHEN served AND cache_read_usd_per_mtok IS NULL THEN cache_read ELSE 0 END) AS no_read,
    SUM(CASE WHEN served AND cache_write_5m_usd_per_mtok IS NULL THEN cache_write_5m ELSE 0 END) AS no_write,
    SUM(CASE WHEN served AND cache_write_1h_usd_per_mtok IS NULL THEN cache_write_1h ELSE 0 END) AS no_write_1h,
    SUM(CASE WHEN served AND output_usd_per_mtok IS NULL THEN output ELSE 0 END) AS no_output
FROM priced
GROUP BY api_offer_id, key
