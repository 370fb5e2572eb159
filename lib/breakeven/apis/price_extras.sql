-- What groups of requests cost beside tokens of text. Begins with price_offers.sql.
-- Parameters: its own; a group has besides meter VARCHAR, amount BIGINT (tokens or searches)
-- {column}: the price that is billed for it, breakeven.tables.queries.BILLED_AS
-- Returns: api_offer_id, key, meter, USD, amount without a price of its own; one row per offer, key and meter
, priced AS (
    SELECT
        p.api_offer_id, p.key, p.meter, p.amount,
        CASE p.meter
            WHEN 'audio_input' THEN p.audio_input_usd_per_mtok
            WHEN 'audio_cache_read' THEN p.audio_cache_read_usd_per_mtok
            WHEN 'audio_output' THEN p.audio_output_usd_per_mtok
            WHEN 'image_input' THEN p.image_input_usd_per_mtok
            WHEN 'image_cache_read' THEN p.image_cache_read_usd_per_mtok
            WHEN 'image_output' THEN p.image_output_usd_per_mtok
            WHEN 'web_search' THEN p.web_search_usd_per_1000
        END AS own_price,
        CASE p.meter
            WHEN 'audio_input' THEN {audio_input_usd_per_mtok}
            WHEN 'audio_cache_read' THEN {audio_cache_read_usd_per_mtok}
            WHEN 'audio_output' THEN {audio_output_usd_per_mtok}
            WHEN 'image_input' THEN {image_input_usd_per_mtok}
            WHEN 'image_cache_read' THEN {image_cache_read_usd_per_mtok}
            WHEN 'image_output' THEN {image_output_usd_per_mtok}
        END AS token_price,
        p.factor
    FROM billed AS p
    WHERE p.served
)
SELECT
    api_offer_id, key, meter,
    SUM(CASE
        WHEN factor = 0 THEN 0
        -- a thousand searches; what is multiplied for a region are tokens
        WHEN meter = 'web_search' THEN CAST(amount AS DECIMAL(20, 0)) * COALESCE(own_price, 0) * 1000
        ELSE CAST(amount AS DECIMAL(20, 0)) * CAST(COALESCE(token_price, 0) * factor AS DECIMAL(18, 9))
    END) AS microusd,
    SUM(CASE WHEN own_price IS NULL THEN amount ELSE 0 END) AS without_price
FROM priced
GROUP BY api_offer_id, key, meter
