-- Prices of tuning through an API in force on one day, the newest of each provider and model.
-- Parameters: $day DATE
-- Returns: the columns of tuning_prices
SELECT *
FROM tuning_prices
WHERE valid_from <= $day
  AND (valid_to IS NULL OR $day < valid_to)
QUALIFY rank() OVER (PARTITION BY provider, api_model ORDER BY valid_from DESC) = 1
ORDER BY provider, usd_per_mtok, api_model
