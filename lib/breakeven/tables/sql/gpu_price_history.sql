-- Every rental price on record of one device, in order of time.
-- Parameters: $gpu VARCHAR
-- Returns: the columns of gpu_prices, and the day of the next complete listing of the same provider and kind
-- of price, on which the offer ended
SELECT
    gpu_prices.*,
    (
        SELECT min(read_on)
        FROM gpu_listings
        WHERE complete
          AND gpu_listings.provider = gpu_prices.provider
          AND gpu_listings.price_type = gpu_prices.price_type
          AND read_on > valid_from
    ) AS ended_on
FROM gpu_prices
WHERE gpu_id = $gpu
ORDER BY valid_from, price_type, usd_per_gpu_hour, gpu_offer_id
