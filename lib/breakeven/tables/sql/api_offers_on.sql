-- API offers in force on one day: of each offer the rows of its latest first day, all tiers.
-- Parameters: $day DATE, $processing VARCHAR
-- Returns: the columns of api_prices, with model_id and variant where the offer serves a known
-- open model, and the day of its announced end; one row per tier, tiers of an offer together and ascending
WITH latest AS (
    SELECT api_offer_id, max(valid_from) AS valid_from
    FROM api_prices
    WHERE valid_from <= $day AND processing = $processing
    GROUP BY api_offer_id
)
SELECT api_prices.*, model_aliases.model_id, model_aliases.variant, api_ends.ends_on
FROM api_prices
JOIN latest USING (api_offer_id, valid_from)
LEFT JOIN model_aliases
    ON model_aliases.provider = api_prices.provider AND model_aliases.api_model = api_prices.api_model
LEFT JOIN api_ends ON api_ends.api_offer_id = api_prices.api_offer_id
WHERE api_prices.processing = $processing
  AND (api_prices.valid_to IS NULL OR $day < api_prices.valid_to)
  AND api_prices.input_usd_per_mtok IS NOT NULL
  AND api_prices.output_usd_per_mtok IS NOT NULL
ORDER BY api_prices.api_offer_id, api_prices.tier_above_tokens
