"""The capacity section of the workload page: replayed when it is opened, watched and stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Thread
from typing import Any, TypeAlias

import pandas as pd
import streamlit as st

from breakeven.apis.workloads import PricedWorkload
from breakeven.dashboard import uploads
from breakeven.dashboard.apart import jobs, readers, wire
from breakeven.dashboard.blocks import plain
from breakeven.dashboard.downloads import csv_of
from breakeven.dashboard.session import own_calibration, tables_on
from breakeven.dashboard.terms import terms
from breakeven.dashboard.upload_store import session_id
from breakeven.dashboard.uploads import Read
from breakeven.hosting import Unplaceable
from breakeven.hosting.workloads import Hosting
from breakeven.question.pages.capacity import FIELDS, ROUTINGS, Fields
from breakeven.question.scenario import Scenario
from breakeven.replay.arrivals import SUMS, Arrivals, NoArrivals
from breakeven.replay.plan import Fluid, Plan, make_fluid, make_plan
from breakeven.replay.run import Cancelled, Control
from breakeven.usage.spool import Unreadable
from breakeven.usage.stop import Stopped
from breakeven.views.capacity import charts as charts_capacity
from breakeven.views.capacity import words
from breakeven.words.numbers import Money, percent, rounded

BOX = "capacity_box"
_DONE = "capacity_done"
_STOPPED = "capacity_stopped"
_PATIENCE_S = 0.4
"""A replay that takes longer shows how far it is."""
_ROUTING_WORDS = {
    "least-backlog": "to the one with the least work before it",
    "round-robin": "to each in turn",
}


def inputs() -> None:
    """What a capacity plan asks beyond the scenario."""
    prefix = FIELDS.prefix
    st.number_input(
        "Percentile that must keep the targets [%]",
        1.0,
        100.0,
        step=1.0,
        key=f"{prefix}percent",
        help="95: one request in twenty may see more than the targets.",
    )
    st.selectbox("A request goes", ROUTINGS, format_func=_ROUTING_WORDS.__getitem__, key=f"{prefix}routing")
    st.number_input(
        "Tokens of one step",
        64,
        1_000_000,
        step=1024,
        key=f"{prefix}budget",
        help="Decodes and prompts together (max_num_batched_tokens). Smaller steps disturb running "
        "requests less and read prompts more slowly.",
    )
    st.number_input(
        f"Seconds until a new {terms().replica} serves",
        0.0,
        3600.0,
        step=30.0,
        key=f"{prefix}delay",
        help="Ordering a GPU, loading the weights, warming up; counts where the fleet follows the load.",
    )
    st.number_input(
        "Copies that are always kept" if terms().is_plain else "Replicas that are always kept",
        0,
        1000,
        step=1,
        key=f"{prefix}minimum",
    )


def section(
    files: Sequence[Any],
    sample: str,
    columns: str,
    read: Read,
    named: Mapping[str, str],
    priced: PricedWorkload,
    hosting: Hosting,
    scenario: Scenario,
    options: Fields,
    money: Money,
) -> None:
    """Draw the section; nothing is computed while it is closed."""
    box = st.expander(
        "Capacity: how many GPUs these arrivals need",
        key=BOX,
        on_change="rerun",
        icon=":material/stacks:",
    )
    if not box.open:
        return
    with box:
        try:
            arrivals = uploads.arrivals_of(files, sample, columns)
        except NoArrivals as reason:
            if str(reason) == SUMS:
                _sums(priced, hosting, scenario, options, money)
            else:
                st.info(plain(f"Capacity is withheld: {reason}."), icon=":material/visibility_off:")
            return
        except Unreadable as reason:
            st.info(plain(str(reason)), icon=":material/visibility_off:")
            return
        except Stopped:
            st.info("Reading the arrivals was stopped.", icon=":material/cancel:")
            return
        if arrivals is None:
            st.info(
                "Capacity is withheld: a link carries lengths without times, and an upload is only there "
                "while its page is open. Upload the file to replay it.",
                icon=":material/visibility_off:",
            )
            return

        make = _making(arrivals, read, named, priced, hosting, scenario, options)
        try:
            plan = _computed(
                (arrivals.requests, _asked(scenario), options), arrivals.requests.prompt.size, make
            )
        except (Unplaceable, Unreadable) as reason:
            st.info(plain(str(reason)), icon=":material/info:")
            return
        if plan is not None:
            show(plan, money)


_Make: TypeAlias = Callable[[Callable[[str, float], None], Control], Plan]


def _making(
    arrivals: Arrivals,
    read: Read,
    named: Mapping[str, str],
    priced: PricedWorkload,
    hosting: Hosting,
    scenario: Scenario,
    options: Fields,
) -> _Make:
    """How the plan is made: by a reader of its own where one read the file, here otherwise."""
    tables, calibrated, visitor = tables_on(scenario.as_of), own_calibration(), session_id()

    def here(progress: Callable[[str, float], None], control: Control) -> Plan:
        return make_plan(
            arrivals, priced, scenario, options, tables, hosting=hosting, progress=progress, control=control
        )

    def apart(progress: Callable[[str, float], None], control: Control) -> Plan:
        def told(message: object) -> None:
            if isinstance(message, wire.Said):
                progress(message.words, 0.0)
            elif isinstance(message, wire.Counted):
                control.shared[1] = message.finished

        def heed() -> None:
            if control.stopped:
                raise Cancelled

        return readers.do(
            jobs.plan,
            *(arrivals, read.kept, hosting, scenario, calibrated, dict(named), options),
            size=read.size,
            visitor=visitor,
            told=told,
            heed=heed,
        )

    return here if read.kept is None else apart


def _asked(scenario: Scenario) -> tuple[object, ...]:
    """What a plan hangs on: not the two shapes of Compare, not their load."""
    return (
        *(scenario.as_of, scenario.api, scenario.resellers, scenario.served, scenario.hardware),
        *(scenario.targets, scenario.overhead_percent),
    )


def _computed(key: tuple[Any, ...], size: int, make: _Make) -> Plan | None:
    """The plan for a key, kept in the session; None: the visitor stopped it.

    The replay runs beside the page's script, which only watches: leaving or changing the page stops it.
    """
    kept = st.session_state.get(_DONE)
    if kept is not None and kept[0][0] is key[0] and kept[0][1:] == key[1:]:
        done: Plan = kept[1]
        return done
    if st.session_state.pop(_STOPPED, False):
        st.info("The replay was stopped.", icon=":material/cancel:")
        st.button("Replay again", key="capacity_again_button")
        return None
    control = Control()
    result: list[Plan] = []
    failed: list[BaseException] = []
    said = ["Replaying the requests"]

    def progress(text: str, _share: float) -> None:
        said[0] = text

    def work() -> None:
        try:
            result.append(make(progress, control))
        except Cancelled:
            pass
        except BaseException as problem:
            failed.append(problem)

    thread = Thread(target=work, daemon=True)
    place = st.empty()
    try:
        thread.start()
        thread.join(_PATIENCE_S)
        if thread.is_alive():
            with place.container():
                bar = st.progress(0.0)
                st.button("Stop", key="capacity_stop_button", on_click=_stop)
            while thread.is_alive():
                share = min(control.finished / max(size, 1), 1.0)
                bar.progress(share, text=f"{said[0]}: {percent(share)} of {size:,} requests")
                thread.join(0.2)
    finally:
        control.stop()
    place.empty()
    if failed:
        raise failed[0]
    if not result:
        return None
    st.session_state[_DONE] = (key, result[0])
    return result[0]


def _stop() -> None:
    """Remember that the visitor stopped the replay; the rerun that follows ends it."""
    st.session_state[_STOPPED] = True


def show(plan: Plan, money: Money) -> None:
    """The answer, then the proof."""
    say = terms()
    st.subheader(plain(words.headline(plan, say)), anchor=False)
    for line in (
        words.why_not(plan),
        words.latencies(plan, say),
        words.pools(plan),
        words.costs(plan, money),
    ):
        if line:
            st.markdown(plain(line))
    chart, peak = charts_capacity.load(plan)
    finding = words.load_finding(plan, peak, charts_capacity.step_of(plan.arrivals.requests.span_s))
    st.markdown(f"**{plain(finding)}**")
    st.plotly_chart(chart, key="capacity_load", config={"displayModeBar": False}, alt=finding)
    st.caption(plain(words.load_caption(plan, say)))
    trials = words.neighbours(plan) or plan.found.trials[-1:]
    if trials:
        for column, kind, name in zip(st.columns(2), ("ttft", "tpot"), (say.ttft, say.tpot), strict=True):
            with column:
                st.markdown(f"**{plain(words.latency_finding(plan, kind, say))}**")
                st.plotly_chart(
                    charts_capacity.latency(plan, trials, kind, say),
                    key=f"capacity_{kind}",
                    config={"displayModeBar": False},
                    alt=f"{name}: of the requests",
                )
        st.caption("Solid: the fewest that hold. Dotted: one less. Dashed: one more. Grey: target.")
        _neighbours(plan, money)
    if plan.usd_fixed is not None or plan.api.usd is not None:
        st.markdown(f"**{plain(words.cost_finding(plan))}**")
        st.plotly_chart(
            charts_capacity.costs(plan, money),
            key="capacity_costs",
            config={"displayModeBar": False},
            alt=words.costs(plan, money),
        )
    for line in (
        words.autoscaler(plan, say),
        *words.withheld(plan),
        *plan.notes,
        words.sources(plan, say),
        words.HOW,
    ):
        if line:
            st.caption(plain(line))


def _neighbours(plan: Plan, money: Money) -> None:
    """What one replica more or less does."""
    for line in words.one_more_or_less(plan, terms()):
        st.markdown(f"- {plain(line)}")
    at = words.ordinal(plan.options.percent)
    table = pd.DataFrame(
        [
            {
                "Replicas": trial.replicas,
                "Holds": "yes" if trial.holds else "no",
                f"TTFT, {at} [s]": rounded(trial.ttft_at_target_s),
                f"TPOT, {at} [ms]": rounded(trial.tpot_at_target_s * 1e3),
                "Keep both [%]": rounded(100 * trial.held_share),
                "Put back": trial.preemptions,
                "Mean wait [s]": rounded(trial.mean_wait_s),
                f"Cost [{money.currency}]": rounded(plan.usd_fixed_of(trial.replicas) * money.rate),
            }
            for trial in plan.found.trials
        ]
    )
    say = terms()
    shown = {
        "Replicas": "Copies",
        f"TTFT, {at} [s]": f"First word, {at} [s]",
        f"TPOT, {at} [ms]": f"Token, {at} [ms]",
    }
    st.dataframe(
        table.rename(columns=shown) if say.is_plain else table, hide_index=True, key="capacity_table"
    )
    csv_of(table, "breakeven-capacity.csv", key="capacity_csv")


def _sums(
    priced: PricedWorkload, hosting: Hosting, scenario: Scenario, options: Fields, money: Money
) -> None:
    """What a file of sums can say."""
    try:
        fluid: Fluid = make_fluid(
            priced.workload, priced, scenario, options, tables_on(scenario.as_of), hosting=hosting
        )
    except Unplaceable as reason:
        st.info(plain(f"Capacity is withheld: {reason}"), icon=":material/visibility_off:")
        return
    st.subheader(plain(words.fluid_headline(fluid, terms())), anchor=False)
    st.markdown(plain(words.fluid_costs(fluid, money)))
    st.warning(plain(fluid.caveat), icon=":material/water:")
