"""Breakeven from Python: run it as a script, or cell by cell in an editor that knows ``# %%``.

Every answer is what the command of the same name prints with ``--json``.
"""

# %% What did last month cost, and what would it cost elsewhere?
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd

import breakeven

usage = Path(mkdtemp()) / "usage.csv"
usage.write_text(
    "model,requests,input_tokens,output_tokens\n"
    "gpt-4o,1200,2400000,300000\n"
    "gpt-4o-mini,9000,18000000,900000\n",
    encoding="utf-8",
)
bill = breakeven.price(usage, as_of="2026-11-21")
print(f"{bill['tokens']['output']:,} completion tokens, ${bill['list_usd']:.2f} at list price")
print(pd.DataFrame(bill["models"])[["model", "offer", "list_usd"]])
print(pd.DataFrame(bill["offers"])[["offer", "usd"]].head())

# %% Which GPUs serve a model, and at what price?
ranked = breakeven.rank("llama-3.3-70b", prompt=4000, completion=16, ttft=2, tpot=0.05, as_of="2026-11-21")
print(ranked["recommendation"])
print(pd.DataFrame(ranked["deployments"])[["gpu", "gpus", "batch", "ttft_s", "usd_per_1m_tokens"]].head())

# %% One deployment, timed and priced
alone = breakeven.estimate("llama-3.1-8b", "h100-sxm", prompt=1000, completion=200, precision="fp8")
print(f"TTFT {alone['ttft_s']:.3f} s, TPOT {alone['tpot_s']:.4f} s, at most {alone['max_batch']} sequences")

# %% An API against GPUs, as the Compare page has it
question = breakeven.Scenario(as_of=pd.Timestamp("2026-11-21").date(), model="llama-3.3-70b")
print([shape["verdict"] for shape in breakeven.compare(question)["shapes"]])

# %% How many replicas do these arrivals need?
trace = usage.with_name("trace.csv")
times = pd.date_range("2026-11-01 10:00", periods=600, freq="500ms", tz="UTC")
pd.DataFrame({"ts": times, "model": "gpt-4o", "input_tokens": 2000, "output_tokens": 200}).to_csv(
    trace, index=False
)
fleet = breakeven.plan(trace, model="llama-3.1-8b", gpu="h100-sxm", ttft=1, tpot=0.05, as_of="2026-11-21")
print(fleet["replicas"], "replicas; p95 TTFT", fleet["ttft_s"]["p95"])

# %% What does training cost?
run = breakeven.train(params=7e9, tokens=1e12, gpu="h100-sxm", gpus=256, as_of="2026-11-21")
print(f"{run['days']['mid']:.0f} days, ${run['usd']['mid']:,.0f}")

# %% The tables of a day
tables = breakeven.tables_on("2024-05-13")
prices = tables["api_prices"].set_index("api_offer_id")
print(prices.loc["openai/gpt-4o", ["input_usd_per_mtok", "output_usd_per_mtok"]])
