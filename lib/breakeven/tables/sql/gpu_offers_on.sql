-- Rental offers in force on one day: of each provider, device and kind of price the ones that
-- were read last, at most $max_age_days before the day.
-- Parameters: $day DATE, $max_age_days INTEGER
-- Returns: the columns of gpu_prices, resolved devices only
SELECT *
FROM gpu_prices
WHERE gpu_id IS NOT NULL
  AND valid_from <= $day
  AND valid_from > $day - $max_age_days
QUALIFY rank() OVER (PARTITION BY provider, gpu_id, price_type ORDER BY valid_from DESC) = 1
ORDER BY gpu_id, price_type, usd_per_gpu_hour, gpu_offer_id
