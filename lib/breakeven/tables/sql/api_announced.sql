-- Prices that a catalogue carried before they hold, seen from a day.
-- Parameters: $day DATE
-- Returns: columns of api_prices, base tier, standard processing; one row per offer and first day
SELECT *
FROM api_prices
WHERE valid_from > $day AND as_of < valid_from AND processing = 'standard' AND tier_above_tokens = 0
ORDER BY valid_from, api_offer_id
