-- Rental offers in force on one day, those of unknown devices too: of each provider, listed device and kind
-- of price the ones that were read last, at most $max_age_days before the day. An offer ends on the day of the
-- next complete listing of the same provider and kind of price: either that listing holds it again, as a row
-- of its own, or it is gone.
-- Parameters: $day DATE, $max_age_days INTEGER, $near DOUBLE: how far apart two readings of one price may be
-- Returns: the columns of gpu_prices with the name of the device, the age in days, and the day of another
-- reading of about the same price, if there is one
WITH listed AS (
    SELECT provider, price_type, max(read_on) AS read_on
    FROM gpu_listings
    WHERE complete AND read_on <= $day
    GROUP BY provider, price_type
),
in_force AS (
    SELECT gpu_prices.*
    FROM gpu_prices
    LEFT JOIN listed USING (provider, price_type)
    WHERE valid_from <= $day
      AND valid_from > $day - $max_age_days
      AND valid_from >= coalesce(listed.read_on, valid_from)
    QUALIFY rank() OVER (
        PARTITION BY provider, coalesce(gpu_id, gpu_as_listed), price_type ORDER BY valid_from DESC
    ) = 1
),
confirmed AS (
    SELECT one.gpu_offer_id, max(other.valid_from) AS confirmed_on
    FROM in_force AS one
    JOIN gpu_prices AS other USING (provider, gpu_id, price_type)
    WHERE (other.valid_from <> one.valid_from OR other.source_id <> one.source_id)
      AND other.valid_from <= $day
      AND other.valid_from > $day - $max_age_days
      AND other.usd_per_gpu_hour BETWEEN one.usd_per_gpu_hour / (1 + $near)
          AND one.usd_per_gpu_hour * (1 + $near)
    GROUP BY one.gpu_offer_id
)
SELECT
    in_force.*,
    gpus.name AS gpu_name,
    date_diff('day', in_force.valid_from, $day) AS age_days,
    confirmed.confirmed_on
FROM in_force
LEFT JOIN gpus USING (gpu_id)
LEFT JOIN confirmed USING (gpu_offer_id)
ORDER BY gpus.launch_year DESC NULLS LAST, gpu_name, price_type, usd_per_gpu_hour, gpu_offer_id
