-- Rental offers in force on one day that can be ranked: the statement gpu_rows_on without unknown devices and
-- without functions billed by the second, of which no machine is kept.
-- Parameters: those of gpu_rows_on, whose text stands for {gpu_rows_on}
-- Returns: the columns of gpu_prices, the age in days, and the day of another reading of about the same price
SELECT * EXCLUDE (gpu_name)
FROM (
{gpu_rows_on}
)
WHERE gpu_id IS NOT NULL AND price_type <> 'serverless'
ORDER BY gpu_id, price_type, usd_per_gpu_hour, gpu_offer_id
