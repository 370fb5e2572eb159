-- Standard prices of the offers whose published score reaches a threshold; flagged prices, free tiers,
-- base models and batch offers left out.
-- Parameters: $benchmark VARCHAR, $least DOUBLE
-- Returns: api_offer_id, provider, model, open (weights are), reseller, name, valid_from, until (first day on which it no longer holds; empty: open),
-- prices [USD/Mtok], score, setting, source_id, locator, as_of of the price; one row per offer and first day
WITH scored AS (
    SELECT s.provider, s.api_model, s.api_model AS model, false AS open, s.score, s.setting
    FROM model_scores AS s
    WHERE s.benchmark = $benchmark AND s.score >= $least AND s.model_id IS NULL
    UNION ALL
    SELECT a.provider, a.api_model, s.model_id AS model, true AS open, s.score, s.setting
    FROM model_scores AS s
    JOIN model_aliases AS a USING (model_id)
    WHERE s.benchmark = $benchmark AND s.score >= $least
      AND NOT regexp_matches(coalesce(a.variant, ''), '\b(base|batch|free)\b')
),
periods AS (
    SELECT
        p.*,
        scored.model,
        scored.open,
        scored.score,
        scored.setting,
        lead(p.valid_from) OVER (PARTITION BY p.api_offer_id ORDER BY p.valid_from) AS next_from
    FROM api_prices AS p
    JOIN scored ON scored.provider = p.provider AND scored.api_model = p.api_model
    WHERE p.processing = 'standard' AND p.tier_above_tokens = 0
)
SELECT
    api_offer_id, provider, model, open, reseller, name, valid_from, least(valid_to, next_from) AS until,
    input_usd_per_mtok, output_usd_per_mtok, score, setting, source_id, locator, as_of, valid_from_kind
FROM periods
WHERE flag IS NULL
  AND input_usd_per_mtok IS NOT NULL AND output_usd_per_mtok IS NOT NULL
ORDER BY api_offer_id, valid_from
