"""Blocks of the Prices page. Text of the tables is shown as text, never as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any

import pandas as pd
import streamlit as st

from breakeven.dashboard.blocks import notices, plain, separated
from breakeven.dashboard.downloads import csv_of
from breakeven.dashboard.session import database, sources, tables_on
from breakeven.dashboard.terms import terms
from breakeven.question.pages.prices import (
    ALL,
    DEFAULT_GPU,
    KINDS,
    LIMITS_OF_VIEW,
    MOST_LINES,
    SCORES,
    SEPARATOR,
    Fields,
    offers_in,
)
from breakeven.question.parts import Shape
from breakeven.question.scenario import Scenario
from breakeven.tables import price_queries
from breakeven.tables.day import Tables
from breakeven.tables.records import Source
from breakeven.views.prices import capability, changes, hardware, history, offers
from breakeven.views.prices import charts as charts_prices
from breakeven.views.prices.headline import cheapest_offer
from breakeven.views.prices.words import matching
from breakeven.words.names import gpu_name, shape_name
from breakeven.words.numbers import NOT_KNOWN, Money

KEY = "prices_"
_FIRST_LINES = ("openai/gpt-4", "openai/gpt-3.5-turbo", "openai/gpt-4o")
_NAME = st.column_config.TextColumn(width=190)
"""Column of names: the number beside it stays on a narrow screen."""
_LINKS = {"Source": st.column_config.LinkColumn(display_text="open")}


@st.cache_resource(max_entries=16, show_spinner="Pricing every offer")
def _offers(day: date, shape: Shape, money: Money) -> pd.DataFrame:
    """All offers of a day at a shape; shared by all visitors, so nobody changes it."""
    facts = price_queries.api_offer_facts(database(), day)
    return offers.offers_frame(tables_on(day), facts, sources(), shape, day, money)


@st.cache_resource(max_entries=16, show_spinner="Comparing two days")
def _changes(since: date, day: date, shape: Shape, money: Money) -> changes.Changes:
    return changes.changes(price_queries.api_changes(database(), since, day), sources(), shape, day, money)


def known_gpu(view: Fields, tables: Tables) -> Fields:
    """Put a GPU that does not exist back to the default, and its widget with it."""
    if view.gpu not in tables.gpus:
        st.session_state[f"{KEY}gpu"] = DEFAULT_GPU
        view = replace(view, gpu=DEFAULT_GPU)
    return view


def table(frame: pd.DataFrame, name: str, columns: Mapping[str, Any] = MappingProxyType({})) -> None:
    """A table with its download, or a sentence that it is empty; ``columns`` says how some are drawn."""
    if frame.empty:
        st.info("Nothing matches. Loosen a word of the filter above, or choose another day.")
        return
    st.dataframe(
        frame,
        hide_index=True,
        key=f"table_{name}",
        column_config=separated(frame) | _LINKS | dict(columns),
        placeholder=NOT_KNOWN,
    )
    csv_of(frame, f"breakeven-{name}.csv", key=f"csv_{name}")


def _search(label: str) -> None:
    st.text_input(label, key=f"{KEY}search", placeholder="llama 70b", max_chars=100)


def _mix(scenario: Scenario) -> None:
    words = {
        letter: f"{letter}: {shape.prompt_tokens:,} in / {shape.completion_tokens:,} out"
        for letter, shape in zip("AB", scenario.shapes, strict=True)
    }
    st.radio(
        "Price at the mix of shape",
        list(words),
        format_func=words.__getitem__,
        key=f"{KEY}mix",
        help="A million tokens, prompt and completion in this proportion. The shapes are those of Compare.",
    )


def offer_filters(scenario: Scenario, _tables: Tables) -> None:
    """What the list of API offers is narrowed by."""
    _search("Model or provider")
    known = sorted({offer.provider for offer in tables_on(scenario.as_of).api_offers})
    if st.session_state[f"{KEY}provider"] not in (ALL, *known):
        known.append(st.session_state[f"{KEY}provider"])
    st.selectbox("Provider", [ALL, *known], key=f"{KEY}provider")
    _mix(scenario)
    st.toggle("Open weights", key=f"{KEY}open", help="Models whose architecture is in the tables.")
    st.toggle("Has a price for cached input", key=f"{KEY}cache")
    st.toggle("Has a batch price", key=f"{KEY}batch", help="Answers within hours, usually at half price.")
    limit = LIMITS_OF_VIEW["context"]
    st.number_input(
        "Takes at least [tokens]",
        int(limit.low),
        int(limit.high),
        step=1,
        key=f"{KEY}context",
        placeholder="any",
    )
    st.toggle(
        "Only the current catalogue",
        key=f"{KEY}current",
        help="Older price packages list offers that may be long gone; nobody dated their end.",
    )


def api_offers(view: Fields, scenario: Scenario, shape: Shape, money: Money) -> None:
    """API offers on the day: hosts first, resellers apart."""
    frame = _offers(scenario.as_of, shape, money)
    if frame.empty:
        st.info("No API price is on record for that day; the tables begin in March 2023.")
        return
    column = offers.mix_column(shape, money)
    found = offers.filtered_offers(frame, view)
    for title, name, is_reseller in (
        ("Hosts: they run the model themselves", "api-offers", False),
        ("Resellers: they pass on what others host", "api-offers-resellers", True),
    ):
        part = found[found["Reseller"] == is_reseller].drop(columns=list(offers.FILTER_COLUMNS))
        st.subheader(title, anchor=False)
        st.markdown(plain(f"{offers.offers_sentence(part, column, money)}."))
        # The head of the price would push the price itself off a phone.
        shown = {
            "Model": _NAME,
            column: st.column_config.NumberColumn(f"{money.currency} per 1M", help=column),
        }
        table(part, name, shown)
    st.caption(
        plain(
            f"Prices in {money.currency} per 1M tokens. {column}: what a million tokens cost when prompt and "
            "completion come in this proportion, longer-prompt prices and fees per request included; empty "
            "where the request is longer than the context."
        )
    )


def change_filters(scenario: Scenario, _tables: Tables) -> None:
    """From when, and which kind of change."""
    limit = LIMITS_OF_VIEW["since"]
    st.date_input(
        "Changes since",
        min_value=date.fromordinal(int(limit.low)),
        max_value=date.fromordinal(int(limit.high)),
        key=f"{KEY}since",
    )
    st.selectbox("List", KINDS, key=f"{KEY}kind")
    _search("Model or provider")
    _mix(scenario)


def what_changed(view: Fields, scenario: Scenario, shape: Shape, money: Money) -> None:
    """New, dearer, cheaper, gone; and what is announced."""
    day = scenario.as_of
    if view.since >= day:
        st.info(plain(f"Choose a day before {day}, the day of the prices, to see what changed until then."))
        return
    found = _changes(view.since, day, shape, money)
    st.subheader(plain(f"{changes.changes_sentence(found, view.since, day)}."), anchor=False)
    how = {"Model": _NAME, f"At {shape_name(shape)}": st.column_config.TextColumn(width=100)}
    table(changes.listed_changes(found, view), "price-changes", how)
    st.caption(
        "An offer is new where somebody dated its start. First recorded: the catalogue lists it without a "
        "start, so it may be older. Prices of longer prompts and batch prices are not compared."
    )
    announced = changes.announced_frame(price_queries.api_announced(database(), day), sources(), day, money)
    st.subheader("Announced: prices that do not hold yet", anchor=False)
    if announced.empty:
        st.markdown("No catalogue announces a price for a later day.")
    else:
        table(announced, "announced-prices")


def history_filters(scenario: Scenario, tables: Tables) -> None:
    """Which offers are drawn."""
    chosen = offers_in(st.session_state[f"{KEY}models"]) or default_lines(scenario, tables)
    known = _all_offers()
    st.session_state["history_pick"] = [offer for offer in chosen if offer in known]

    def take() -> None:
        st.session_state[f"{KEY}models"] = SEPARATOR.join(st.session_state["history_pick"]) or None

    st.multiselect(
        "Offers",
        known,
        key="history_pick",
        max_selections=MOST_LINES,
        on_change=take,
        placeholder="provider/model",
    )
    _capability_filter()
    _mix(scenario)


def _capability_filter() -> None:
    st.selectbox(
        "Cheapest offer whose model scores at least",
        list(SCORES),
        format_func=SCORES.__getitem__,
        key=f"{KEY}score",
        help="Share of right answers on MMLU, in percent: questions with four choices from 57 subjects.",
    )


@st.cache_resource(show_spinner=False)
def _all_offers() -> list[str]:
    from breakeven.tables.queries import api_offer_ids

    return api_offer_ids(database())


def default_lines(scenario: Scenario, tables: Tables) -> list[str]:
    """Three generations of one closed maker, and the cheapest offer of the scenario's model."""
    best = cheapest_offer(scenario, tables, scenario.shapes[0])
    return [*_FIRST_LINES, *([best.offer.api_offer_id] if best else [])]


def price_history(view: Fields, scenario: Scenario, tables: Tables, money: Money) -> None:
    """Input and output prices as steps, and the rows behind them."""
    chosen = offers_in(view.models) or default_lines(scenario, tables)
    rows = price_queries.api_price_periods(database(), chosen)
    if not rows:
        st.info("Choose offers under filter above; none of the chosen ones has a price on record.")
        return
    for meter, word in (("output_usd_per_mtok", "output"), ("input_usd_per_mtok", "input")):
        lines = history.price_lines(rows, meter, scenario.as_of)
        finding = history.history_finding(lines, word, scenario.as_of, money)
        st.markdown(f"**{plain(finding)}**")
        st.plotly_chart(
            charts_prices.history(lines, word, scenario.as_of, money),
            key=f"history_{word}",
            config={"displayModeBar": False},
            alt=finding,
        )
    table(history.periods_frame(rows, sources(), scenario.as_of, money), "price-history")


def at_a_capability(view: Fields, scenario: Scenario, shape: Shape, money: Money) -> None:
    """Cheapest offer of any model that reaches a score, over time."""
    day = scenario.as_of
    rows = price_queries.capability_periods(database(), capability.BENCHMARK, float(view.score))
    steps = capability.cheapest_steps(rows, shape, day)
    finding = capability.finding(steps, view.score, shape, money)
    st.subheader("The cheapest at a capability", anchor=False)
    st.markdown(f"**{plain(finding)}**")
    if not steps:
        return
    line = capability.as_line(steps, view.score, day)
    st.plotly_chart(
        charts_prices.history([line], f"mixed ({shape_name(shape)})", day, money),
        key="history_capability",
        config={"displayModeBar": False},
        alt=finding,
    )
    table(capability.steps_frame(steps, sources(), day, money), "cheapest-at-a-capability")
    st.caption(plain(capability.NOTE))


def gpu_filters(_scenario: Scenario, tables: Tables) -> None:
    """Which GPU is drawn, which offers are listed."""
    st.selectbox("GPU", list(tables.gpus), format_func=lambda key: tables.gpus[key].name, key=f"{KEY}gpu")
    st.selectbox("Kind of price in the table", LIMITS_OF_VIEW["type"].choices, key=f"{KEY}type")
    _search("GPU or provider in the table")


def gpu_offers(view: Fields, scenario: Scenario, tables: Tables, money: Money) -> None:
    """History of one GPU, offers in force of all."""
    day = scenario.as_of
    gpu = tables.gpus[view.gpu]
    rows = price_queries.gpu_price_history(database(), view.gpu)
    finding = hardware.gpu_history_finding(rows, gpu, day, money)
    st.markdown(f"**{plain(finding)}**")
    if any(row["valid_from"] <= day for row in rows):
        st.plotly_chart(
            charts_prices.gpu_history(rows, day, money),
            key="gpu_history",
            config={"displayModeBar": False},
            alt=finding,
        )
        box = st.expander(
            plain(f"All prices on record of {gpu_name(gpu)}"), key="gpu_history_box", on_change="rerun"
        )
        if box.open:
            with box:
                named = [{**row, "gpu_name": gpu.name} for row in rows]
                table(hardware.gpu_offers_frame(named, sources(), day, money), f"gpu-history-{view.gpu}")
    st.subheader("Rental offers in force", anchor=False)
    in_force = sorted(price_queries.gpu_rows_on(database(), day), key=lambda row: row["gpu_id"] != view.gpu)
    frame = hardware.gpu_offers_frame(in_force, sources(), day, money)
    if not frame.empty:
        if view.type != ALL:
            frame = frame[frame["Kind"] == view.type]
        frame = matching(frame, view.search, "GPU", "Offer")
    table(frame, "gpu-offers")
    st.caption(
        "Of each provider, GPU and kind of price the offers read last; the chosen GPU first. A listing that "
        "does not say which device it is stands here and is never ranked."
    )
    notices(sources()[key] for key in sorted({row["source_id"] for row in in_force}))


def gpus(scenario: Scenario, tables: Tables, money: Money) -> None:
    """Specifications with what each of their units costs."""
    read = price_queries.days_read(database(), "gpus", "gpu_id")
    kind = scenario.gpu_price_type
    frame = hardware.gpus_frame(tables, kind, sources(), scenario.as_of, money, read)
    st.subheader(plain(f"{hardware.gpus_sentence(frame, kind, money)}."), anchor=False)
    table(frame, "gpus")
    st.caption(
        "Peak rates, dense, as the makers state them; what an engine reaches of them is on Evidence. Prices: "
        "median of the providers in force. Unverified: not read again on the maker's page."
    )


def models(scenario: Scenario, tables: Tables) -> None:
    """Architectures."""
    facts = price_queries.model_facts(database())
    frame = hardware.models_frame(tables, facts, sources(), scenario.as_of)
    st.subheader(plain(f"{hardware.models_sentence(frame, terms())}."), anchor=False)
    table(frame, "models")
    st.caption(
        "KV cache: of one token in all layers that keep one, at 2 bytes a number; layers with a "
        "sliding window stop growing at the window."
    )
    _opened("Open models of several hosts that are not held", price_queries.models_without_row(database()))
    reserved = price_queries.provisioned_throughput(database(), scenario.as_of)
    _opened("Reserved API capacity: what a unit carries, at a price that is not published", reserved)


def _opened(title: str, rows: list[price_queries.Row]) -> None:
    """Rows of a table that is drawn when it is opened."""
    box = st.expander(f"{title}: {len(rows)}", key=f"box_{title}", on_change="rerun")
    if box.open:
        with box:
            st.dataframe(pd.DataFrame(rows), hide_index=True, key=f"table_{title}")


def used_sources(known: Mapping[str, Source]) -> None:
    """Every source of the tables, drawn when it is opened."""
    box = st.expander("Sources of these numbers", key="prices_sources_button", on_change="rerun")
    if box.open:
        with box:
            frame = pd.DataFrame(
                [
                    {
                        "Source": row.address,
                        "Title of the source": row.title,
                        "Publisher": row.publisher,
                        "Read": row.accessed,
                        "Licence": row.licence,
                    }
                    for row in known.values()
                ]
            )
            table(frame, "sources")
