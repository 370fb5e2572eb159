"""The Evidence page's numbers and sentences."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from breakeven.calibration.rows import ONLINE
from breakeven.question.pages.evidence import UNSEEN_WORDS, USUAL
from breakeven.tables import queries
from breakeven.views.evidence import answer as evidence
from breakeven.views.evidence import charts as charts_evidence


@pytest.fixture(scope="module")
def found(connection):
    return evidence.gather(
        queries.benchmarks(connection),
        queries.calibration_errors(connection),
        models=queries.models(connection),
        gpus=queries.gpus(connection),
        precisions=queries.precisions(connection),
        notes=queries.benchmark_notes(connection),
    )


def test_the_first_sentence_is_the_published_error(found):
    said = evidence.headline(found)
    frame = evidence.points(found, USUAL)
    online = frame[frame["kind"].str.startswith("online")]
    assert f"{len(found.rows):,} measured rows" in said
    assert f"{evidence.share(float(online['error'].median()))} in TPOT" in said
    assert f"({len(online):,} rows)" in said


def test_a_point_is_its_row_and_predicted_over_measured_its_ratio(found):
    frame = evidence.points(found, USUAL).set_index("row")
    row = frame.loc["b1025"]  # vLLM, H200, 1,024/1,024, 4 clients: 21.466 ms
    assert row["measured"] == pytest.approx(0.021466, rel=1e-3)
    assert row["predicted"] / row["measured"] == pytest.approx(row["ratio"])
    assert (row["shape"], row["clients"], row["gpus"]) == ("1,024/1,024", 4, 1)


@pytest.mark.parametrize("unseen", UNSEEN_WORDS)
@pytest.mark.parametrize("quantity", ["tpot", "ttft", "throughput"])
def test_every_view_has_its_rows_or_none(found, quantity, unseen):
    frame = evidence.points(found, replace(USUAL, quantity=quantity, unseen=unseen))
    if (quantity, unseen) == ("throughput", "concurrency"):
        assert frame.empty  # an offline run has no clients
        return
    assert len(frame) > 300
    assert frame["ratio"].gt(0).all()
    assert frame["error"].is_monotonic_decreasing or quantity  # sorted by the logarithm
    assert len(charts_evidence.scatter(frame, quantity).data) >= 3


def test_filters_keep_what_they_name(found):
    frame = evidence.points(found, replace(USUAL, engine="vllm", gpu="h100", models="dense"))
    assert set(frame["engine"]) == {"vllm"}
    assert set(frame["architecture"]) == {"dense"}
    assert frame["gpu"].str.startswith("H100").all()
    heavy = evidence.points(found, replace(USUAL, work="prompt-heavy"))
    tokens = heavy["shape"].str.replace(",", "").str.split("/", expand=True).astype(float)
    assert (tokens[0] >= 3.9 * tokens[1]).all()


@pytest.mark.parametrize(
    ("prompt", "completion", "kind"),
    [
        (4000, 1000, "prompt-heavy"),
        (3999, 1000, "balanced"),
        (1000, 3999, "balanced"),
        (1000, 4000, "generation-heavy"),
    ],
)
def test_work_is_heavy_from_four_to_one(prompt, completion, kind):
    assert evidence.workload_of(prompt, completion) == kind


def test_groups_add_up_to_the_rows_and_name_best_and_worst(found):
    frame = evidence.points(found, USUAL)
    table = evidence.grouped(frame, "engine")
    assert table["rows"].sum() == len(frame)
    said = evidence.by_finding(table, replace(USUAL, by="engine"))
    assert said.startswith("TPOT is predicted best for ")
    assert len(charts_evidence.error_bars(table, "engine").data[0].x) == len(table)


def test_what_is_far_off_has_a_likely_reason_and_what_is_near_has_none(found):
    frame = evidence.points(found, USUAL)
    near, far = frame[frame["error"] <= 0.2], frame[frame["error"] > 0.2]
    assert (near["reason"] == "").all()
    assert (far["reason"] != "").mean() > 0.9
    reasons = frame.set_index("row")["reason"]
    assert (
        "fewer sequences than there were clients" in reasons["b1087"]
    )  # 512 clients: TTFT 24 s, TPOT 5.6 ms


def test_the_scatter_has_equality_the_band_and_the_same_ticks_on_both_axes(found):
    frame = evidence.points(found, USUAL)
    chart = charts_evidence.scatter(frame, "tpot")
    band, line = chart.data[0], chart.data[1]
    assert np.asarray(line.x) == pytest.approx(np.asarray(line.y))
    assert max(band.y) == pytest.approx(max(line.y) * 1.2)
    assert chart.layout.xaxis.type == chart.layout.yaxis.type == "log"
    assert "[ms]" in chart.layout.xaxis.title.text
    assert sum(len(trace.x) for trace in chart.data[2:]) == len(frame)


def test_sources_and_left_out_rows_add_up_to_the_table(found):
    table = evidence.sources_table(found)
    assert table["rows"].sum() == len(found.benchmarks)
    assert table["compared"].sum() == len(found.rows)
    assert evidence.left_table(found)["rows"].sum() == len(found.left)


def test_peers_stand_beside_our_error_on_the_same_rows(connection, found):
    table = evidence.peers_table(found, queries.peer_errors(connection))
    assert len(table) == 7
    untuned = table[(table["peer"] == "best peer without tuning") & (table["quantity"] == "prefill")].iloc[0]
    assert untuned["peer's error"] == "19 %"
    assert re.fullmatch(r"[\d.]+ % \(rows in the fit\) · [\d.]+ % \(one shape left out\)", untuned["ours"])


def test_work_is_told_apart_with_its_rows(found):
    table = evidence.work_table(found, "shape").set_index("work")
    assert list(table.index) == ["prompt-heavy", "balanced", "generation-heavy"]
    assert table["TPOT rows"].sum() == (found.rows.kind == ONLINE).sum()
    assert evidence.work_table(found, "concurrency")["throughput"].eq("no row").all()


def test_an_empty_view_groups_to_an_empty_table(found):
    frame = evidence.points(found, replace(USUAL, engine="tgi-2023", unseen="concurrency"))  # no clients
    assert frame.empty
    assert evidence.grouped(frame, "gpu").empty
    assert isinstance(frame, pd.DataFrame)
