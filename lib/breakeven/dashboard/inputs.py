"""Widgets that change a scenario. Every widget is keyed; the session holds its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import streamlit as st

from breakeven.dashboard.bar import bar
from breakeven.dashboard.session import key_of, presets
from breakeven.dashboard.terms import terms
from breakeven.question.calibrated import OWN
from breakeven.question.jobs import JOBS
from breakeven.question.kinds import LayoutKind, Per
from breakeven.question.scenario import AUTO, CHEAPEST, DEAREST, LIMITS, MEDIAN, Scenario
from breakeven.tables.day import Tables
from breakeven.tables.records import ApiOffer, GpuOffer
from breakeven.words.glossary import explained, meaning
from breakeven.words.names import shape_name
from breakeven.words.numbers import Money, number, seconds

_PRICE_WORDS = {
    MEDIAN: "median of the offers in force",
    CHEAPEST: "cheapest offer in force",
    DEAREST: "dearest offer in force",
}
_MODE_WORDS = {
    "continuous": "continuous batching",
    "static": "static batch (as in 2023)",
    "disaggregated": "separate copies for reading and for writing",
}


def shape_inputs(letter: str, title: str) -> None:
    """Prompt, completion and cached tokens of one shape, with presets."""
    st.markdown(f"**{title}**")
    known = presets()

    def take() -> None:
        chosen = known.get(st.session_state[f"preset_{letter}"])
        if chosen:
            st.session_state[key_of(f"prompt_{letter}")] = chosen.prompt_tokens
            st.session_state[key_of(f"completion_{letter}")] = chosen.completion_tokens
            st.session_state[key_of(f"cached_{letter}")] = 0

    st.selectbox(
        "Start from",
        list(known),
        format_func=lambda key: known[key].name,
        index=None,
        key=f"preset_{letter}",
        on_change=take,
        placeholder="a preset",
        help="Fills in typical numbers of tokens; the dots on the map are the same presets.",
    )
    _whole("Prompt tokens", f"prompt_{letter}", "Tokens sent with one request, cached ones included.")
    _whole(
        "Completion tokens", f"completion_{letter}", "Tokens generated for one request, reasoning included."
    )
    st.slider(
        "Cached prompt tokens",
        0,
        max(st.session_state[key_of(f"prompt_{letter}")] - 1, 1),
        key=_capped(letter),
        help="Part of each prompt that was sent before: billed at the cache price by an API that has one, "
        "not computed again on GPUs of your own with prefix caching.",
    )


def _capped(letter: str) -> str:
    """Keep the cached part below the prompt before the slider is drawn."""
    key, prompt = key_of(f"cached_{letter}"), st.session_state[key_of(f"prompt_{letter}")]
    st.session_state[key] = min(st.session_state[key], max(prompt - 1, 0))
    return key


_PER_WORDS = {Per.SECOND: "a second", Per.MONTH: "a month", Per.ONCE: "once, as a job"}


def load_inputs(*, counted: bool = True) -> None:
    """How many requests, or only how fast, where the page counts them itself."""
    st.markdown("**Load**" if counted else "**How fast they come**")
    per = key_of("per")
    st.segmented_control(
        "They come", LIMITS["per"].choices, format_func=_PER_WORDS.__getitem__, required=True, key=per
    )
    once = st.session_state[per] == Per.ONCE
    if counted or not once:
        _number("Requests", "requests", "Load that both bills are computed for.")
    if once:
        _number(
            "Done within [hours]",
            "finish_hours",
            "As many machines as that takes; batch APIs promise a day.",
        )
        _number(
            f"Start of a {terms().replica} [minutes]",
            "startup_minutes",
            "Until the machine runs and the weights are read; rented, and nothing is served.",
        )


def load_and_jobs() -> None:
    """The same, and the jobs of published articles where it is one."""
    load_inputs()
    if st.session_state[key_of("per")] == Per.ONCE:
        job_buttons()


def job_buttons() -> None:
    """Jobs of published articles, one click each; what they do not fix stays."""
    for name, fixed in JOBS.items():
        st.button(name, key=f"job_{name}_button", on_click=_take_job, args=(fixed,), width="stretch")


def _take_job(fixed: Mapping[str, object]) -> None:
    for field, value in fixed.items():
        st.session_state[key_of(field)] = str(value) if isinstance(value, Per) else value
    for letter in "ab":
        st.session_state[key_of(f"cached_{letter}")] = 0


def model_inputs(tables: Tables, money: Money) -> None:
    """The model, and what it is compared with."""
    st.selectbox(
        "Model to host",
        list(tables.models),
        format_func=lambda key: tables.models[key].name,
        key=key_of("model"),
    )
    st.segmented_control(
        "Weights",
        LIMITS["precision"].choices,
        required=True,
        key=key_of("precision"),
        help="Number format of the weights. fp8 and fp4 compute faster on GPUs that have the rate; "
        "int8 and int4 only store the weights smaller.",
    )
    _api_input(tables, money)
    st.toggle("Let resellers be the cheapest", key=key_of("resellers"))


_SAME, _OTHER = "cheapest of the same model", "an offer by name"


def _api_input(tables: Tables, money: Money) -> None:
    """The cheapest offer of the same model, or any offer by name.

    The list of all offers is long, so it is only sent to the browser when asked for.
    """
    key = key_of("api")
    st.session_state["api_kind"] = _SAME if st.session_state[key] == CHEAPEST else _OTHER
    model = st.session_state[key_of("model")]

    def switch() -> None:
        by_name = st.session_state["api_kind"] == _OTHER
        st.session_state[key] = (
            next(iter(_api_labels(tables, model, money)), CHEAPEST) if by_name else CHEAPEST
        )

    st.segmented_control("Against", [_SAME, _OTHER], required=True, key="api_kind", on_change=switch)
    if st.session_state[key] == CHEAPEST:
        return
    labels = _api_labels(tables, model, money)
    known = st.session_state[key] in labels
    st.selectbox(
        "API offer",
        list(labels) if known else [*labels, st.session_state[key]],
        format_func=lambda offer: labels.get(offer, f"{offer} (no price that day)"),
        key=key,
        help="Offers of the same model come first; then every other offer in force on the day.",
    )


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs={Tables: id})
def _api_labels(tables: Tables, model: str, money: Money) -> dict[str, str]:
    """Offers in force by id, the ones of the model first, with their prices."""
    offers = sorted(tables.api_offers, key=lambda offer: (offer.model_id != model, offer.api_offer_id))
    return {offer.api_offer_id: _api_label(offer, money) for offer in offers}


def _api_label(offer: ApiOffer, money: Money) -> str:
    tier = offer.tiers[0]
    prices = " / ".join(
        money.amount(float(usd)) for usd in (tier.input_usd_per_mtok, tier.output_usd_per_mtok)
    )
    return f"{offer.name} · {offer.provider} · {prices} per 1M"


def gpu_inputs(tables: Tables, money: Money) -> None:
    """The deployment."""
    gpu_key = key_of("gpu")
    st.selectbox(
        "GPU",
        [CHEAPEST, *tables.gpus],
        format_func=lambda key: (
            "the cheapest that holds the targets" if key == CHEAPEST else tables.gpus[key].name
        ),
        key=gpu_key,
        on_change=_reset_offer,
    )
    if st.session_state[gpu_key] != CHEAPEST:
        _whole(f"GPUs in one {terms().replica}", "gpus", meaning("replica"))
    st.selectbox(
        "Kind of price",
        LIMITS["gpu_price_type"].choices,
        key=key_of("gpu_price_type"),
        on_change=_reset_offer,
        help=f"{explained('on-demand', 'spot')}  \nMarketplace machines can be taken away as well; "
        "estimates are an "
        "analyst's, not quotes.",
    )
    offers = {
        offer.gpu_offer_id: offer for offer in tables.gpu_offers if offer.gpu_id == st.session_state[gpu_key]
    }
    options = [*_PRICE_WORDS, *offers]
    if st.session_state[key_of("gpu_offer")] not in options:
        options.append(st.session_state[key_of("gpu_offer")])
    st.selectbox(
        "Price of a GPU-hour",
        options,
        format_func=lambda key: _PRICE_WORDS.get(key) or _gpu_offer_label(key, offers, money),
        key=key_of("gpu_offer"),
        help="Each provider counts once, with its lowest price; an even number gives the lower middle one.",
    )
    st.slider(
        "Busy share of the rented time",
        1.0,
        100.0,
        step=1.0,
        format="%g %%",
        key=key_of("utilisation"),
        help="Idle hours are paid too. 50 % is the 2023 article's rule for fleets that scale by themselves.",
    )


def _reset_offer() -> None:
    """An offer belongs to one GPU and one kind of price."""
    st.session_state[key_of("gpu_offer")] = MEDIAN


def _gpu_offer_label(key: str, offers: dict[str, GpuOffer], money: Money) -> str:
    offer = offers.get(key)
    if offer is None:
        return f"{key} (not in force that day)"
    flag = " · flagged" if offer.flag else ""
    where = f" · {offer.region}" if offer.region else ""
    return (
        f"{money.amount(offer.usd_per_gpu_hour)} · {offer.provider} · {offer.price_type}"
        f"{where} · {offer.valid_from}{flag}"
    )


_LAYOUT_WORDS = {
    LayoutKind.AUTO: "the better one",
    LayoutKind.TENSOR: "tensor parallel",
    LayoutKind.DATA: "data-parallel attention, experts spread",
}


def _engine_label(key: str) -> str:
    return "the best measured one" if key == AUTO else "your own runs" if key.startswith(OWN) else key


def engine_inputs(tables: Tables, _money: Money) -> None:
    """Serving mode, cache precision, batch and targets."""
    st.selectbox(
        "Serving mode",
        LIMITS["mode"].choices,
        format_func=_MODE_WORDS.__getitem__,
        key=key_of("mode"),
        help=explained("continuous batching", "static batch", "disaggregated"),
    )
    st.selectbox(
        "Layout of a mixture of experts",
        LIMITS["layout"].choices,
        format_func=_LAYOUT_WORDS.__getitem__,
        key=key_of("layout"),
        help=explained("data-parallel attention"),
    )
    engines = sorted({row.engine for row in tables.efficiencies})
    st.selectbox(
        "Engine",
        [AUTO, *engines],
        format_func=_engine_label,
        key=key_of("engine"),
    )
    said = terms()
    _number(
        f"{said.ttft} at most [s]",
        "ttft",
        f"{meaning('TTFT')} Empty: no target (batch work).",
    )
    low, high = LIMITS["tpot"].low * 1e3, LIMITS["tpot"].high * 1e3
    st.number_input(
        f"{said.tpot} at most [ms]" if not said.is_plain else f"{said.tpot} within [ms]",
        low,
        high,
        key=key_of("tpot"),
        placeholder="no target",
        help=meaning("TPOT"),
    )
    _whole(
        "Batch, set by hand",
        "batch",
        f"{meaning('batch')} Empty: the most that memory and targets allow.",
    )
    st.segmented_control(
        f"{said.kv_cache[0].upper()}{said.kv_cache[1:]}",
        LIMITS["kv_precision"].choices,
        required=True,
        key=key_of("kv_precision"),
        help=meaning("KV cache"),
    )
    st.slider(
        "Usable GPU memory",
        10.0,
        100.0,
        step=0.5,
        format="%g %%",
        key=key_of("usable"),
        help="The rest is left to activations, buffers and fragmentation.",
    )


def day_input() -> None:
    """Day whose prices apply."""
    low, high = (LIMITS["as_of"].low, LIMITS["as_of"].high)
    st.date_input(
        "Prices of",
        min_value=date.fromordinal(int(low)),
        max_value=date.fromordinal(int(high)),
        key=key_of("as_of"),
    )


def money_inputs(_tables: Tables, _money: Money) -> None:
    """Day, currency, overhead."""
    day_input()
    st.selectbox("Currency", LIMITS["currency"].choices, key=key_of("currency"))
    _number(
        "Units of it per US dollar",
        "rate",
        "Rate at which amounts are shown; no rate is looked up, the one that you type is used.",
    )
    _number("Overhead [% of the rent]", "overhead_percent", "Operations, storage, egress on top of the rent.")
    _number("Overhead [USD a month]", "overhead_month", "The same as a fixed amount.")


def _whole(label: str, field: str, help_text: str) -> None:
    limit = LIMITS[field]
    st.number_input(
        label,
        int(limit.low),
        int(limit.high),
        step=1,
        key=key_of(field),
        help=help_text,
        placeholder="largest",
    )


def _number(label: str, field: str, help_text: str) -> None:
    limit = LIMITS[field]
    st.number_input(
        label,
        float(limit.low),
        float(limit.high),
        key=key_of(field),
        help=help_text,
        placeholder="no target",
        format="%g" if field != "rate" else "%.4f",
    )


def note_on_money(money: Money) -> None:
    """Say the rate where amounts are not in US dollars, and warn while nobody has set it."""
    if money.currency == "USD" and money.rate == 1:
        return
    text = f"Amounts in {money.currency} at {number(money.rate, 6)} per US dollar, the rate in the scenario."
    if money.rate == 1 or money.currency == "USD":
        st.warning(f"{text} Check it under Day and money: no rate is looked up.", icon=":material/info:")
    else:
        st.caption(text)


def model_part(scenario: Scenario, tables: Tables, money: Money) -> tuple[str, str, Callable[[], None]]:
    """The model as a part of a sentence: what it says, what it opens."""
    model = tables.models.get(scenario.model)
    name = scenario.model if model is None else model.name
    return name, "Model and API", lambda: model_inputs(tables, money)


def wait_part(scenario: Scenario, tables: Tables, money: Money) -> tuple[str, str, Callable[[], None]]:
    """How long the first word may take, as a part of a sentence."""
    wait = "as long as it takes" if scenario.ttft is None else f"at most {seconds(scenario.ttft)}"
    return wait, "Engine and targets", lambda: engine_inputs(tables, money)


def scenario_bar(scenario: Scenario, tables: Tables, money: Money) -> None:
    """The whole scenario as one line, for a page that shows what it computes for both shapes."""
    shapes = scenario.shapes
    bar(
        "scenario",
        [
            ("For", shape_name(shapes.a), "Shape A", lambda: shape_inputs("a", "Shape A")),
            ("and", shape_name(shapes.b), "Shape B", lambda: shape_inputs("b", "Shape B")),
            ("of", *model_part(scenario, tables, money)),
            ("waiting", *wait_part(scenario, tables, money)),
            ("on", "GPUs", "GPUs", lambda: gpu_inputs(tables, money)),
            ("", "day, money", "Day and money", lambda: money_inputs(tables, money)),
        ],
    )


BOXES: Mapping[str, Callable[[Tables, Money], None]] = {
    "Model and API": model_inputs,
    "GPUs": gpu_inputs,
    "Engine and targets": engine_inputs,
    "Day and money": money_inputs,
}
"""What the parts of a scenario are set by, in order."""


def folded(
    titles: Sequence[str],
    tables: Tables,
    money: Money,
    boxes: Mapping[str, Callable[[Tables, Money], None]] = BOXES,
) -> None:
    """Some of ``boxes`` as closed boxes; what is closed is not drawn."""
    for title in titles:
        box = st.expander(title, key=f"box_{title}", on_change="rerun")
        if box.open:
            with box:
                boxes[title](tables, money)
