"""What a link of each page answers, as plain values. The only file here that knows where the code lives."""

from __future__ import annotations

import atexit
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from duckdb import DuckDBPyConnection

from breakeven.apis.workloads import price_workload
from breakeven.comparison import words as verdict
from breakeven.comparison.answer import Comparison, ShapeAnswer, compare
from breakeven.hosting import Unplaceable
from breakeven.hosting.row import HostRow
from breakeven.hosting.workloads import host_workload
from breakeven.question import calibrated as calibrated_link
from breakeven.question.asked import ids_with_own, read_ids, with_own
from breakeven.question.calibrated import (
    calibration_of,
)
from breakeven.question.fields import LinkFields, pairs_of
from breakeven.question.link import KnownIds, decode, encode
from breakeven.question.pages import articles as fields_articles
from breakeven.question.pages import method as method_view
from breakeven.question.pages import numbers as rules_view
from breakeven.question.pages import prices as prices_view
from breakeven.question.pages.capacity import FIELDS as PLAN_FIELDS
from breakeven.question.pages.capacity import Fields as PlanOptions
from breakeven.question.pages.evidence import FIELDS as EVIDENCE_FIELDS
from breakeven.question.pages.evidence import Fields as EvidenceFields
from breakeven.question.pages.train import FIELDS as TRAIN_FIELDS
from breakeven.question.pages.train import Fields as TrainingPlan
from breakeven.question.scenario import Scenario
from breakeven.tables import queries
from breakeven.tables.build import open_memory
from breakeven.tables.day import Tables, read_tables
from breakeven.usage.digest import BadDigest, unpack
from breakeven.usage.names import read_names
from breakeven.views.deploy import FIELDS as DEPLOY_FIELDS
from breakeven.views.deploy import USUAL, deploy, words
from breakeven.views.deploy.answer import Answer, Placement
from breakeven.views.train.answer import TrainingFacts, asks_for_prompting, train
from breakeven.views.train.program import as_json
from breakeven.views.train.prompting import hold_against_prompting

DAY = date(2026, 11, 21)
"""Day of a link that leaves its own out."""
SAMPLES = Path(__file__).parents[2] / "data" / "samples"
ROWS = 5
"""Deployments that are kept of a ranking."""


# --- what all pages share ---------------------------------------------------------------------------


@cache
def _connection() -> DuckDBPyConnection:
    """The shipped tables, opened once."""
    return open_memory()


# A connection that outlives the interpreter makes DuckDB's bindings complain on the way out.
atexit.register(_connection.cache_clear)


@cache
def _known() -> KnownIds:
    return read_ids(_connection())


@cache
def _tables_on(day: date) -> Tables:
    return read_tables(_connection(), day)


@cache
def _training_facts_on(day: date) -> TrainingFacts:
    return TrainingFacts(
        runs=tuple(queries.training_runs(_connection())),
        tuning_prices=tuple(queries.tuning_prices_on(_connection(), day)),
    )


def _asked(link: str) -> tuple[Scenario, Tables, list[str]]:
    """Scenario of a link, the tables of its day, and what could not be read."""
    calibrated, more = calibration_of(link)
    known = ids_with_own(_known(), calibrated)
    decoded = decode(link, default=Scenario(as_of=DAY), known=known)
    tables = with_own(_tables_on(decoded.scenario.as_of), calibrated)
    return decoded.scenario, tables, [*decoded.warnings, *more]


def _added(codec: LinkFields[Any], link: str, default: Any) -> tuple[Any, list[str]]:
    """What a page adds to the scenario, as the page reads it."""
    given = {key: text for key, text in reversed(pairs_of(link)) if key.startswith(codec.prefix)}
    values, warnings = codec.read(given, default=default)
    try:
        return replace(default, **values), warnings
    except ValueError as reason:
        return default, [*warnings, f"The link asks for what cannot be: {reason}."]


def _plain(value: Any) -> Any:
    """Values that JSON can write, floats with nine digits."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.9g}") if math.isfinite(value) else str(value)
    return str(value) if isinstance(value, str) else value


# --- Compare ----------------------------------------------------------------------------------------


def answer_compare(link: str) -> dict[str, Any]:
    """Both sides of both shapes."""
    scenario, tables, warnings = _asked(link)
    return _plain(_comparison(compare(scenario, tables), warnings))


def _comparison(answer: Comparison, warnings: Sequence[str]) -> dict[str, Any]:
    return {
        "scenario": encode(answer.scenario),
        "warnings": warnings,
        "problems": answer.problems,
        "shapes": [_shape(shape, answer.scenario) for shape in answer.shapes],
    }


def _shape(shape: ShapeAnswer, scenario: Scenario) -> dict[str, Any]:
    bill, load = shape.api.bill, shape.at_load
    return {
        "headline": verdict.headline(shape, scenario),
        "api": None if bill is None else {"offer": bill.offer.api_offer_id, "usd": bill.usd},
        "host": None if shape.host is None else _host(shape.host),
        "host_reason": shape.host_reason,
        "ratio": shape.ratio,
        "break_even_busy": shape.break_even_busy,
        "first_paying": shape.first_paying,
        "never_dearer": shape.never_dearer,
        "at_load": None
        if load is None
        else {
            "replicas": load.replicas,
            "api_usd": load.api_usd,
            "host_usd": load.host_usd,
        },
    }


def _host(row: HostRow) -> dict[str, Any]:
    candidate = row.candidate
    return {
        "gpu": candidate.gpu.gpu_id,
        "gpus": candidate.n_gpus,
        "gpu_offer": candidate.price.offer.gpu_offer_id,
        "efficiency": candidate.profile.efficiency.efficiency_id,
        "batch": row.batch,
        "usd": row.usd,
        "ttft_s": row.ttft_s,
        "tpot_s": row.tpot_s,
    }


# --- Deploy -----------------------------------------------------------------------------------------


def answer_deploy(link: str) -> dict[str, Any]:
    """The head of the ranking and the recommendation."""
    scenario, tables, warnings = _asked(link)
    extra, more = _added(DEPLOY_FIELDS, link, USUAL)
    answer = deploy(scenario, extra, tables)
    return _plain(
        {
            "scenario": encode(scenario),
            "warnings": [*warnings, *more],
            "problems": answer.problems,
            "recommendation": words.recommendation(answer),
            "chosen": None if answer.chosen is None else _placed(answer.chosen),
            "replicas": None if answer.chosen is None else answer.chosen.replicas,
            "usd": None if answer.chosen is None else answer.chosen.usd,
            "hold": len(answer.order),
            "first": _first(answer),
        }
    )


def _first(answer: Answer) -> list[list[Any]]:
    return [_placed(answer.place(index)) for index in answer.order[:ROWS]]


def _placed(row: Placement) -> list[Any]:
    """Model, GPU, GPUs, weights, cache, mode, batch, dollars a request."""
    host = row.host
    where = [row.model.model_id, host.candidate.gpu.gpu_id, host.candidate.n_gpus]
    return [*where, str(row.precision), str(row.kv_precision), str(row.mode), host.batch, host.usd]


# --- Train ------------------------------------------------------------------------------------------


def answer_train(link: str) -> dict[str, Any]:
    """The report, without the published runs that stand beside it."""
    scenario, tables, warnings = _asked(link)
    plan, more = _added(TRAIN_FIELDS, link, TrainingPlan())
    facts = _training_facts_on(scenario.as_of)
    answer: dict[str, Any] = {"scenario": encode(scenario), "warnings": [*warnings, *more]}
    try:
        trained = train(plan, scenario, tables, facts)
        asked = asks_for_prompting(plan)
        prompting = hold_against_prompting(trained, scenario, tables, facts) if asked else None
    except (Unplaceable, ValueError) as reason:
        return _plain(answer | {"refused": str(reason)})
    report = as_json(trained, prompting)
    runs = report.pop("published_runs")
    return _plain(answer | report | {"runs": len(runs)})


# --- pages whose fields are only read ---------------------------------------------------------------


def answer_fields(page: str, link: str) -> dict[str, Any]:
    """What a page reads of its own fields."""
    scenario, _, warnings = _asked(link)
    answer: dict[str, Any] = {"scenario": encode(scenario)}
    if page == "calibrated":
        calibrated, _ = calibration_of(link)
        row = calibrated.efficiency()
        numbers = {} if row is None else {item.name: getattr(row, item.name) for item in fields(row)}
        read = calibrated_link.FIELDS.write(calibrated)
        own = {"engine": calibrated.engine} if calibrated.given else {}
        return _plain(answer | {"warnings": warnings, "fields": read, "row": numbers} | own)
    codec, usual = _page(page, scenario.as_of)
    read, more = _added(codec, link, usual)
    return _plain(answer | {"warnings": [*warnings, *more], "fields": codec.write(read)})


def _page(page: str, day: date) -> tuple[LinkFields[Any], Any]:
    return {
        "prices": (prices_view.FIELDS, prices_view.default_view(day)),
        "evidence": (EVIDENCE_FIELDS, EvidenceFields()),
        "numbers": (rules_view.FIELDS, rules_view.USUAL),
        "method": (method_view.FIELDS, method_view.USUAL),
        "articles": (fields_articles.FIELDS, fields_articles.Fields()),
        "plan": (PLAN_FIELDS, PlanOptions()),
    }[page]


# --- workloads in a link ----------------------------------------------------------------------------


def answer_digest(link: str) -> dict[str, Any]:
    """Token sums of a workload in a link, and what it costs."""
    scenario, tables, _ = _asked(link)
    given = dict(reversed(pairs_of(link)))
    named, warnings = read_names(given.get("names", ""), _known().api)
    answer: dict[str, Any] = {"scenario": encode(scenario), "warnings": warnings}
    try:
        workload = unpack(given.get("w", ""))
    except BadDigest as reason:
        return _plain(answer | {"refused": str(reason)})
    tokens = workload.tokens
    priced = price_workload(workload, _connection(), scenario.as_of, named=named)
    hosting = host_workload(workload, tables, scenario)
    best, host = priced.best, next(iter(hosting.offers), None)
    return _plain(
        answer
        | {
            "tokens": {item.name: getattr(tokens, item.name) for item in fields(tokens)},
            "longest": workload.longest,
            "cells": len(workload.cells),
            "list_usd": None if priced.list_usd is None else float(priced.list_usd),
            "best": None if best is None else {"offer": best.offer.api_offer_id, "usd": float(best.usd)},
            "host": None
            if host is None
            else {
                "model": host.model.model_id,
                "gpu": host.candidate.gpu.gpu_id,
                "gpus": host.candidate.n_gpus,
                "usd": host.usd,
                "replicas_peak": host.replicas_peak,
            },
        }
    )
