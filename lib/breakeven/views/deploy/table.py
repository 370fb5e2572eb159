"""The ranking as rows of plain values: US dollars, seconds; for JSON, CSV and the page's table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from breakeven.hosting.program import deployment_as_json
from breakeven.views.deploy.answer import Answer


def rows_of(answer: Answer, indices: Sequence[int]) -> list[dict[str, Any]]:
    """Candidates of the grid in the order given; bills and replicas are those at the scenario's load."""
    grid = answer.grid
    if grid is None or not len(indices):
        return []
    at = np.asarray(indices, dtype=np.intp)
    result, hardware, work = grid.result, grid.hardware, grid.work
    fleet = grid.fleet
    billed = answer.scenario.load.billed * (answer.shape.prompt_tokens + answer.shape.completion_tokens)
    low, high = (
        grid.fleets(at, prefill_s=result.prefill_s[at] * longer, decode_s=result.decode_s[at] * longer).usd
        for longer in (factor[grid.h[at]] for factor in hardware.factors)
    )
    usd = fleet.usd[at]
    columns = zip(
        *(grid.h[at].tolist(), grid.w[at].tolist(), grid.m[at].tolist()),
        *(fleet.replicas[at].tolist(), fleet.prefill_replicas[at].tolist(), usd.tolist()),
        *((x / billed * 1e6).tolist() for x in (usd, low, high)),
        *(low.tolist(), high.tolist(), fleet.hours[at].tolist(), fleet.busy[at].tolist()),
        *(
            x[at].tolist()
            for x in (result.batch, result.most_sequences, result.ttft_s, result.ttft_alone_s, result.tpot_s)
        ),
        *(x[at].tolist() for x in (result.prefill_compute_bound, result.decode_compute_bound, result.holds)),
        strict=True,
    )
    rows, ends = [], answer.scenario.load.ends
    for number, values in enumerate(columns, start=1):
        h, w, m, n, pool, bill, per, per_low, per_high, bill_low, bill_high, hours, busy, *times = values
        batch, most, ttft, alone, tpot, pre, dec, holds = times
        candidate = hardware.candidates[h]
        row, plain = candidate.profile.efficiency, deployment_as_json(candidate)
        # Columns of the CSV keep their names and places; a new one comes last.
        caveat, usd_per_hour = plain.pop("caveat"), plain.pop("usd_per_hour")
        price = {key: plain.pop(key) for key in tuple(plain) if key.startswith("gpu_price_")}
        layout = plain.pop("layout")
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
                "usd_per_1m_tokens": per,
                "usd_per_1m_tokens_low": per_low,
                "usd_per_1m_tokens_high": per_high,
                "usd_per_month": None if ends else bill,
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
                "usd_at_load": bill,
                "usd_at_load_low": bill_low,
                "usd_at_load_high": bill_high,
                "hours": hours,
                "busy": busy,
                "ttft_alone_s": alone,
                "ttft_alone_low_s": alone * row.ttft_alone_factor_low,
                "ttft_alone_high_s": alone * row.ttft_alone_factor_high,
                "layout": layout,
            }
        )
    return rows
