"""Requests replayed a second on one core, the time of a million, and the memory of ten million.

Traces are generated here; a real one, such as the Azure LLM inference traces, is named by its path:
``uv run python -m tests.benchmarks.bench_replay [FILE …]``. Compiling is timed apart from replaying.
Budgets (design): 150,000 requests a second, a million in 8 s, a search in 2 s, ten million in 1 GB.
"""

from __future__ import annotations

import csv
import resource
import sys
import time
from datetime import datetime
from pathlib import Path

import numpy as np

from breakeven.formulas.parts import Engine, ModelShape, Replica
from breakeven.replay.run import percentile, replay
from breakeven.replay.search import Policy, Target, cheapest_autoscaled, fewest_replicas, warm_up
from breakeven.replay.server import Requests, Server, server_of

LLAMA_70B = ModelShape(
    n_layers=80,
    hidden=8192,
    linear_params=69.5e9,
    weights_bytes=70.6e9,
    shared_bytes=69.5e9,
    routed_bytes=0.0,
    expert_share=0.0,
    n_heads=64,
    kv_heads=8,
    prefill_qk_dim=128,
    prefill_v_dim=128,
    decode_qk_dim=128,
    decode_v_dim=128,
    full_layers=80,
    sliding_layers=0,
    window_tokens=0,
    full_kv_bytes_per_token=327_680,
    sliding_kv_bytes_per_token=0,
)
TWO_H100 = Replica(
    n_gpus=2,
    memory_bytes=80e9,
    memory_bytes_per_s=3.35e12,
    flop_per_s=1979e12,
    attention_flop_per_s=989e12,
    link_bytes_per_s=450e9,
)
ENGINE = Engine(mfu=0.6, mbu=0.85, kv_mbu=0.65, link_share=0.2, step_overhead_s=4e-3, prefill_overhead_s=1e-2)


def generated(n: int, per_s: float, seed: int = 1) -> Requests:
    """Poisson arrivals with the lengths of a chat: log-normal prompts and completions."""
    rng = np.random.default_rng(seed)

    def tokens(median: float, sigma: float, most: int) -> np.ndarray:
        return np.clip(rng.lognormal(np.log(median), sigma, n), 1, most).astype(np.int32)

    return Requests(
        arrival_s=np.cumsum(rng.exponential(1 / per_s, n)),
        prompt=tokens(800, 1.0, 16_000),
        completion=tokens(150, 0.8, 2_000),
    )


def read(path: Path) -> Requests:
    """Read a trace with the columns of the Azure LLM inference traces."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    arrival = np.array([datetime.fromisoformat(row["TIMESTAMP"][:26]).timestamp() for row in rows])
    turn = np.argsort(arrival, kind="stable")
    return Requests(
        arrival_s=(arrival - arrival.min())[turn],
        prompt=np.array([max(int(row["ContextTokens"]), 1) for row in rows], np.int32)[turn],
        completion=np.array([max(int(row["GeneratedTokens"]), 1) for row in rows], np.int32)[turn],
    )


def measure(name: str, requests: Requests, server: Server, replicas: int, runs: int = 3) -> None:
    """Report the best of some runs."""
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        result = replay(requests, server, replicas=replicas)
        times.append(time.perf_counter() - begin)
    rate = requests.arrival_s.size / min(times)
    print(
        f"{name:<34} {replicas:>3} replicas  {min(times):7.3f} s  {rate:>10,.0f} requests/s"
        f"  ({rate / 150_000:.1f} x budget)  TTFT p95 {percentile(result.ttft_s, 95):.3g} s, "
        f"busy {result.busy:.0%}, {result.preemptions} preempted"
    )


def search(name: str, requests: Requests, server: Server) -> None:
    """Report a whole search, the autoscaled fleet included."""
    target = Target(percent=95, ttft_s=2.0, tpot_s=0.05)
    begin = time.perf_counter()
    found = fewest_replicas(requests, server, target)
    middle = time.perf_counter()
    best = found.best
    if best is not None:
        cheapest_autoscaled(
            requests, server, target, Policy(), below_replica_s=best.replicas * requests.span_s
        )
    end = time.perf_counter()
    print(
        f"{name:<34} search of {len(found.trials)} fleets {middle - begin:.3f} s "
        f"({(middle - begin) / 2:.2f} of the budget), answer {best.replicas if best else found.reason}; "
        f"autoscaled fleets {end - middle:.3f} s"
    )


def main() -> None:
    """Measure and print."""
    server = server_of(LLAMA_70B, TWO_H100, ENGINE, usable=0.9)
    begin = time.perf_counter()
    warm_up(server)
    print(f"first replay, compiling or loading the compiled loop: {time.perf_counter() - begin:.2f} s")
    for path in sys.argv[1:]:
        requests = read(Path(path))
        for replicas in (1, 3, 6):
            measure(Path(path).name, requests, server, replicas)
        search(Path(path).name, requests, server)
    million = generated(1_000_000, 20.0)
    measure("generated, 1M at 20/s", million, server, 8)
    measure("generated, 1M at 20/s, overloaded", million, server, 3)
    search("generated, 1M at 20/s", million, server)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    measure("generated, 10M at 20/s", generated(10_000_000, 20.0), server, 8, runs=1)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"peak memory {after:.2f} GB with ten million requests, generating them included; {before:.2f} before"
    )


if __name__ == "__main__":
    main()
