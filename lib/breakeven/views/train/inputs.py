"""Widgets of the Train page. Every widget is keyed by the field of the plan that it sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields

import streamlit as st

from breakeven.dashboard.bar import Part, bar
from breakeven.dashboard.inputs import load_inputs, money_inputs
from breakeven.dashboard.session import key_of
from breakeven.formulas.training_memory import ZERO_STAGES
from breakeven.question.pages.train import (
    FIELDS,
    LIMITS,
    OPTIMISER_BYTES,
    PRETRAIN,
    SHROTT,
    SHROTT_SCENARIO,
    TUNE,
    TUNE_OR_PROMPT,
    Fields,
)
from breakeven.question.scenario import LIMITS as SCENARIO_LIMITS
from breakeven.question.scenario import Limit, Scenario
from breakeven.tables.day import Tables
from breakeven.views.train.words import METHOD_WORDS, OPTIMISER_WORDS
from breakeven.words.names import gpu_name
from breakeven.words.numbers import Money, compact, number

GOALS = {PRETRAIN: "Pre-train", TUNE: "Tune", TUNE_OR_PROMPT: "Tune or prompt?"}
_RECOMPUTE = {
    "none": "nothing",
    "selective": "attention scores (as FlashAttention)",
    "full": "all but a layer's input",
}
_TARGETS = {"all-linear": "all linear layers", "attention": "attention", "query-value": "query and value"}
_LAWS = {
    "20-per-parameter": "20 tokens per parameter",
    "hoffmann-2022": "Hoffmann et al. 2022, approach 3",
    "besiroglu-2024": "the same, fitted again (Besiroglu et al. 2024)",
}


def sentence(scenario: Scenario, plan: Fields, tables: Tables, money: Money) -> None:
    """What is trained on what, by when: each part opens what it is made of."""
    known = tables.models.get(scenario.model)
    name = known.name if known else scenario.model
    if plan.params_b is not None:
        name = f"{number(plan.params_b)} billion parameters"
    tokens = "as many tokens as pay" if plan.tokens_b is None else f"{compact(plan.tokens_b * 1e9)} tokens"
    work = f"{plan.examples:,} examples" if plan.tunes else tokens
    known_gpu = tables.gpus.get(plan.gpu)
    gpu = gpu_name(known_gpu) if known_gpu else plan.gpu
    within = "any time" if plan.days is None else f"{number(plan.days)} days"

    def more() -> None:
        for title, draw in FOLDED.items():
            box = st.expander(title, key=f"box_{title}", on_change="rerun")
            if box.open:
                with box:
                    draw(tables, money)

    against: list[Part] = []
    if plan.goal == TUNE_OR_PROMPT:
        against = [("or prompt", plan.teacher, "Prompting", lambda: prompting_inputs(tables))]
    bar(
        "train",
        [
            ("I want to", GOALS[plan.goal].lower().removesuffix(" or prompt?"), "Goal", goal_input),
            ("", f"{name} on {work}", "Work", lambda: work_inputs(plan.goal, tables)),
            *against,
            (
                "using",
                gpu,
                "GPUs and price",
                lambda: gpu_inputs(tables, money),
            ),
            ("within", within, "Budget and time", lambda: question_inputs(tables, money)),
            ("", "more", "More", more),
        ],
    )


def goal_input() -> None:
    """What is asked."""
    st.segmented_control("Goal", list(GOALS), format_func=GOALS.__getitem__, required=True, key=_key("goal"))


def work_inputs(goal: str, tables: Tables) -> None:
    """The model, and what it is trained on."""
    st.selectbox(
        "Model",
        list(tables.models),
        format_func=lambda key: tables.models[key].name,
        key=key_of("model"),
        help="Gives the size and the architecture; a size typed below replaces it.",
    )
    _number("or parameters [billions]", "params_b", "Empty: the model above.", "the model above")
    if st.session_state[_key("params_b")] is not None:
        _number(
            "active per token [billions]",
            "active_b",
            "Of a mixture of experts, the parameters that one token meets. Empty: all of them.",
            "all",
        )
    if goal == PRETRAIN:
        _number(
            "Training tokens [billions]",
            "tokens_b",
            "Empty: as many as are compute-optimal for the size.",
            "compute-optimal",
        )
        return
    st.segmented_control(
        "What is trained",
        LIMITS["method"].choices,
        format_func={"full": "all", "lora": "LoRA", "qlora": "QLoRA"}.__getitem__,
        required=True,
        key=_key("method"),
        help="  \n".join(f"**{name}**: {words}" for name, words in METHOD_WORDS.items()),
    )
    _whole("Examples", "examples", "Pairs of a prompt and its answer.")
    _whole("Tokens of one example", "example_tokens", "Prompt and answer together.")
    _number("Epochs", "epochs", "Passes over all examples.")


def question_inputs(_tables: Tables, _money: Money) -> None:
    """Budget and deadline."""
    _number("Budget [USD]", "budget", "What would this money train? Empty: not asked.", "not asked")
    _number(
        "Time to finish in [days]",
        "days",
        "Sets the number of GPUs where that is left open.",
        "no deadline",
    )
    st.selectbox(
        "Compute-optimal means",
        LIMITS["law"].choices,
        format_func=_LAWS.__getitem__,
        key=_key("law"),
        help="The laws that were published disagree: approach 3 of 2022 asks for twice as many tokens per "
        "parameter as its own refit of 2024.",
    )


def gpu_inputs(tables: Tables, _money: Money) -> None:
    """GPUs, their price and what they reach."""
    key = _key("gpu")
    options = list(tables.gpus)
    if st.session_state[key] not in options:
        options.append(st.session_state[key])
    st.selectbox(
        "GPU",
        options,
        format_func=lambda one: tables.gpus[one].name if one in tables.gpus else f"{one} (not in the tables)",
        key=key,
    )
    _number("GPUs", "gpus", "Empty: as few as hold it and finish in time.", "as few as do", whole=True)
    st.selectbox(
        "Kind of price",
        SCENARIO_LIMITS["gpu_price_type"].choices,
        key=key_of("gpu_price_type"),
    )
    _number(
        "Price of a GPU-hour [USD]", "usd_per_gpu_hour", "Empty: the median offer in force.", "median offer"
    )
    _number(
        "MFU",
        "mfu",
        "Model FLOP utilisation: share of the 16-bit peak that training reaches. Empty: the middle half of "
        "the published runs on this GPU family, as a range.",
        "published runs",
    )
    _number(
        "Time lost to restarts",
        "lost",
        "Share of the rented time without progress. Published GPU-hours mostly hold it already.",
    )


def memory_inputs(_tables: Tables, _money: Money) -> None:
    """How the training is laid out in memory."""
    _whole("Sequence [tokens]", "sequence", "Tokens of one training sequence.")
    _whole("Micro-batch", "micro_batch", "Sequences that one GPU passes at a time.")
    st.selectbox(
        "Recompute",
        LIMITS["recomputation"].choices,
        format_func=_RECOMPUTE.__getitem__,
        key=_key("recomputation"),
        help="Activations that are computed again for the backward pass instead of kept. Recomputing all "
        "adds a forward pass: a third more work.",
    )
    st.segmented_control(
        "ZeRO stage",
        ZERO_STAGES,
        required=True,
        key=_key("zero"),
        help="What the GPUs share out instead of copying: 1 the optimiser, 2 gradients too, "
        "3 weights too (FSDP).",
    )
    _number(
        "GPUs that share each layer",
        "tensor",
        "Tensor parallelism. Empty: as few as let it fit.",
        "open",
        whole=True,
    )
    st.selectbox(
        "Optimiser", list(OPTIMISER_BYTES), format_func=OPTIMISER_WORDS.__getitem__, key=_key("optimiser")
    )
    if st.session_state[_key("goal")] != PRETRAIN and st.session_state[_key("method")] != "full":
        _whole("LoRA rank", "rank", "Width of the adapters.")
        st.selectbox(
            "Adapters on", LIMITS["targets"].choices, format_func=_TARGETS.__getitem__, key=_key("targets")
        )


def prompting_inputs(tables: Tables) -> None:
    """The bigger model, the labels, the volume."""
    st.button(
        "Fill in Shrott's project of 2023",
        key="shrott_button",
        on_click=_fill_shrott,
        help="Four million prompts: 2,000 labelled by GPT-4, a small model tuned for $6.60 and served for "
        "$98.98, against GPT-4 and GPT-3.5 at the prices of that day.",
    )
    _offer("Bigger model", "teacher", tables, "Labels the examples, and is what tuning is held against.")
    _offer("A second offer", "rival", tables, "Another API to compare with.", empty=True)
    st.number_input("Prompt tokens", 1, 2_000_000, step=1, key=key_of("prompt_a"), help="Of one request.")
    st.number_input(
        "Completion tokens", 1, 2_000_000, step=1, key=key_of("completion_a"), help="Of one request."
    )
    _number("Requests in all", "requests", "Served by the tuned model, or sent to the bigger one.")
    load_inputs(counted=False)
    _whole("Labels bought", "labelled", "Examples whose answer comes from the bigger model.")
    _number("Price of a label [USD]", "label_usd", "Empty: one request at the bigger model.", "one request")
    _number(
        "Tuning [USD]",
        "tuning_usd",
        "What the tuning cost, where that is known. Empty: computed.",
        "computed",
    )
    _number(
        "Serving 1,000 requests [USD]",
        "serve_usd",
        "On the tuned model, where that is known. Empty: the scenario's deployment of the model.",
        "computed",
    )


def _fill_shrott() -> None:
    """Set the fields of the article's project; the currency and the rest stay."""
    for field in fields(SHROTT):
        st.session_state[_key(field.name)] = getattr(SHROTT, field.name)
    for name, value in SHROTT_SCENARIO.items():
        st.session_state[key_of(name)] = value


def owned_inputs(_tables: Tables, _money: Money) -> None:
    """Owned hardware and energy."""
    _number("Price of one GPU [USD]", "owned_usd", "With its share of the server. Empty: rented.", "rented")
    _number("Years in use", "owned_years", "Spread over these.")
    _number("Interest a year", "owned_interest", "0.08 is 8 %.")
    _number("Resale value", "owned_residual", "Share of the price at the end.")
    _number("Hosting [USD per GPU-hour]", "owned_hosting", "Space, network, staff.")
    _number("Electricity [USD per kWh]", "usd_per_kwh", "For owned GPUs.")
    _number("PUE", "pue", "Power usage effectiveness: what the building draws over what the machines draw.")


def _offer(label: str, field: str, tables: Tables, help_text: str, *, empty: bool = False) -> None:
    """An API offer in force; the list is long, so its names are made once a day."""
    key = _key(field)
    options: list[str | None] = [
        *([None] if empty else []),
        *(offer.api_offer_id for offer in tables.api_offers),
    ]
    if st.session_state[key] not in options:
        options.append(st.session_state[key])
    st.selectbox(
        label, options, format_func=lambda one: "none" if one is None else one, key=key, help=help_text
    )


def _key(field: str) -> str:
    return FIELDS.prefix + field


def _limit(field: str) -> Limit:
    return LIMITS[field]


def _whole(label: str, field: str, help_text: str) -> None:
    limit = _limit(field)
    st.number_input(label, int(limit.low), int(limit.high), step=1, key=_key(field), help=help_text)


def _number(
    label: str, field: str, help_text: str, placeholder: str | None = None, *, whole: bool = False
) -> None:
    limit = _limit(field)
    low, high = (int(limit.low), int(limit.high)) if whole else (float(limit.low), float(limit.high))
    st.number_input(
        label,
        low,
        high,
        key=_key(field),
        help=help_text,
        placeholder=placeholder,
        **({"step": 1} if whole else {"format": "%g"}),
    )


FOLDED: Mapping[str, Callable[[Tables, Money], None]] = {
    "Memory": memory_inputs,
    "Owned GPUs and energy": owned_inputs,
    "Day and money": money_inputs,
}
"""What stands under the last word of the page's line."""
