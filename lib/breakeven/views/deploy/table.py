"""The ranking as rows of plain values: US dollars, seconds; for JSON, CSV and the page's table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from breakeven.formulas.cost import replicas_needed
from breakeven.formulas.mode import Mode
from breakeven.formulas.units import SECONDS_PER_HOUR, SECONDS_PER_MONTH
from breakeven.hosting.program import deployment_as_json
from breakeven.views.deploy.answer import Answer


def rows_of(answer: Answer, indices: Sequence[int]) -> list[dict[str, Any]]:
    """Candidates of the grid in the order given; the replicas are those for the scenario's load."""
    grid = answer.grid
    if grid is None or not len(indices):
        return []
    at = np.asarray(indices, dtype=np.intp)
    result, hardware, work = grid.result, grid.hardware, grid.work
    per_million = 1e6 / (answer.shape.prompt_tokens + answer.shape.completion_tokens)
    pools = np.array([mode == Mode.DISAGGREGATED for mode in grid.modes])[grid.m[at]]

    def replicas(busy_s: Any) -> Any:
        return np.asarray(
            replicas_needed(
                requests_per_s=answer.scenario.load.per_s,
                replica_s_per_request=busy_s,
                utilisation=answer.scenario.utilisation,
            )
        )

    reading = np.where(pools, replicas(result.prefill_s[at]), 0)
    total = np.where(pools, reading + replicas(result.decode_s[at]), replicas(result.replica_s[at]))
    month = total * hardware.usd_per_hour[grid.h[at]] / SECONDS_PER_HOUR * SECONDS_PER_MONTH
    month = month + answer.scenario.overhead_month
    low = result.prompt_usd_low[at] + result.completion_usd_low[at]
    high = result.prompt_usd_high[at] + result.completion_usd_high[at]
    columns = zip(
        *(grid.h[at].tolist(), grid.w[at].tolist(), grid.m[at].tolist()),
        *(total.tolist(), reading.tolist(), month.tolist()),
        *((x * per_million).tolist() for x in (result.usd[at], low, high)),
        *(x[at].tolist() for x in (result.batch, result.most_sequences, result.ttft_s, result.tpot_s)),
        *(x[at].tolist() for x in (result.prefill_compute_bound, result.decode_compute_bound, result.holds)),
        strict=True,
    )
    rows = []
    for number, values in enumerate(columns, start=1):
        h, w, m, n, pool, usd_month, usd, usd_low, usd_high, batch, most, ttft, tpot, pre, dec, holds = values
        candidate = hardware.candidates[h]
        row, plain = candidate.profile.efficiency, deployment_as_json(candidate)
        # Columns of the CSV keep their names and places; a new one comes last.
        caveat, usd_per_hour = plain.pop("caveat"), plain.pop("usd_per_hour")
        price = {key: plain.pop(key) for key in tuple(plain) if key.startswith("gpu_price_")}
        rows.append(
            {
                "rank": number,
                "model": work.models[work.model[w]].model_id,
                "gpu": plain.pop("gpu"),
                "gpus": plain.pop("gpus"),
                "replicas": int(n),
                "prefill_replicas": int(pool),
                "precision": work.precisions[work.precision[w]].precision_id,
                "kv_precision": str(work.kv_precisions[work.kv[w]]),
                "mode": str(grid.modes[m]),
                "usd_per_1m_tokens": usd,
                "usd_per_1m_tokens_low": usd_low,
                "usd_per_1m_tokens_high": usd_high,
                "usd_per_month": usd_month,
                "batch": int(batch),
                "max_batch": int(most),
                "ttft_s": ttft,
                "ttft_low_s": ttft * row.ttft_factor_low,
                "ttft_high_s": ttft * row.ttft_factor_high,
                "tpot_s": tpot,
                "tpot_low_s": tpot * row.tpot_factor_low,
                "tpot_high_s": tpot * row.tpot_factor_high,
                "bound_prefill": "compute" if pre else "bandwidth",
                "bound_decode": "compute" if dec else "bandwidth",
                "holds_targets": bool(holds),
                **plain,
                "not_certain_because": caveat,
                "usd_per_hour": usd_per_hour,
                **price,
            }
        )
    return rows
