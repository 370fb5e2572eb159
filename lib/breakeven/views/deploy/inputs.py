"""Widgets of the Deploy page's own fields; the scenario's are those of every page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

import streamlit as st

from breakeven.dashboard import inputs
from breakeven.dashboard.bar import bar
from breakeven.dashboard.blocks import plain
from breakeven.dashboard.session import key_of
from breakeven.dashboard.terms import terms
from breakeven.dashboard.upload_store import content_of
from breakeven.hosting.config_json import from_link, read_config, to_link
from breakeven.question.pages.deploy import (
    CACHES,
    FIELDS,
    MODES,
    NOTHING_ELSE,
    OWNED,
    RENTED,
    TYPED_NAME,
    WEIGHTS,
    Fields,
    listed,
    shape_of,
)
from breakeven.question.scenario import CHEAPEST, LIMITS, Scenario
from breakeven.tables.day import Tables
from breakeven.usage.spool import Unreadable
from breakeven.views.deploy.words import MODE_WORDS
from breakeven.words.names import shape_name
from breakeven.words.numbers import Money

_SHAPES = {"a": "shape A", "b": "shape B", "own": "another"}
_SAID = "config_said"
"""What was said about the model that was pasted last."""
_MOST_MB = 1
"""Largest config.json. [MB]"""


def shape() -> None:
    """Which shape is asked about, and its tokens."""
    st.segmented_control(
        "For", list(_SHAPES), format_func=_SHAPES.__getitem__, required=True, key="deploy_shape"
    )
    chosen = st.session_state["deploy_shape"]
    if chosen == "own":
        _whole("Prompt tokens", "prompt", "Tokens sent with one request, cached ones included.")
        _whole("Completion tokens", "completion", "Tokens generated for one request, reasoning included.")
    else:
        inputs.shape_inputs(chosen, f"Shape {chosen.upper()}")
    _number(
        "Prompt found in the prefix cache [%]",
        "hit",
        "Part of every prompt whose keys and values are still in memory: it is not computed again. "
        "Empty: the cached tokens of the shape.",
        "as the shape says",
    )


def model(tables: Tables, _money: Money) -> None:
    """The model: from the table, or from a config.json."""
    typed = st.session_state["deploy_model"]
    if typed is None:
        st.selectbox(
            "Model to host",
            list(tables.models),
            format_func=lambda key: tables.models[key].name,
            key=key_of("model"),
        )
    else:
        known, problem = from_link(typed)
        st.markdown(plain(known.name if known else problem or ""))
        st.button("Back to the models of the table", key="config_forget_button", on_click=_forget)
    st.segmented_control(
        "Weights",
        LIMITS["precision"].choices,
        required=True,
        key=key_of("precision"),
        help="Number format of the weights. fp8 and fp4 compute faster on GPUs that have the rate; "
        "int8 and int4 only store the weights smaller.",
    )
    st.text_area(
        "Another model: paste its config.json",
        key="config_text",
        height=90,
        placeholder='{"hidden_size": 8192, "num_hidden_layers": 80, …}',
        on_change=_take_text,
        help="The file of that name in a Hugging Face repository. Only its numbers go into the link.",
    )
    st.file_uploader(
        "or upload it", type=["json"], key="config_file", on_change=_take_file, max_upload_size=_MOST_MB
    )


def _take_text() -> None:
    text = st.session_state["config_text"] or ""
    if text.strip():
        _take(text)


def _take_file() -> None:
    file = st.session_state["config_file"]
    if file is not None:
        try:
            text = content_of(file, _MOST_MB).decode("utf-8", errors="replace")
        except Unreadable as reason:
            st.session_state[_SAID] = (("problem", str(reason)),)
        else:
            _take(text)


def _take(text: str) -> None:
    """Read a config; a fault is said and the model that was stays."""
    read = read_config(text)
    said = [("note", note) for note in read.notes]
    if read.model is None:
        said = [("problem", read.problem or "")]
    else:
        st.session_state["deploy_model"] = to_link(read.model)
        billions = read.model.params_total_b or 0.0
        said.insert(0, ("note", f"Read: {read.model.name}, {billions:.3g} billion parameters."))
    st.session_state[_SAID] = tuple(said)


def _forget() -> None:
    st.session_state["deploy_model"] = None
    st.session_state["config_text"] = ""
    st.session_state[_SAID] = ()


def also(_tables: Tables, _money: Money) -> None:
    """What is considered beside the scenario's formats and mode."""
    _pills("Weights, besides the one above", "weights", WEIGHTS, "precision")
    cache = terms().kv_cache
    _pills(f"{cache[0].upper()}{cache[1:]}, besides the engine's", "cache", CACHES, "kv_precision")
    _pills("Serving modes, besides the engine's", "modes", MODES, "mode")
    st.caption("Four-bit weights and an 8-bit cache can change what the model answers; they are not checked.")


def _pills(label: str, field: str, known: tuple[StrEnum, ...], own: str) -> None:
    """Several words of a field that the link keeps as a text."""
    key, shown = f"deploy_{field}", f"also_{field}"
    first = st.session_state[key_of(own)]
    options = [str(word) for word in known]
    choices = [word for word in options if word != first]
    st.session_state[shown] = [word for word in listed(st.session_state[key]) if word in choices]

    def keep() -> None:
        chosen = [*st.session_state[shown], *([first] if first in listed(st.session_state[key]) else [])]
        st.session_state[key] = ",".join(word for word in options if word in chosen) or NOTHING_ELSE

    st.pills(
        label,
        choices,
        selection_mode="multi",
        format_func=lambda word: MODE_WORDS.get(word, word),
        key=shown,
        on_change=keep,
    )


def gpus(tables: Tables, money: Money) -> None:
    """The scenario's GPU and price; the count is what the page finds."""
    inputs.gpu_inputs(tables, money)
    if st.session_state[key_of("gpu")] != CHEAPEST:
        st.caption(f"This page ranks 1, 2, 4, 8 and 16 GPUs in one {terms().replica}, whatever is set here.")


def hardware(_tables: Tables, _money: Money) -> None:
    """Rented or owned, and what owning costs."""
    st.segmented_control(
        "The GPUs are",
        [RENTED, OWNED],
        required=True,
        key="deploy_price",
        help="Rented at the kind of price above, or owned: purchase spread over its years, power, hosting.",
    )
    if st.session_state["deploy_price"] == RENTED:
        return
    _number("Purchase of one GPU [USD]", "buy", "With its share of the server and network.")
    _number("Resale at the end [USD]", "resale", "What one GPU fetches after its years.")
    _number("Years in use", "years", "The purchase is spread evenly over them, with interest.")
    _number("Interest [% a year]", "interest", "What the money would earn or cost elsewhere.")
    _number("Power of one GPU [W]", "watts", "With its share of the server.", "the GPU's rated power")
    _number("PUE", "pue", "Power of the building over power of the machines.")
    _number("Electricity [USD per kWh]", "kwh", "Tariff at the site.")
    _number("Hosting [USD per GPU-hour]", "hosting", "Space, network, staff.")


def speculation(_tables: Tables, _money: Money) -> None:
    """Speculative decoding."""
    _whole(
        "Drafted tokens per step",
        "drafts",
        "A small model proposes tokens, the large one checks them in one step. 0: not used.",
    )
    if st.session_state["deploy_drafts"]:
        _number(
            "Accepted [%]", "acceptance", "Chance that one drafted token is right; measured ones: 50 to 80 %."
        )
        _number("Size of the draft [% of the model]", "draft", "Its time and memory are taken as that share.")


def gpu(_tables: Tables, _money: Money) -> None:
    """A GPU that is not in the table."""
    st.toggle("Consider a GPU of my own numbers", key="deploy_gpu")
    if not st.session_state["deploy_gpu"]:
        return
    if not (st.session_state["deploy_gpu_name"] or "").strip():
        st.session_state["deploy_gpu_name"] = TYPED_NAME
    st.text_input("Its name", key="deploy_gpu_name", max_chars=24)
    _number("Memory [GB]", "gpu_memory", "1 GB is 1e9 bytes.")
    _number("Memory bandwidth [GB/s]", "gpu_bandwidth", "As the data sheet says.")
    _number("Dense fp16 rate [TFLOP/s]", "gpu_fp16", "Without sparsity: half of a sparse figure.")
    _number("Dense fp8 rate [TFLOP/s]", "gpu_fp8", "Empty: it has none.", "none")
    _number("Dense fp4 rate [TFLOP/s]", "gpu_fp4", "Empty: it has none.", "none")
    _number("Link, one direction [GB/s]", "gpu_link", "Empty: only one GPU together.", "none")
    _number("Rent [USD per GPU-hour]", "gpu_usd", "Where the GPUs are rented.")


def _whole(label: str, field: str, help_text: str) -> None:
    limit = FIELDS.limits[field]
    st.number_input(label, int(limit.low), int(limit.high), step=1, key=f"deploy_{field}", help=help_text)


def _number(label: str, field: str, help_text: str, placeholder: str = "") -> None:
    limit = FIELDS.limits[field]
    st.number_input(
        label,
        float(limit.low),
        float(limit.high),
        key=f"deploy_{field}",
        help=help_text,
        placeholder=placeholder,
        format="%g",
    )


BOXES: Mapping[str, Callable[[Tables, Money], None]] = {
    "Model": model,
    "GPUs": gpus,
    "Engine and targets": inputs.engine_inputs,
    "Also consider": also,
    "Owned hardware": hardware,
    "A GPU of my own numbers": gpu,
    "Speculative decoding": speculation,
    "Day and money": inputs.money_inputs,
}
"""What the parts of the page's line are set by, in order."""
_FOLDED = list(BOXES)[3:]
"""Those under the last word of the line."""


def sentence(scenario: Scenario, extra: Fields, tables: Tables, money: Money) -> None:
    """What is to be served, to how many, how quickly: each part opens what it is made of."""
    known = tables.models.get(scenario.model)
    typed = None if extra.model is None else from_link(extra.model)[0]
    name = typed.name if typed else known.name if known else scenario.model

    bar(
        "deploy",
        [
            ("I serve", name, "Model", lambda: model(tables, money)),
            ("to", scenario.load.said(), "Load", inputs.load_inputs),
            ("of", shape_name(shape_of(scenario, extra)), "Shape", shape),
            ("and wait", *inputs.wait_part(scenario, tables, money)),
            ("to start.", "GPUs", "GPUs", lambda: gpus(tables, money)),
            ("", "more", "More", lambda: inputs.folded(_FOLDED, tables, money, BOXES)),
        ],
    )
    # Outside the word: its name changes with the model, which closes it.
    for kind, said in st.session_state.get(_SAID, ()):
        (st.error if kind == "problem" else st.caption)(plain(said))
