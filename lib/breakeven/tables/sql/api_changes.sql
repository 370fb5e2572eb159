-- Standard prices on two days, of the offers where they differ.
-- Parameters: $since DATE, $day DATE
-- Returns: api_offer_id, provider, name, reseller, prices before and after [USD/Mtok], the first day of the
-- newer price and how it is known, the day on which a gone price ended, source_id, locator, as_of; one row
-- per offer
WITH after_state AS (
    SELECT *
    FROM api_prices
    WHERE valid_from <= $day AND tier_above_tokens = 0 AND processing = 'standard'
    QUALIFY rank() OVER (PARTITION BY api_offer_id ORDER BY valid_from DESC) = 1
        AND (valid_to IS NULL OR $day < valid_to)
),
before_state AS (
    SELECT *
    FROM api_prices
    WHERE valid_from <= $since AND tier_above_tokens = 0 AND processing = 'standard'
    QUALIFY rank() OVER (PARTITION BY api_offer_id ORDER BY valid_from DESC) = 1
        AND (valid_to IS NULL OR $since < valid_to)
),
ended AS (
    SELECT api_offer_id, max(valid_to) AS ended_on
    FROM api_prices
    WHERE valid_to > $since AND valid_to <= $day AND processing = 'standard'
    GROUP BY api_offer_id
)
SELECT
    coalesce(a.api_offer_id, b.api_offer_id) AS api_offer_id,
    coalesce(a.provider, b.provider) AS provider,
    coalesce(a.name, b.name) AS name,
    coalesce(a.reseller, b.reseller) AS reseller,
    b.input_usd_per_mtok AS input_before,
    b.output_usd_per_mtok AS output_before,
    a.input_usd_per_mtok AS input_after,
    a.output_usd_per_mtok AS output_after,
    coalesce(a.valid_from, ended.ended_on) AS changed_on,
    a.valid_from_kind,
    coalesce(a.source_id, b.source_id) AS source_id,
    coalesce(a.locator, b.locator) AS locator,
    coalesce(a.as_of, b.as_of) AS as_of
FROM after_state AS a
FULL JOIN before_state AS b ON a.api_offer_id = b.api_offer_id
LEFT JOIN ended ON ended.api_offer_id = b.api_offer_id AND a.api_offer_id IS NULL
WHERE a.input_usd_per_mtok IS DISTINCT FROM b.input_usd_per_mtok
   OR a.output_usd_per_mtok IS DISTINCT FROM b.output_usd_per_mtok
ORDER BY api_offer_id
