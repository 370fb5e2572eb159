-- Every standard price of the offers that have a role, whole history, base tier.
-- Parameters: none
-- Returns: role, provider, place, api_model, valid_from, valid_to, input and output price
-- [USD per 1e6 tokens], source_id; by role, provider, place and day
SELECT
    offer_roles.role, offer_roles.provider, offer_roles.place, offer_roles.api_model,
    api_prices.valid_from, api_prices.valid_to,
    api_prices.input_usd_per_mtok, api_prices.output_usd_per_mtok, api_prices.source_id
FROM offer_roles
JOIN api_prices
    ON api_prices.provider = offer_roles.provider AND api_prices.api_model = offer_roles.api_model
WHERE api_prices.processing = 'standard'
  AND api_prices.tier_above_tokens = 0
  AND api_prices.input_usd_per_mtok > 0
ORDER BY offer_roles.role, offer_roles.provider, offer_roles.place, api_prices.valid_from
