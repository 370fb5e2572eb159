-- What the Prices page says about an API offer in force beside its prices.
-- Parameters: $day DATE
-- Returns: api_offer_id, as_of, notes, batch prices in force [USD/Mtok], the next announced prices and
-- their first day; one row per offer
WITH latest AS (
    SELECT *
    FROM api_prices
    WHERE valid_from <= $day AND tier_above_tokens = 0
    QUALIFY rank() OVER (PARTITION BY api_offer_id, processing ORDER BY valid_from DESC) = 1
),
in_force AS (
    SELECT * FROM latest WHERE valid_to IS NULL OR $day < valid_to
),
announced AS (
    SELECT *
    FROM api_prices
    WHERE valid_from > $day AND as_of < valid_from AND processing = 'standard' AND tier_above_tokens = 0
    QUALIFY rank() OVER (PARTITION BY api_offer_id ORDER BY valid_from) = 1
)
SELECT
    standard.api_offer_id,
    standard.as_of,
    standard.notes,
    batch.input_usd_per_mtok AS batch_input_usd_per_mtok,
    batch.output_usd_per_mtok AS batch_output_usd_per_mtok,
    announced.valid_from AS next_from,
    announced.input_usd_per_mtok AS next_input_usd_per_mtok,
    announced.output_usd_per_mtok AS next_output_usd_per_mtok
FROM in_force AS standard
LEFT JOIN in_force AS batch ON batch.api_offer_id = standard.api_offer_id AND batch.processing = 'batch'
LEFT JOIN announced ON announced.api_offer_id = standard.api_offer_id
WHERE standard.processing = 'standard'
ORDER BY standard.api_offer_id
