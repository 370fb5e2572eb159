"""Blocks of the Articles page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from difflib import get_close_matches

import pandas as pd
import streamlit as st

from breakeven.dashboard.blocks import plain, sources_table
from breakeven.dashboard.downloads import csv_of
from breakeven.dashboard.session import CLAIM, database, tables_on
from breakeven.question.fields import quoted
from breakeven.question.link import encode
from breakeven.question.pages.articles import ALL, DOCUMENTS, REPRODUCES, Standing
from breakeven.question.scenario import Scenario
from breakeven.tables import queries
from breakeven.tables.records import Claim, Source
from breakeven.views.articles import cards, conclusions, strip
from breakeven.views.articles import charts as charts_articles
from breakeven.views.articles.appendix import COLUMNS, Appendix, appendix_of
from breakeven.views.articles.conclusions import Finding
from breakeven.views.articles.documents import parts_of
from breakeven.views.articles.facts import CannotRecompute, Facts, read_facts
from breakeven.views.articles.figures import figures
from breakeven.views.articles.judge import MARKS as VERDICT_MARKS
from breakeven.views.articles.judge import Judged, amount
from breakeven.views.articles.standing import MARKS, Checked, best_and_worst, check, standings_by
from breakeven.words.numbers import rounded

_FIGURE = {"displayModeBar": False}


def choose_document() -> str:
    """Let the reader open a document."""
    chosen: str | None = st.segmented_control(
        "Document",
        list(DOCUMENTS),
        key="articles_document",
        format_func=lambda key: DOCUMENTS[key],
        required=True,
        label_visibility="collapsed",
    )
    return chosen or next(iter(DOCUMENTS))


def choose_standing() -> str:
    """Let the reader keep only some claims."""
    asked = st.session_state["articles_verdict"]
    words = [ALL, *Standing, *((asked,) if asked not in (ALL, *Standing) else ())]
    chosen: str | None = st.segmented_control(
        "Which claims",
        [str(word) for word in words],
        key="articles_verdict",
        format_func=_filter_name,
        required=True,
        label_visibility="collapsed",
    )
    return chosen or ALL


def overview(checked: Sequence[Checked]) -> None:
    """What has become of the claims of each document."""
    counts = standings_by(checked)
    finding = best_and_worst(counts)
    st.markdown(f"**{plain(finding)}**")
    st.plotly_chart(charts_articles.standings(counts), key="standings_chart", config=_FIGURE, alt=finding)


def _filter_name(word: str) -> str:
    if word == ALL:
        return "All"
    return f"{MARKS[Standing(word)]} {word}" if word in tuple(Standing) else word


def listed(checked: Sequence[Checked], word: str) -> list[Checked]:
    """Claims of a standing, or of a verdict as links of before name it."""
    return [one for one in checked if word in (ALL, one.standing, one.judged.verdict)]


def one_claim(asked: str, checked: Sequence[Checked], day: date) -> None:
    """Show the claim that the address names and open its document, or say that there is none."""
    found = next((one for one in checked if one.claim.claim_id == asked), None)
    if found is None:
        st.warning(plain(no_such(asked)), icon=":material/link_off:")
        return
    st.html(cards.drawn([found], day))
    document = next(key for key in DOCUMENTS if found.claim.document in parts_of(key))
    if st.session_state.get("claim_opened") != asked:  # Its document once, then whichever is chosen.
        st.session_state["claim_opened"] = asked
        st.session_state["articles_document"] = document


def claim_strip(page: str) -> None:
    """Say above a page which claim its address asks to check, and mark its number there.

    ``page`` is a key of :data:`breakeven.views.links.TITLES`; nothing is said where the address names no
    claim. The parameter changes no answer.
    """
    asked = st.query_params.get(CLAIM)
    if asked is None or page == "articles":
        return
    found = [claim for claim in article_claims() if claim.claim_id == asked]
    if not found:
        st.warning(plain(no_such(asked)), icon=":material/link_off:")
        return
    checked = check(found, article_facts(date.today()))[0]
    st.html(strip.html(checked, page, st.query_params.to_dict()))
    if (script := strip.mark(checked)) is not None:
        st.html(script, unsafe_allow_javascript=True)


def no_such(asked: str) -> str:
    """Say that there is no such claim, and which ones are spelled like it."""
    near = get_close_matches(asked.lower(), [claim.claim_id for claim in article_claims()], n=3, cutoff=0.5)
    hint = f" The nearest are {', '.join(near)}." if near else " Articles lists them all."
    return f"There is no claim {quoted(asked)}; the page answers as if none were named.{hint}"


def document(key: str, judged: Sequence[Judged], facts: Facts) -> Finding:
    """Show the conclusion of one document."""
    try:
        finding = _conclude(key, judged, facts)
        st.markdown(plain(finding.sentence))
        links = [
            f"[{word}](./?{encode(scenario)})"
            for word, scenario in (("2023", finding.then), (str(facts.day), finding.today))
            if scenario is not None
        ]
        if links:
            st.markdown(f"Show it on Compare: {' · '.join(links)}")
    except CannotRecompute as reason:
        finding = Finding(sentence=f"The conclusion cannot be recomputed: {reason}.")
        st.warning(plain(finding.sentence), icon=":material/info:")
    return finding


def proof(key: str, judged: Sequence[Judged], facts: Facts) -> None:
    """What the conclusion of a document rests on: its figures and tables, redrawn."""
    box = st.expander(_PROOF_NAMES[key], key="proof_box", on_change="rerun")
    if box.open:
        with box:
            try:
                _PROOF[key](judged, facts)
            except CannotRecompute as reason:
                st.warning(plain(f"It cannot be recomputed: {reason}."), icon=":material/info:")


def _conclude(key: str, judged: Sequence[Judged], facts: Facts) -> Finding:
    if key == "numbers":
        return conclusions.numbers(facts, judged)
    alone = {
        "sanger": conclusions.sanger,
        "shrott": conclusions.shrott,
        "cost-formula": conclusions.cost_formula,
    }
    return alone[key](facts)


def _sanger(_judged: Sequence[Judged], facts: Facts) -> None:
    table = appendix_of(facts)
    for column, lines, draw, number in zip(
        st.columns(2, gap="large"),
        figures(facts, table),
        (charts_articles.prompt_price, charts_articles.completion_price),
        (2, 3),
        strict=True,
    ):
        with column:
            st.markdown(f"**{plain(lines.finding)}**")
            st.plotly_chart(draw(lines), key=f"figure_{number}", config=_FIGURE, alt=lines.finding)
            st.caption(f"Figure {number} of the article, redrawn from its appendix; prices per 1M tokens.")
    st.markdown(plain(conclusions.model_error(table)))
    box = st.expander(
        f"The appendix again: {len(table.batch)} runs, every derived column",
        key="appendix_box",
        on_change="rerun",
    )
    if box.open:
        with box:
            st.markdown(plain(conclusions.misprints(table)))
            frame = appendix_frame(table)
            st.dataframe(frame, hide_index=True, key="appendix_rows")
            csv_of(frame, "breakeven-sanger-appendix.csv", key="appendix_csv")
            st.caption(
                "Each derived column as printed and as it follows from the measured times. The rent per "
                "second is rounded to six places, as the printed prices imply. Runs beyond 4,096 tokens "
                "exceed the context that the model was published with."
            )


def appendix_frame(table: Appendix) -> pd.DataFrame:
    """All runs with all derived columns: printed, recomputed, and what our model predicts."""
    columns: dict[str, object] = {
        "Run": range(1, len(table.batch) + 1),
        "Batch": table.batch.astype(int),
        "Prompt [tokens]": table.prompt_tokens.astype(int),
        "Completion [tokens]": table.completion_tokens.astype(int),
        "Flag": [_flag(table, place) for place in range(len(table.batch))],
    }
    for column in COLUMNS:
        columns[f"{column.title}, printed"] = table.printed[column.name]
        columns[f"{column.title}, recomputed"] = [rounded(float(x), 4) for x in table.computed[column.name]]
    return pd.DataFrame(
        columns
        | {
            "Completion time [s]": table.completion_s,
            "Prompt tokens/s, whole batch": [rounded(float(x), 4) for x in table.prompt_tokens_per_s],
            "Completion tokens/s, whole batch": [rounded(float(x), 4) for x in table.completion_tokens_per_s],
            "TTFT, our model [s]": [rounded(float(x)) for x in table.model_ttft_s],
            "Completion time, our model [s]": [rounded(float(x)) for x in table.model_completion_s],
        }
    )


def _flag(table: Appendix, place: int) -> str:
    """Name the cells of a run that do not follow from its times."""
    states = [(column.title, table.state[column.name][place]) for column in COLUMNS]
    return ", ".join(
        f"{VERDICT_MARKS[state]} {title} {state}" for title, state in states if state != REPRODUCES
    )


def _shrott(_judged: Sequence[Judged], facts: Facts) -> None:
    costs, _ = conclusions.project_costs(facts)
    frame = pd.DataFrame(
        [
            {
                "4 million prompts with": cost.what,
                f"{conclusions.PROJECT_DAY}": amount(cost.then_usd, "$"),
                f"{facts.day}": amount(cost.now_usd, "$"),
                "How": cost.note,
            }
            for cost in costs
        ]
    )
    st.table(frame.map(plain), hide_index=True)
    csv_of(frame, "breakeven-shrott-then-and-now.csv", key="shrott_csv")


def _cost_formula(_judged: Sequence[Judged], facts: Facts) -> None:
    frame = pd.DataFrame(
        [
            {
                "Formula": form.form,
                "With": form.inputs,
                "Gives": amount(form.value, form.unit),
                "Which is": form.remark,
            }
            for form in conclusions.inference_forms(facts)
        ]
    )
    st.markdown("**The inference formula as printed, and the right one with its errors mended one by one**")
    st.table(frame.map(plain), hide_index=True)
    csv_of(frame, "breakeven-inference-formula.csv", key="forms_csv")


def _numbers(judged: Sequence[Judged], facts: Facts) -> None:
    frame = pd.DataFrame(
        [
            {
                "Rule in the original": f"{row.rule}: {row.original}",
                "First Chinese version": row.first,
                "Second Chinese version": row.second,
                "Recomputed": row.recomputed,
            }
            for row in conclusions.versions(judged)
        ]
    )
    st.markdown(f"[Each rule then and on {facts.day}](./numbers?{encode(Scenario(as_of=facts.day))})")
    st.markdown("**Where the two Chinese versions depart from the original**")
    st.table(frame.map(plain), hide_index=True)
    csv_of(frame, "breakeven-translations.csv", key="versions_csv")


_PROOF = {"sanger": _sanger, "shrott": _shrott, "cost-formula": _cost_formula, "numbers": _numbers}


_PROOF_NAMES = {
    "sanger": "The article's two figures and its appendix, redrawn from its own runs",
    "shrott": "The project then and now, in dollars",
    "cost-formula": "The inference formula, its errors mended one by one",
    "numbers": "Where the two Chinese versions depart from the original",
}


def claims(checked: Sequence[Checked], key: str, word: str, day: date) -> None:
    """The claims of a document as cards, the wrong ones first, and as a list."""
    kept = listed(checked, word)
    if not kept:
        st.info(f"No claim of this document is '{word}'. Choose another above.")
        return
    for standing, heading in _HEADINGS.items():
        group = [one for one in kept if one.standing == standing]
        if standing == Standing.WRONG:
            group.sort(key=cards.times_off, reverse=True)
        if group:
            st.markdown(f"### {heading}: {len(group)}")
            st.html(cards.drawn(group, day))
    st.caption(
        "Reproduces: within half a step of the last digit printed. Rounds: within the tolerance stated for "
        "the claim. Amounts in US dollars, as in the documents."
    )
    box = st.expander("The same as a list", key="list_box", on_change="rerun")
    if box.open:
        with box:
            frame = claims_frame(kept)
            st.dataframe(frame, hide_index=True, key="claims_table")
            csv_of(frame, f"breakeven-claims-{key}.csv", key="claims_csv")


_HEADINGS: Mapping[Standing, str] = {
    Standing.WRONG: "What is wrong",
    Standing.HELD_THEN: "What held then and does not now",
    Standing.HOLDS: "What holds",
    Standing.OPEN: "What cannot be checked",
}


def claims_frame(checked: Sequence[Checked]) -> pd.DataFrame:
    """Claims as numbers, for a download."""
    return pd.DataFrame(
        [
            {
                "document": one.claim.document,
                "section": one.claim.section,
                "claim": one.claim.claim,
                "quoted": one.claim.quoted,
                "quoted_value": one.claim.quoted_value,
                "recomputed": one.judged.value,
                "now": one.now,
                "unit": one.claim.unit,
                "verdict": one.judged.verdict,
                "standing": str(one.standing),
                "explanation": one.claim.explanation,
                "source": one.claim.source_id,
                "where": one.claim.locator,
            }
            for one in checked
        ]
    )


def sources(judged: Sequence[Judged], finding: Finding, known: Mapping[str, Source]) -> None:
    """Where the claims and the numbers of the conclusion come from."""
    box = st.expander("Sources", key="sources_box", on_change="rerun")
    if box.open:
        with box:
            keys = dict.fromkeys((*(one.claim.source_id for one in judged), *finding.source_ids))
            sources_table([known[key] for key in keys if key in known])


@st.cache_resource(show_spinner=False)
def article_claims() -> tuple[Claim, ...]:
    """All claims of the articles, in their order."""
    return tuple(queries.claims(database()))


@st.cache_resource(max_entries=16, show_spinner="Reading the tables")
def article_facts(day: date) -> Facts:
    """What the claims are recomputed from."""
    return read_facts(database(), day, tables_on)
