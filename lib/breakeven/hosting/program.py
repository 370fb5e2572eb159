"""A deployment as plain values, the same from every command."""

from __future__ import annotations

from typing import Any

from breakeven.hosting.candidates import Candidate


def deployment_as_json(one: Candidate) -> dict[str, Any]:
    """What is rented, at which price, and how far its speed is known; US dollars, hours."""
    return {
        "gpu": one.gpu.gpu_id,
        "gpus": one.n_gpus,
        "layout": str(one.worker),
        "usd_per_gpu_hour": one.price.usd_per_gpu_hour,
        "gpu_offer": one.price.offer.gpu_offer_id,
        "gpu_price_as_of": one.price.offer.valid_from.isoformat(),
        "gpu_price_age_days": one.price.offer.age_days,
        "gpu_price_doubt": one.price.doubt,
        "efficiency": one.profile.efficiency.efficiency_id,
        "measured": one.profile.measured,
        "caveat": one.profile.caveat,
        "usd_per_hour": one.usd_per_hour,
    }
