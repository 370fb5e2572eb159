"""The measurement itself, on the processor: real arithmetic at a tiny shape."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from breakeven import cli
from breakeven.measure.backend import NumpyBackend, Unmeasurable
from breakeven.measure.network import Dimensions, Network, dimensions_of
from breakeven.measure.report import as_csv, as_text, find_gpu
from breakeven.measure.sweep import Plan, measure
from breakeven.tables import queries
from tests.builders import refusal_of

TINY = Dimensions(n_layers=4, hidden=64, ffn_dim=128, n_heads=4, n_kv_heads=2, head_dim=16, vocab=256)
SIZES = Plan(batches=(1, 2), tokens=(8, 16), matrix=64, copied_bytes=1e6, prefill_tokens=24)


@pytest.fixture(scope="module")
def backend() -> NumpyBackend:
    return NumpyBackend()


@pytest.fixture(scope="module")
def measured(backend):
    return measure(backend, TINY, plan=SIZES, n_layers=2)


def test_weights_of_llama_2_70b_count_as_published(connection):
    # Touvron et al. 2023: 68.98e9 parameters; the input embedding is as large as the output layer.
    shape = dimensions_of(queries.models(connection)["llama-2-70b"])
    total = shape.n_layers * shape.layer_weights + 2 * shape.head_weights
    assert total == pytest.approx(68.98e9, rel=1e-3)


def test_prefill_then_one_step_equals_a_longer_prefill(backend):
    """The cache of a prefix and one new token give what reading all tokens at once gives."""
    network = Network(backend, TINY, 1, "fp32")
    x = backend.activation(5, TINY.hidden)
    whole = network._run(x, 1, caches=None)[-1]
    heads = [TINY.n_heads, TINY.n_kv_heads, TINY.n_kv_heads]
    qkv = backend.linear(backend.norm(x), network._layers[0][0])
    _, keys, values = backend.split(qkv, heads, 1, TINY.head_dim)
    caches = [(keys.copy(), values.copy())]
    for cache in caches[0]:
        cache[:, :, -1] = 0  # the step writes it
    step = network._run(x[-1:], 1, caches=caches)[-1]
    np.testing.assert_allclose(step, whole, rtol=1e-5, atol=1e-6)


def test_every_size_that_fits_has_a_time_and_the_others_are_named(measured):
    sizes = {(row.concurrency, row.prompt_tokens): row for row in measured.rows}
    assert set(sizes) == {(1, 8), (2, 8), (1, 16), (2, 16)}
    assert all(row.tpot_s > 0 for row in sizes.values())
    # 2 x 16 = 32 tokens are more than the 24 that one prefill may hold.
    assert sizes[2, 16].ttft_s is None
    assert measured.left_out == ("prefill of 2 × 16 tokens: more than one step holds",)
    assert sizes[1, 16].ttft_s > 0


def test_half_the_layers_are_scaled_to_all_of_them():
    """A clock that counts calls: 2 of 4 layers run, so the layers count twice and the output layer once."""

    class Counting(NumpyBackend):
        def seconds(self, call, launch):  # noqa: ARG002
            self.calls = 0
            call()
            return float(self.calls)

        def linear(self, x, weight):
            self.calls += 1
            return super().linear(x, weight)

    # 4 products a layer: 2 layers x 4 x (4/2) + 1.
    assert Network(Counting(), TINY, 2, "fp32").decode_s(1, 8, "eager") == 17


def test_rows_say_how_they_were_taken(measured):
    rows = list(csv.DictReader(io.StringIO(as_csv(measured, "tiny"))))
    assert len(rows) == 4
    assert {row["notes"] for row in rows} == {
        "2 of 4 layers run, random weights; times of the layers scaled by 4/2"
    }
    assert {row["mode"] for row in rows} == {"static"}
    assert [row["ttft_s"] for row in rows if row["concurrency"] == "2" and row["prompt_tokens"] == "16"] == [
        ""
    ]


def test_summary_stands_beside_the_makers_figures(measured, connection):
    h200 = queries.gpus(connection)["h200-sxm"]
    # 4.8 TB/s and 989 TFLOP/s dense (NVIDIA H200 datasheet); half of each.
    half = replace(
        measured,
        memory_bytes_per_s=2.4e12,
        rates=(replace(measured.rates[0], precision="bf16", flop_per_s=494.5e12),),
    )
    text = as_text(half, h200)
    assert "2,400 GB/s, 50 % of the maker's 4,800" in text
    assert "494 TFLOP/s, 50 % of the maker's 989" in text
    assert "no specification stands beside it" in as_text(half, None)


def test_device_name_finds_its_row(connection):
    gpus = queries.gpus(connection).values()
    # Names and memory as the drivers report them.
    assert find_gpu(gpus, "NVIDIA H200", 150.7e9).gpu_id == "h200-sxm"
    assert find_gpu(gpus, "NVIDIA A100-SXM4-80GB", 85.1e9).gpu_id == "a100-80-sxm"
    assert find_gpu(gpus, "NVIDIA A100-SXM4-40GB", 42.4e9).gpu_id == "a100-40-sxm"
    assert find_gpu(gpus, "NVIDIA H100 PCIe", 85.0e9).gpu_id == "h100-pcie"
    assert find_gpu(gpus, "processor (NumPy)", 2e9) is None


@pytest.mark.parametrize(
    ("model_id", "reason"),
    [("deepseek-v3", "is a mixture of experts"), ("gemma-2-9b", "has sliding windows")],
)
def test_other_shapes_are_refused_with_their_reason(connection, model_id, reason):
    models = queries.models(connection)
    with pytest.raises(Unmeasurable, match=reason):
        dimensions_of(models[model_id])


def test_too_little_memory_is_said():
    with pytest.raises(Unmeasurable, match="not one layer fits"):
        measure(NumpyBackend(memory_bytes=1e4), TINY, plan=SIZES)


def test_missing_precision_is_said(backend):
    with pytest.raises(Unmeasurable, match="does not compute in fp8 here; it has fp32"):
        measure(backend, TINY, plan=SIZES, precisions=["fp8"])


@pytest.mark.usefixtures("built")
def test_command_writes_rows_and_json(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("breakeven.measure.network.dimensions_of", lambda _: TINY)
    monkeypatch.setattr("breakeven.measure.sweep.QUICK", SIZES)
    path = tmp_path / "rows.csv"
    status = cli.main(["measure", "--backend", "numpy", "--quick", "--json", "--out", str(path)])
    result = json.loads(capsys.readouterr().out)
    assert status == 0
    assert result["layers_run"] == result["layers_of_model"] == 4
    assert len(result["rows"]) == len(path.read_text().splitlines()) - 1


@pytest.mark.usefixtures("built")
def test_command_refuses_bad_input_with_a_sentence(capsys):
    assert "the nearest are llama-3.1-8b" in refusal_of(
        capsys, "measure", "--model", "lama-3.1-8b", "--backend", "numpy"
    )
    assert "--layers must be at least 1" in refusal_of(capsys, "measure", "--layers", "0")


def test_pytorch_gives_what_numpy_gives():
    """Where PyTorch is installed: the same weights and activations give the same result."""
    torch = pytest.importorskip("torch")
    from breakeven.measure.backend import TorchBackend

    one, other = NumpyBackend(), TorchBackend("cpu")
    x = one.activation(6, 96)
    heads = [2, 1, 1]
    query, key, value = one.split(x, heads, 2, 24)
    expected = one.merge(one.attend(query, key, value, causal=True))
    parts = other.split(torch.from_numpy(x), heads, 2, 24)
    got = other.merge(other.attend(*parts, causal=True))
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(other.norm(torch.from_numpy(x)).numpy(), one.norm(x), rtol=1e-4)
    np.testing.assert_allclose(other.gate(torch.from_numpy(x)).numpy(), one.gate(x), rtol=1e-4, atol=1e-6)
