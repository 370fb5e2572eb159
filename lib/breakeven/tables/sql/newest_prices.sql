SELECT
    (SELECT max(valid_from) FROM api_prices WHERE valid_from <= $day) AS api,
    (SELECT max(valid_from) FROM gpu_prices WHERE valid_from <= $day) AS gpu
