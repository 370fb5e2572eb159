"""One deployment, one shape, one batch: the numbers of `breakeven estimate` and what they mean."""

from dataclasses import replace
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.hosting import Unplaceable, choose_profile, compute_class
from breakeven.hosting.estimate import Question, estimate
from breakeven.hosting.layouts import layout_of, layout_profile, link_of, parse_layout
from breakeven.tables import queries

KEYS = {
    "ttft_s",
    "tpot_s",
    "decode_s",
    "tokens_per_s",
    "prompt_tokens_per_s",
    "usd_per_1k_prompt",
    "usd_per_1k_completion",
    "usd_per_request",
    "weights_bytes",
    "kv_bytes_per_token",
    "kv_bytes_per_sequence",
    "max_batch",
    "fits",
    "bound_prefill",
    "bound_decode",
    "ttft_range_s",
    "tpot_range_s",
}
"""Keys that the design promises to scripts."""

PARAMS = 2 * 32_000 * 8192 + 80 * (2 * 8192**2 + 2 * 8192 * 1024 + 3 * 8192 * 28_672)
"""Llama-2-70B: embeddings, and in each layer attention and feed-forward; 68.98e9 without the norms."""
LOOKED_UP = 32_000 * 8192
"""Its input embedding, which is neither multiplied nor read whole."""


@pytest.fixture(scope="module")
def ask(connection):
    """Build a question from ids: the 2023 article's deployment unless told otherwise."""
    models, gpus = queries.models(connection), queries.gpus(connection)
    precisions, rows = queries.precisions(connection), queries.efficiencies(connection)

    def question(*, model="llama-2-70b", gpu="a100-80-sxm", precision="fp16", engine="auto", **more):
        values = {
            "n_gpus": 2,
            "kv_precision": "fp16",
            "mode": "static",
            "batch": 8,
            "prompt_tokens": 512,
            "completion_tokens": 512,
            "usd_per_hour": 4.42,
        } | more
        rate = compute_class(gpus[gpu], precisions[precision])
        profile = choose_profile(
            rows, engine=engine, gpu=gpus[gpu], rate=rate, mode=values["mode"], n_gpus=values["n_gpus"]
        )
        return Question(
            model=models[model],
            gpu=gpus[gpu],
            precision=precisions[precision],
            rate=rate,
            profile=profile,
            **values,
        )

    return question


@pytest.fixture(scope="module")
def measured(connection):
    """The 28 rows of the 2023 article's appendix."""
    rows = connection.cursor().execute(
        "SELECT * FROM benchmarks WHERE benchmark_id LIKE 'sanger-%' ORDER BY benchmark_id"
    )
    names = [column[0] for column in rows.description]
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def test_every_promised_key_is_there(ask):
    for mode in ("static", "continuous", "disaggregated"):
        assert set(estimate(ask(mode=mode))) >= KEYS


@pytest.mark.parametrize(("batch", "prompt", "completion"), [(1, 512, 512), (8, 512, 512), (16, 2048, 100)])
def test_static_mode_prices_the_batch_as_the_design_says(ask, batch, prompt, completion):
    result = estimate(ask(batch=batch, prompt_tokens=prompt, completion_tokens=completion))
    usd_per_s = 4.42 / 3600
    assert result["decode_s"] == pytest.approx(completion * result["tpot_s"])
    assert result["tokens_per_s"] == pytest.approx(batch / result["tpot_s"])
    assert result["prompt_tokens_per_s"] == pytest.approx(batch * prompt / result["ttft_s"])
    assert result["usd_per_1k_prompt"] == pytest.approx(
        1000 * usd_per_s * result["ttft_s"] / (batch * prompt)
    )
    assert result["usd_per_1k_completion"] == pytest.approx(
        1000 * usd_per_s * result["decode_s"] / (batch * completion)
    )
    assert result["usd_per_request"] == pytest.approx(
        usd_per_s * (result["ttft_s"] + result["decode_s"]) / batch
    )


def test_a_cache_of_one_byte_is_half_of_one_of_two(ask):
    wide, *narrow = (estimate(ask(kv_precision=name)) for name in ("fp16", "fp8", "int8"))
    assert [one["kv_bytes_per_token"] for one in narrow] == [wide["kv_bytes_per_token"] / 2] * 2


def test_llama_2_70b_has_its_published_memory(ask):
    # 68.98e9 parameters of 2 B; Sanger 2023: 320 KiB of cache per token.
    result = estimate(ask())
    assert result["weights_bytes"] == 2 * PARAMS
    assert result["kv_bytes_per_token"] == 327_680
    assert result["kv_bytes_per_sequence"] == 1024 * 327_680
    # floor((2·80e9·0.9 - 137.95e9) / (1024·327,680)) = floor(18.02)
    assert result["max_batch"] == 18


@pytest.mark.parametrize(("batch", "fits"), [(18, True), (19, False)])
def test_what_does_not_fit_is_timed_all_the_same(ask, batch, fits):
    result = estimate(ask(batch=batch))
    assert result["fits"] is fits
    assert result["ttft_s"] > 0
    assert result["usd_per_request"] > 0


def test_a_model_larger_than_the_memory_is_timed_with_no_room_for_a_sequence(ask):
    result = estimate(ask(n_gpus=1, batch=1))
    assert (result["fits"], result["max_batch"]) == (False, 0)
    assert result["tpot_s"] > 0


def test_the_physical_limit_of_one_sequence_is_its_bytes_over_the_bandwidth(ask):
    # One sequence, 2×A100: 2·2039e9 B/s (datasheet), 2·312e12 FLOP/s, nothing else.
    # Decode reads all weights but the embedding, and 768 tokens of cache on average.
    result = estimate(ask(ideal=True, batch=1))
    read = 2 * (PARAMS - LOOKED_UP) + 768 * 327_680
    bandwidth = 2 * queries_bandwidth(ask)
    assert result["tpot_s"] == pytest.approx(read / bandwidth, rel=1e-9)
    # Prefill: 2 FLOP for each weight and token, attention 2·L·H·d_h·N² of causal pairs (N·(N+1)/2 of them).
    linear = 512 * 2 * (PARAMS - LOOKED_UP)
    attention = 4 * 80 * 64 * 128 * 512 * 513 / 2
    assert result["ttft_s"] == pytest.approx((linear + attention) / (2 * 312e12), rel=2e-3)
    assert (result["bound_prefill"], result["bound_decode"]) == ("compute", "bandwidth")


def queries_bandwidth(ask) -> float:
    """Bandwidth of the A100 as the table has it. [B/s]"""
    return ask().gpu.mem_bw_gb_s * 1e9


def test_the_physical_limit_has_no_range_no_profile_and_is_never_slower(ask):
    limit, real = estimate(ask(ideal=True)), estimate(ask())
    assert limit["ttft_range_s"] == [limit["ttft_s"]] * 2
    assert limit["tpot_range_s"] == [limit["tpot_s"]] * 2
    assert limit["efficiency"] is None
    assert limit["ttft_s"] < real["ttft_s"]
    assert limit["tpot_s"] < real["tpot_s"]


def test_the_range_is_the_residuals_of_the_profile(ask):
    question = ask()
    row, result = question.profile.efficiency, estimate(question)
    low, high = result["ttft_range_s"]
    assert (low, high) == pytest.approx(
        (result["ttft_s"] * row.ttft_factor_low, result["ttft_s"] * row.ttft_factor_high)
    )
    assert result["tpot_range_s"][0] <= result["tpot_s"] <= result["tpot_range_s"][1]


def test_shares_typed_by_hand_give_the_articles_limits(ask):
    # Sanger 2023: 1.3 of 2.039 TB/s each, one sequence without cache: 18.57 tokens/s, $0.0661 per 1K.
    # A context of 2 tokens and no link leave 0.1 % for the cache; weights 137.4e9 for the article's 140e9 B.
    bandwidth = queries_bandwidth(ask)
    result = estimate(ask(ideal=True, mbu=1.3e12 / bandwidth, batch=1, prompt_tokens=1, completion_tokens=1))
    assert result["tokens_per_s"] == pytest.approx(18.57, rel=0.02)
    assert result["usd_per_1k_completion"] == pytest.approx(0.0661, rel=0.02)
    assert result["tpot_range_s"] == [result["tpot_s"]] * 2


def test_an_overhead_replaces_every_fixed_time(ask):
    none, some = estimate(ask(overhead_s=0.0)), estimate(ask(overhead_s=0.01))
    assert some["ttft_s"] == pytest.approx(none["ttft_s"] + 0.01)
    assert some["tpot_s"] == pytest.approx(none["tpot_s"] + 0.01)


def test_without_a_rent_there_are_no_dollars(ask):
    result = estimate(ask(usd_per_hour=None))
    assert result["usd_per_1k_prompt"] is None
    assert result["usd_per_1k_completion"] is None
    assert result["usd_per_request"] is None
    assert result["ttft_s"] > 0


def test_continuous_mode_prices_one_request_of_a_full_replica(ask):
    # 1/g = tokens_per_s / C; g = prefill + C step / B. TTFT at load holds a share of seven prompts before.
    question = ask(mode="continuous", batch=8)
    result, row = estimate(question), question.profile.efficiency
    prefill_s = 512 / result["prompt_tokens_per_s"]
    request_s = 512 / result["tokens_per_s"]
    step_s = (request_s - prefill_s) * 8 / 512
    steps = row.first_token_steps + row.busy_steps * 7 / 8
    before_s = row.busy_fixed_s * 7 / 8 + row.queue_share * 7 * prefill_s
    assert result["ttft_s"] == pytest.approx(prefill_s + steps * step_s + row.ttft_fixed_s + before_s)
    assert result["wait_s"] == pytest.approx(result["ttft_s"] - result["ttft_alone_s"])
    assert 0 < result["ttft_alone_s"] < result["ttft_s"]
    assert result["tpot_s"] == pytest.approx(step_s + 7 * prefill_s / 512, rel=0.1)
    assert result["usd_per_request"] == pytest.approx(4.42 / 3600 * request_s)


def test_alone_and_at_load_are_one_where_one_request_runs(ask):
    result = estimate(ask(mode="continuous", batch=1))
    assert result["ttft_s"] == pytest.approx(result["ttft_alone_s"])
    assert result["wait_s"] == pytest.approx(0)


def test_nothing_is_timed_beyond_the_sequences_that_fit(ask):
    most = estimate(ask(mode="continuous"))["max_batch"]
    full, double = (estimate(ask(mode="continuous", batch=batch)) for batch in (most, 2 * most))
    assert double["tpot_s"] == pytest.approx(full["tpot_s"])
    assert double["tokens_per_s"] == pytest.approx(full["tokens_per_s"])
    # Twice the clients of the places: each waits as long as another keeps a place, B g.
    turn_s = most * 512 / full["tokens_per_s"]
    assert double["ttft_s"] == pytest.approx(full["ttft_s"] + turn_s)
    assert not double["fits"]


def test_what_a_reader_should_know_is_noted(ask):
    long = estimate(ask(prompt_tokens=4096))["notes"]
    assert any("at most 4,096 tokens" in note for note in long)
    stored = estimate(ask(precision="int4", mode="continuous"))["notes"]
    assert not any("has no fp16 rate" in note for note in stored)
    extrapolated = estimate(ask(gpu="h100-sxm"))["notes"]
    assert any(note.startswith("Not certain: no measured run") for note in extrapolated)
    assert estimate(ask(ideal=True))["notes"] == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch": 0}, "batch must be a whole number"),
        ({"batch": 1.5}, "batch must be a whole number"),
        ({"prompt_tokens": 0}, "prompt must be"),
        ({"cached_tokens": 512}, "cached_tokens must be less than prompt_tokens"),
        ({"usable": 0}, "usable must be above 0"),
        ({"usable": 1.01}, "usable must be above 0 and at most 1"),
        ({"mfu": 0.0}, "mfu must be"),
        ({"mbu": float("nan")}, "mbu must be"),
        ({"overhead_s": -1.0}, "overhead must be"),
        ({"usd_per_hour": float("inf")}, "usd_per_hour must be"),
    ],
)
def test_values_that_no_formula_is_valid_for_are_named(ask, changes, words):
    with pytest.raises(ValueError, match=words):
        estimate(ask(**changes))


def test_a_model_without_a_known_cache_is_refused(ask):
    with pytest.raises(Unplaceable, match="No formula for the KV cache"):
        estimate(replace(ask(), model=replace(ask().model, kv_derived=False)))


def test_the_28_measured_rows_come_out_within_the_promised_error(ask, measured):
    # Cursor 2023, appendix: 28 static batches on 2×A100; formulas.md promises ≤ 10 % median, ≤ 40 % worst.
    errors = []
    for row in measured:
        result = estimate(
            ask(
                batch=int(row["batch_size"]),
                prompt_tokens=int(row["prompt_tokens"]),
                completion_tokens=int(row["completion_tokens"]),
            )
        )
        assert result["efficiency"] == "tgi-2023-a100-fp16-static"
        errors.append(
            (abs(result["ttft_s"] / row["ttft_s"] - 1), abs(result["decode_s"] / row["completion_s"] - 1))
        )
    assert len(errors) == 28
    for one in zip(*errors, strict=True):
        assert median(one) <= 0.10
        assert max(one) <= 0.40


def test_a_mixture_of_experts_reads_fewer_bytes_than_it_stores(ask):
    result = estimate(
        ask(
            model="mixtral-8x7b",
            mode="continuous",
            ideal=True,
            batch=1,
            prompt_tokens=16,
            completion_tokens=16,
        )
    )
    # One token touches 2 of 8 experts: 12.9e9 of 46.7e9 parameters.
    assert result["tpot_s"] < 0.5 * result["weights_bytes"] / (2 * queries_bandwidth(ask))


@settings(max_examples=40, deadline=None, database=None)
@given(
    mode=st.sampled_from(["static", "continuous", "disaggregated"]),
    batch=st.integers(1, 512),
    prompt=st.integers(1, 8192),
    completion=st.integers(1, 8192),
)
def test_twice_the_rent_is_twice_the_dollars_and_no_other_number_changes(
    ask, mode, batch, prompt, completion
):
    question = ask(mode=mode, batch=batch, prompt_tokens=prompt, completion_tokens=completion)
    one, two = estimate(question), estimate(replace(question, usd_per_hour=8.84))
    for key in KEYS:
        if key.startswith("usd"):
            assert two[key] == pytest.approx(2 * one[key])
        else:
            assert two[key] == one[key]


@pytest.fixture(scope="module")
def laid(connection, ask):
    """The same of a layout, with the rows that it starts from."""
    gpus, links = queries.gpus(connection), queries.node_links(connection)
    rows, layouts = queries.efficiencies(connection), queries.layouts(connection)

    def question(text, *, gpu="h200-sxm", precision="fp8", **more):
        layout = parse_layout(text)
        chosen = gpus[gpu]
        rate = compute_class(chosen, queries.precisions(connection)[precision])
        profile = layout_profile(rows, engine="sglang", gpu=chosen, rate=rate, n_gpus=layout.gpus)
        spread = layout_of(layouts, profile.efficiency.engine, link_of(chosen, layout.largest))
        values = {"mode": "continuous"} | more
        plain = ask(model="deepseek-v3", gpu=gpu, precision=precision, n_gpus=8, **values)
        return replace(plain, layout=layout, n_gpus=layout.gpus, profile=profile, spread=spread, links=links)

    return question


def test_a_layout_of_one_rank_is_what_tensor_parallelism_is_without_one(laid):
    shape = {"prompt_tokens": 1024, "completion_tokens": 256, "batch": 16}
    one = laid("TP8", **shape)
    named, plain = estimate(replace(one, spread=None)), estimate(replace(one, layout=None, spread=None))
    assert named == plain
    assert named["layout"] == "TP8"
    assert named["gpus"] == 8


def test_ranks_share_the_clients_and_multiply_the_tokens(laid):
    shape = {"prompt_tokens": 1024, "completion_tokens": 256}
    eight = estimate(laid("DP8", batch=64, usd_per_hour=32.0, **shape))
    more = estimate(laid("DP8", batch=128, usd_per_hour=32.0, **shape))
    assert eight["max_batch"] % 8 == 0
    # Twice the clients: twice as many sequences on each rank, fewer than twice the tokens.
    assert eight["tokens_per_s"] < more["tokens_per_s"] < 2 * eight["tokens_per_s"]
    # Dollars of a request are those of the whole worker over what all its ranks answer.
    completion = eight["usd_per_1k_completion"] * 256 / 1000
    prompt = eight["usd_per_1k_prompt"] * 1024 / 1000
    assert eight["usd_per_request"] == pytest.approx(completion + prompt)
    assert eight["usd_per_request"] * eight["tokens_per_s"] / 256 == pytest.approx(32 / 3600)


def test_fewer_clients_than_ranks_leave_some_without_a_sequence(laid):
    shape = {"prompt_tokens": 1024, "completion_tokens": 256}
    one, eight = (estimate(laid("DP8", batch=n, usd_per_hour=32.0, **shape)) for n in (1, 8))
    assert one["tpot_s"] == eight["tpot_s"]
    # The idle ranks are paid for: one request costs what eight do.
    assert one["usd_per_request"] == pytest.approx(8 * eight["usd_per_request"])
    assert eight["tokens_per_s"] == pytest.approx(8 * one["tokens_per_s"])


def test_pools_are_timed_together_and_paid_together(laid):
    shape = {"prompt_tokens": 4096, "completion_tokens": 1024, "batch": 512, "usd_per_hour": 160.0}
    found = estimate(laid("2xDP8+3xDP8", mode="disaggregated", **shape))
    assert (found["layout"], found["gpus"]) == ("2xDP8+3xDP8", 40)
    assert found["tokens_per_s"] == pytest.approx(found["requests_per_s"] * 1024)
    assert found["usd_per_request"] == pytest.approx(160 / 3600 / found["requests_per_s"])
    prompt, completion = found["usd_per_1k_prompt"] * 4.096, found["usd_per_1k_completion"] * 1.024
    assert prompt + completion == pytest.approx(found["usd_per_request"])
    assert prompt / completion == pytest.approx(2 / 3)
    assert 0 < found["prefill_busy"] <= 1
    assert found["ttft_alone_s"] < found["ttft_s"]
    low, high = found["tpot_range_s"]
    assert low < found["tpot_s"] < high


def test_a_pool_that_only_reads_more_takes_the_waiting_away(laid):
    shape = {"prompt_tokens": 8192, "completion_tokens": 128, "batch": 256, "mode": "disaggregated"}
    few, many = (estimate(laid(f"{n}xDP8+1xDP8", **shape)) for n in (1, 6))
    assert few["prefill_busy"] == pytest.approx(1)
    assert many["requests_per_s"] > 1.5 * few["requests_per_s"]
    assert many["ttft_s"] < few["ttft_s"]


def test_a_worker_that_leaves_its_node_is_said_to_count_on_a_network(laid):
    shape = {"prompt_tokens": 1024, "completion_tokens": 256, "batch": 64}
    wide = estimate(laid("DP32", **shape))["notes"]
    assert any("A worker of 32 GPUs is more than the 8" in note for note in wide)
    assert not any("A worker of" in note for note in estimate(laid("DP8", **shape))["notes"])
    with pytest.raises(Unplaceable, match="nothing on record joins more than 72"):
        estimate(laid("DP80", **shape))
