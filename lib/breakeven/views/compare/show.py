"""Blocks of the Compare page. Text from files and links is shown as text, never as Markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from breakeven.comparison import short
from breakeven.comparison import words as verdict
from breakeven.comparison.answer import Comparison, ShapeAnswer
from breakeven.comparison.reach import Winner
from breakeven.dashboard.blocks import plain, separated, sources_table
from breakeven.dashboard.downloads import csv_of
from breakeven.dashboard.look import chips
from breakeven.dashboard.session import key_of
from breakeven.dashboard.terms import terms
from breakeven.question.scenario import LIMITS, Scenario
from breakeven.tables.records import Preset, Source
from breakeven.views.compare import charts
from breakeven.words import names
from breakeven.words.glossary import SERVING, explained
from breakeven.words.numbers import Money, rounded
from breakeven.words.terms import EXPERT, Terms


def verdicts(answer: Comparison) -> None:
    """Both shapes side by side: the verdict, how far it carries, who is compared."""
    scenario, say = answer.scenario, terms()
    for number, (column, shape) in enumerate(zip(st.columns(2, gap="large"), answer.shapes, strict=True)):
        winner = "none" if shape.reach is None else shape.reach.winner
        edge = Winner.LEVEL if verdict.is_open(shape) else winner
        with column, st.container(key=f"card_{number}_{edge}"):
            kind, tokens = names.kind_of(shape.shape).upper(), names.shape_name(shape.shape)
            name = f"{'AB'[number]} · {kind}" if say.is_plain else f"{'AB'[number]} · {kind} · {tokens}"
            st.caption(plain(name))
            st.header(plain(f"{verdict.headline(shape, scenario)}."), anchor=False)
            carries = short.carries if say.is_plain else verdict.condition
            st.markdown(plain(carries(shape, scenario)))
            chips(short.facts(shape, answer) if say.is_plain else verdict.chips(shape, answer, say))
            reason = verdict.missed(shape, scenario, say)
            if shape.host is not None and reason:
                st.warning(plain(reason), icon=":material/timer_off:")


def every_way(answer: Comparison) -> None:
    """Every way to buy both shapes on one axis of money, and what the headlines compare."""
    shapes, say = [one for one in answer.shapes if one.ranking or one.api.same_model], terms()
    if not shapes:
        return
    each = "; ".join(f"{'AB'[n]}: {verdict.ways_finding(one)}" for n, one in enumerate(shapes))
    st.markdown(f"**{plain(short.ways_finding(shapes) if say.is_plain else each)}**")
    st.plotly_chart(
        charts.money_strip(shapes, answer.scenario, amounts=not say.is_plain),
        key="strip",
        config={"displayModeBar": False},
        alt=" ".join(verdict.bills(one, answer.scenario) for one in shapes),
    )
    if say.is_plain:
        st.caption("Large: compared above. Hollow: left out of the verdict; point at one to read why.")
    else:
        st.caption("  \n".join(plain(verdict.contenders(one, say)) for one in shapes))


def doors() -> None:
    """Where else people go from here."""
    st.divider()
    for column, (page, title, text) in zip(st.columns(3), _DOORS, strict=True):
        with column.container(border=True, height="stretch", key=f"door_{page}"):
            st.page_link(f"pages/{page}.py", label=title)
            st.caption(text)


_DOORS = (
    ("deploy", "Choose a host", "Which GPUs, how many, and what they cost at your load."),
    ("workload", "Price last month", "Drop a usage file, in whatever form you have it."),
    ("articles", "Check a claim", "Published numbers, recomputed one by one."),
)


def load_slider(scenario: Scenario) -> None:
    """The load again, beside the map: one, two and five of every power of ten about the reader's own."""
    own, key = scenario.requests, "load_slider"
    middle = math.floor(math.log10(own))
    limit = LIMITS["requests"]
    steps = {f * 10.0**power for power in range(middle - 3, middle + 4) for f in (1, 2, 5)}
    options = sorted({own, *(one for one in steps if limit.low <= one <= limit.high)})
    st.session_state[key] = own

    def take() -> None:
        st.session_state[key_of("requests")] = st.session_state[key]

    st.select_slider(
        "Load of the map and of both bills",
        options,
        format_func=scenario.load.said,
        key=key,
        on_change=take,
    )


def cost_map(answer: Comparison, presets: Sequence[Preset]) -> None:
    """Who is cheaper for every shape."""
    if answer.map is None:
        st.info(
            "The map needs a deployment and an API offer that can be priced. Choose another model, price of "
            "GPUs or day in the line above; what was left out stands below with its reason."
        )
        return
    finding = short.map_finding if terms().is_plain else verdict.map_finding
    st.markdown(f"**{plain(finding(answer.map, answer.scenario))}**")
    st.plotly_chart(
        charts.cost_map(answer.map, [shape.shape for shape in answer.shapes], presets, answer.scenario),
        key="map",
        config={"displayModeBar": False},
        alt=verdict.map_finding(answer.map, answer.scenario),
    )
    load_slider(answer.scenario)
    st.caption(
        "Blue: self-hosting cheaper. Orange: API cheaper. Black line: equal. A, B: your shapes. "
        "White dots: presets. Blank: no deployment holds the targets, or the context is too long. "
        "Nothing is cached on the map."
    )


def volume(answer: Comparison) -> None:
    """Both bills against the load, one tab a shape."""
    box = st.expander("Bills against the load", key="volume_box", on_change="rerun")
    if not box.open:
        return
    with box:
        _volume(answer)


def _volume(answer: Comparison) -> None:
    tabs = st.tabs(["Shape A", "Shape B"], key="volume_tab", on_change="rerun")
    for tab, shape, number in zip(tabs, answer.shapes, "AB", strict=True):
        if not tab.open:
            continue
        with tab:
            if shape.volume is None:
                st.info(
                    "The bills need a deployment and an API offer that can be priced: choose another model "
                    "or day in the line above."
                )
                continue
            st.markdown(f"**{plain(verdict.volume_finding(shape, answer.scenario.load))}**")
            st.plotly_chart(
                charts.volume(shape, answer.scenario),
                key=f"volume_{number}",
                config={"displayModeBar": False},
                alt=verdict.at_load(shape, answer.scenario, terms()),
            )


def reasons(answer: Comparison, money: Money) -> None:
    """Why: what is rented, tokens by kind, what binds, the physical limit."""
    box = st.expander("Why", key="why_box", on_change="rerun")
    if not box.open:
        return
    with box:
        st.markdown(plain(verdict.question(answer, money)))
        say = terms()
        if not say.is_plain:
            st.caption(explained(*SERVING))
        for column, shape in zip(st.columns(2, gap="large"), answer.shapes, strict=True):
            with column:
                lines = [
                    verdict.condition(shape, answer.scenario) if say.is_plain else "",
                    verdict.at_load(shape, answer.scenario, say),
                    verdict.contenders(shape, say) if say.is_plain else "",
                    verdict.bills(shape, answer.scenario),
                    verdict.ages(shape, answer),
                    *verdict.by_kind(shape, answer.scenario),
                ]
                if shape.curve is not None:
                    lines.append(f"{verdict.batch_finding(shape, answer.scenario)}.")
                lines += verdict.why(shape, answer.model_shape, answer.scenario, say)
                lines = [line for line in lines if line]
                if not lines:
                    st.info("There is nothing to explain until both sides can be priced.")
                    continue
                st.markdown("\n".join(f"- {plain(line)}" for line in lines))


def working(answer: Comparison, money: Money) -> None:
    """What each kind of token costs at every batch; drawn only when it is opened."""
    box = st.expander("Show the working: cost against batch", key="working_box", on_change="rerun")
    if not box.open:
        return
    with box:
        for number, (column, shape) in enumerate(zip(st.columns(2, gap="large"), answer.shapes, strict=True)):
            with column:
                st.markdown(f"**{'AB'[number]}: {plain(verdict.batch_finding(shape, answer.scenario))}**")
                if shape.curve is not None:
                    st.plotly_chart(
                        charts.batch_curve(shape, money),
                        key=f"batch_{number}",
                        config={"displayModeBar": False},
                        alt=verdict.batch_finding(shape, answer.scenario),
                    )
        st.caption(
            "Filled points fit in the usable memory, open ones do not. Prices per token fall with the batch "
            "because one read of the weights serves all its sequences."
        )


def rankings(letter: str, shape: ShapeAnswer, scenario: Scenario) -> None:
    """All offers and all deployments of one shape, cheapest first; downloads."""
    box = st.expander(
        f"Shape {letter}: all offers and deployments", key=f"ranking_{letter}", on_change="rerun"
    )
    if not box.open:
        return
    with box:
        offers = offers_table(shape, scenario)
        st.markdown(f"**{len(offers)} API offers of the same model**")
        if len(offers):
            st.dataframe(offers, hide_index=True, key=f"offers_{letter}", column_config=separated(offers))
            csv_of(offers, f"breakeven-offers-{letter.lower()}.csv", key=f"offers_csv_{letter}")
        for gone in shape.api.left_out:
            st.caption(plain(f"Left out: {gone.what}, {gone.why}."))
        hosts = hosts_table(shape, scenario, terms())
        st.markdown(f"**{len(hosts)} deployments that hold the targets**")
        if len(hosts):
            st.dataframe(hosts, hide_index=True, key=f"hosts_{letter}")
            csv_of(
                hosts_table(shape, scenario),
                f"breakeven-deployments-{letter.lower()}.csv",
                key=f"hosts_csv_{letter}",
            )


def offers_table(shape: ShapeAnswer, scenario: Scenario) -> pd.DataFrame:
    """API offers of the model at one shape."""
    scale = names.PER_REQUESTS * scenario.money.rate
    return pd.DataFrame(
        [
            {
                "Offer": bill.offer.api_offer_id,
                _bill_unit(scenario): rounded(bill.usd * scenario.load.billed * scenario.money.rate),
                "Not the default because": bill.mark or "",
                "Context [tokens]": bill.offer.context_tokens,
                f"{scenario.currency} per {names.PER_REQUESTS:,} requests": rounded(bill.usd * scale),
                "Prompt part": rounded(bill.prompt_usd * scale),
                "Completion part": rounded(bill.completion_usd * scale),
                "Variant": bill.offer.variant or "",
                "Since": bill.offer.valid_from,
            }
            for bill in shape.api.same_model
        ]
    )


def hosts_table(shape: ShapeAnswer, scenario: Scenario, say: Terms = EXPERT) -> pd.DataFrame:
    """Deployments at one shape."""
    money = scenario.money
    pace = ("Tokens a second", 1.0, -1) if say.is_plain else (f"{say.tpot} [ms]", 1e3, 1)
    return pd.DataFrame(
        [
            {
                "Deployment": names.deployment_name(one.row),
                _bill_unit(scenario): rounded(one.usd * money.rate),
                "Not certain": "; ".join(
                    filter(None, (one.row.candidate.price.doubt, one.row.candidate.profile.caveat))
                ),
                "Copies" if say.is_plain else "Replicas": one.replicas,
                f"{say.ttft} [s]": rounded(one.row.ttft_s),
                pace[0]: rounded(pace[1] * one.row.tpot_s ** pace[2]),
                "At once" if say.is_plain else "Batch": one.row.batch,
                f"{money.currency} per GPU-hour": rounded(
                    one.row.candidate.price.usd_per_gpu_hour * money.rate
                ),
                "GPU price from": f"{one.row.candidate.price.offer.provider}, "
                f"{one.row.candidate.price.offer.valid_from}",
            }
            for one in shape.ranking
        ]
    )


def _bill_unit(scenario: Scenario) -> str:
    """Head of the column of bills."""
    return f"{scenario.currency} {scenario.load.period}"


def sources(answer: Comparison, known: Mapping[str, Source], scenario: Scenario) -> None:
    """Where the numbers come from, and what was left out."""
    box = st.expander("Sources of these numbers", key="sources_box", on_change="rerun")
    if box.open:
        with box:
            rows = [known[key] for key in answer.source_ids if key in known]
            sources_table(rows)
            for line in verdict.price_notes(answer, scenario):
                st.caption(plain(line))
    if not answer.left_out:
        return
    box = st.expander(
        f"Left out of the ranking: {len(answer.left_out)} GPUs", key="left_out_box", on_change="rerun"
    )
    if box.open:
        with box:
            st.dataframe(
                pd.DataFrame([{"GPU": gone.what, "Why": gone.why} for gone in answer.left_out]),
                hide_index=True,
            )
