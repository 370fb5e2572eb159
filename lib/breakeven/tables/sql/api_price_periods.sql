-- Every standard price that some offers had, in order of time.
-- Parameters: $offers VARCHAR[]
-- Returns: columns of api_prices, base tier; one row per offer and first day
SELECT *
FROM api_prices
WHERE list_contains($offers, api_offer_id) AND processing = 'standard' AND tier_above_tokens = 0
  AND input_usd_per_mtok IS NOT NULL AND output_usd_per_mtok IS NOT NULL
ORDER BY api_offer_id, valid_from
