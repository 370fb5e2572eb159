-- Every rental price on record of one device, in order of time.
-- Parameters: $gpu VARCHAR
-- Returns: the columns of gpu_prices
SELECT *
FROM gpu_prices
WHERE gpu_id = $gpu
ORDER BY valid_from, price_type, usd_per_gpu_hour, gpu_offer_id
