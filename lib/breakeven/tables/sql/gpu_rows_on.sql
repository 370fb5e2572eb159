-- Rental offers in force on one day, those of unknown devices too: of each provider, listed device and kind
-- of price the ones that were read last, at most $max_age_days before the day.
-- Parameters: $day DATE, $max_age_days INTEGER
-- Returns: the columns of gpu_prices with the name of the device
SELECT gpu_prices.*, gpus.name AS gpu_name
FROM gpu_prices
LEFT JOIN gpus USING (gpu_id)
WHERE valid_from <= $day AND valid_from > $day - $max_age_days
QUALIFY rank() OVER (
    PARTITION BY provider, coalesce(gpu_id, gpu_as_listed), price_type ORDER BY valid_from DESC
) = 1
ORDER BY gpus.launch_year DESC NULLS LAST, gpu_name, price_type, usd_per_gpu_hour, gpu_offer_id
