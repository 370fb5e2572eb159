-- Offers that sell input only (embeddings), in force on one day.
-- Parameters: $day DATE
-- Returns: api_offer_id, input_usd_per_mtok [USD/Mtok], source_id; one row per offer
WITH latest AS (
    SELECT api_offer_id, max(valid_from) AS valid_from
    FROM api_prices
    WHERE valid_from <= $day AND processing = 'standard'
    GROUP BY api_offer_id
)
SELECT api_offer_id, input_usd_per_mtok, source_id
FROM api_prices
JOIN latest USING (api_offer_id, valid_from)
WHERE processing = 'standard'
  AND tier_above_tokens = 0
  AND (valid_to IS NULL OR $day < valid_to)
  AND input_usd_per_mtok > 0
  AND output_usd_per_mtok IS NULL
ORDER BY api_offer_id
