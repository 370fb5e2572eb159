-- Prices of the makers' own offers on one day, standard beside batch, base tier; one row an offer
-- that has a price for cached input or for batch work.
-- Parameters: $day DATE
-- Returns: api_offer_id, provider, input, output, cache read and batch prices [USD per 1e6 tokens],
-- source_id, batch_source_id
WITH dated AS (
    SELECT *
    FROM api_prices
    WHERE valid_from <= $day
      AND tier_above_tokens = 0
      AND provider IN (SELECT provider FROM offer_roles WHERE role = 'maker')
    QUALIFY valid_from = max(valid_from) OVER (PARTITION BY api_offer_id, processing)
),
in_force AS (
    SELECT *
    FROM dated
    WHERE (valid_to IS NULL OR $day < valid_to)
      AND input_usd_per_mtok > 0 AND output_usd_per_mtok > 0
      AND flag IS NULL AND NOT reseller AND NOT deprecated
)
SELECT
    standard.api_offer_id, standard.provider,
    standard.input_usd_per_mtok, standard.output_usd_per_mtok, standard.cache_read_usd_per_mtok,
    batch.input_usd_per_mtok AS batch_input_usd_per_mtok,
    batch.output_usd_per_mtok AS batch_output_usd_per_mtok,
    standard.source_id, batch.source_id AS batch_source_id
FROM in_force AS standard
LEFT JOIN in_force AS batch
    ON batch.api_offer_id = standard.api_offer_id AND batch.processing = 'batch'
WHERE standard.processing = 'standard'
  AND (standard.cache_read_usd_per_mtok IS NOT NULL OR batch.input_usd_per_mtok IS NOT NULL)
ORDER BY standard.api_offer_id
