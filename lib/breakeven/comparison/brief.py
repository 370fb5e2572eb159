"""A brief to hand on: verdict, both bills, how far it carries, working, sources. One page, in two forms.

Its sentences are those of the page; text of tables and of links is escaped in both forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from breakeven.apis.shapes import ApiBill
from breakeven.comparison import words
from breakeven.comparison.answer import Comparison, ShapeAnswer
from breakeven.formulas.mode import Mode
from breakeven.formulas.units import HOURS_PER_MONTH, SECONDS_PER_HOUR
from breakeven.question.scenario import Scenario
from breakeven.tables.queries import billed
from breakeven.tables.records import Source
from breakeven.words.names import PER_REQUESTS, deployment_name, kind_of, offer_name, shape_name
from breakeven.words.numbers import count, number, percent, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading with what stands under it, plain text."""

    heading: str
    strong: str = ""
    """The sentence that decides."""
    lines: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    """Rows of cells, the first of them the head."""
    points: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What the comparison answers, to be read without the page."""

    title: str
    sections: tuple[Section, ...]


def brief_of(answer: Comparison, sources: Mapping[str, Source], link: str) -> Brief:
    """Write the brief of an answer.

    Parameters
    ----------
    answer
        The Compare page's.
    sources
        By id; those that the answer names are listed.
    link
        Address that repeats it, or the part after the question mark.
    """
    scenario = answer.scenario
    named = tuple(sources[key] for key in answer.source_ids if key in sources)
    model = answer.model.name if answer.model else scenario.model
    return Brief(
        title=f"{model} at {scenario.load.said()}: an API, or rented GPUs?",
        sections=(
            Section(heading="Question", lines=(words.question(answer, scenario.money), *answer.problems)),
            *(_shape(letter, one, answer) for letter, one in zip("AB", answer.shapes, strict=True)),
            Section(heading="What it assumes", points=_assumed(answer)),
            Section(
                heading="Working (rounded; the page computes with all digits)",
                points=tuple(
                    f"{letter}: {line}"
                    for letter, one in zip("AB", answer.shapes, strict=True)
                    for line in working(one, scenario)
                ),
            ),
            Section(heading="Prices", points=_prices(answer)),
            Section(heading="Sources", sources=named),
            Section(heading="The same with all its working", link=link),
        ),
    )


def _prices(answer: Comparison) -> tuple[str, ...]:
    """The prices that were taken, a line each; what was passed over in one."""
    notes = words.price_notes(answer, answer.scenario)
    aside = [one for one in notes if one.startswith(("Passed over", "Cheaper on paper"))]
    return tuple(filter(None, (*(one for one in notes if one not in aside), " ".join(aside))))


def _shape(letter: str, shape: ShapeAnswer, answer: Comparison) -> Section:
    scenario = answer.scenario
    said = (
        words.condition(shape, scenario),
        (shape.host_reason or "") if shape.host else "",
        words.contenders(shape),
        words.ages(shape, answer),
        words.at_load(shape, scenario),
    )
    return Section(
        heading=f"{letter}: {kind_of(shape.shape)}, {shape_name(shape.shape)}",
        strong=f"{words.headline(shape, scenario)}.",
        lines=tuple(line for line in said if line),
        table=_bills(shape, scenario),
    )


def _bills(shape: ShapeAnswer, scenario: Scenario) -> tuple[tuple[str, ...], ...]:
    """Both bills in one unit each, side by side; nothing where one is missing."""
    here, bill, host, money = shape.at_load, shape.api.bill, shape.host, scenario.money
    if here is None or bill is None or host is None or here.api_usd is None:
        return ()
    tokens = shape.shape.prompt_tokens + shape.shape.completion_tokens
    own, api = here.host_usd_per_request(), bill.usd
    span = money.span(here.host_usd_low, here.host_usd_high)
    hosted = money.amount(here.host_usd)
    hosted += f" (estimate {span})" if span != hosted else ""
    median = shape.api.median_usd
    at_median = "" if median is None else f" (median host {money.amount(median * here.requests)})"
    return (
        ("", "Self-hosted", "API"),
        ("With", deployment_name(host), offer_name(bill.offer)),
        (f"Bill {scenario.load.period}", hosted, f"{money.amount(here.api_usd)}{at_median}"),
        (
            f"Per {PER_REQUESTS:,} requests",
            money.amount(own * PER_REQUESTS),
            money.amount(api * PER_REQUESTS),
        ),
        ("Per 1M tokens", money.amount(own / tokens * 1e6), money.amount(api / tokens * 1e6)),
    )


def working(shape: ShapeAnswer, scenario: Scenario) -> list[str]:
    """Write both bills as products of what they are made of; a side without a bill has no line."""
    host, bill = shape.host, shape.api.bill
    lines = [_replicas(shape, scenario), _rent(shape, scenario)] if host and shape.at_load else []
    if bill is not None:
        lines.append(_tokens(shape, bill, scenario))
    return [line for line in lines if line]


def _replicas(shape: ShapeAnswer, scenario: Scenario) -> str:
    """How many replicas: the work over what one may do."""
    host, here = shape.host, shape.at_load
    if host is None or here is None:
        return ""
    size = f"{count(here.replicas, 'replica')} of {count(host.candidate.n_gpus, 'GPU')}"
    each = f"{scenario.load.said()} × {seconds(host.replica_s)} of a replica each"
    if scenario.mode == Mode.DISAGGREGATED:
        each += (
            f" ({seconds(host.prefill_s)} reading, {seconds(host.decode_s)} writing, "
            "each pool rounded up by itself)"
        )
    if scenario.load.ends:
        return (
            f"{each} ÷ ({seconds(scenario.load.finish_s)} − {seconds(scenario.load.startup_s)} to start) "
            f"= {size}, rounded up."
        )
    return f"{each} ÷ {percent(scenario.targets.utilisation)} busy = {size}, rounded up."


def _rent(shape: ShapeAnswer, scenario: Scenario) -> str:
    """The rent of those replicas."""
    host, here, money = shape.host, shape.at_load, scenario.money
    if host is None or here is None:
        return ""
    price = host.candidate.price.usd_per_gpu_hour
    hours = f"{number(here.hours)} h" + (" each, start included" if scenario.load.ends else " a month")
    gpus = count(here.replicas * host.candidate.n_gpus, "GPU")
    text = f"{gpus} × {money.amount(price)} per GPU-hour × {hours}"
    if scenario.overhead_percent:
        text += f" × {number(1 + scenario.overhead_percent / 100, 4)} with operations"
    if fixed := fixed_usd(scenario):
        text += f" + {money.amount(fixed)} fixed"
    return f"{text} = {money.amount(here.host_usd)} {scenario.load.period} self-hosted."


def fixed_usd(scenario: Scenario) -> float:
    """What is paid besides the rent: of a job, for the time that it may take. [USD]"""
    months = scenario.load.finish_s / (HOURS_PER_MONTH * SECONDS_PER_HOUR) if scenario.load.ends else 1.0
    return scenario.overhead_month * months


def _tokens(shape: ShapeAnswer, bill: ApiBill, scenario: Scenario) -> str:
    """The API's bill of a request, and of all of them."""
    tokens, tier, money = shape.shape, bill.tier, scenario.money
    parts = []
    for amount, usd_per_mtok, what in (
        (tokens.prompt_tokens - tokens.cached_tokens, tier.input_usd_per_mtok, "in"),
        (tokens.cached_tokens, billed(tier, "cache_read_usd_per_mtok"), "from the cache"),
        (tokens.completion_tokens, tier.output_usd_per_mtok, "out"),
    ):
        if amount:
            parts.append(f"{amount:,} {what} × {money.amount(float(usd_per_mtok))}")
    fee = f", + {money.amount(float(tier.usd_per_request))} a request" if tier.usd_per_request else ""
    text = f"({' + '.join(parts)}) per 1M tokens{fee} = {money.amount(bill.usd)} a request"
    usd = bill.usd * scenario.load.billed
    total = f"{money.amount(usd)} {scenario.load.period}"
    return f"{text}; × {number(scenario.load.billed)} requests = {total} at the API."


def _assumed(answer: Comparison) -> tuple[str, ...]:
    """What the verdict would change with."""
    scenario = answer.scenario
    waits = [
        f"the first token within {seconds(scenario.ttft)}" if scenario.ttft is not None else "",
        f"each next one within {seconds(scenario.tpot)}" if scenario.tpot is not None else "",
    ]
    wanted = " and ".join(filter(None, waits)) or "no latency target"
    busy = (
        "Rented until the job is done, never idle"
        if scenario.load.ends
        else f"Rented all month, at most {percent(scenario.targets.utilisation)} busy"
    )
    lines = [
        f"Targets: {wanted}. {busy}; engines use {percent(scenario.usable)} of the memory.",
        f"Weights in {scenario.precision}, KV cache in {scenario.kv_precision}, {scenario.mode} batching, "
        f"engine: {scenario.engine}; {scenario.gpu_price_type} rents, {scenario.gpu_offer} of the offers.",
    ]
    for letter, one in zip("AB", answer.shapes, strict=True):
        told = [
            line
            for line in words.why(one, answer.model_shape, scenario)
            if line.startswith(("Estimated range", "Efficiency", "Not certain"))
        ]
        lines += [f"{letter}: {' '.join(told)}"] if told else []
    if scenario.currency != "USD":
        lines.append(f"1 US dollar = {number(scenario.rate, 6)} {scenario.currency}.")
    return tuple(lines)


# --- Markdown -----------------------------------------------------------------------------------------

_SIGNS = re.compile(r"([\\`*_\[\]<>|~#&])")
_ADDRESS = re.compile(r"https?(?=:)|www(?=\.)|(?<=\w)@(?=\w)", re.IGNORECASE)
"""Where Markdown would make a link of bare text; a word joiner, which nobody sees, keeps it from that."""


def as_markdown(brief: Brief) -> str:
    """The brief as Markdown."""
    lines = [f"# {_marked(brief.title)}"]
    for section in brief.sections:
        if not (section.strong or section.lines or section.table or section.points or _ends(section)):
            continue
        lines += ["", f"## {_marked(section.heading)}"]
        if section.strong:
            lines += ["", f"**{_marked(section.strong)}**"]
        if section.table:
            head, *rows = section.table
            lines += ["", _row(head), "|" + " --- |" + " ---: |" * (len(head) - 1), *map(_row, rows)]
        if section.lines:
            lines += ["", " ".join(_marked(line) for line in section.lines)]
        if section.points or section.sources:
            lines += ["", *(f"- {_marked(point)}" for point in section.points)]
            lines += [f"- {_source(source)}" for source in section.sources]
        if section.link:
            lines += ["", f"<{_safe(section.link)}>" if _is_web(section.link) else f"`{_safe(section.link)}`"]
    return "\n".join(lines) + "\n"


def _ends(section: Section) -> bool:
    return bool(section.sources or section.link)


def _marked(text: str) -> str:
    """Plain text as Markdown that shows it as it is."""
    return _SIGNS.sub(r"\\\1", _ADDRESS.sub("\\g<0>\u2060", " ".join(text.split())))


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(_marked, cells)) + " |"


def _source(source: Source) -> str:
    where = f", <{_safe(source.address)}>" if _is_web(source.address) else ""
    notice = f" {_marked(source.notice)}" if source.notice else ""
    return f"{_marked(source.title)}, {_marked(source.publisher)}, read {source.accessed}{where}.{notice}"


def _is_web(address: str | None) -> bool:
    return bool(address) and str(address).startswith(("http://", "https://"))


def _safe(address: str | None) -> str:
    """An address without a sign that could end it."""
    return quote(address or "", safe="%/:?&=+,;@~#!$()*'[].-_")


# --- HTML to print ------------------------------------------------------------------------------------

_STYLE = """
@page{size:A4;margin:11mm}
*{box-sizing:border-box}
body{font:15px/1.45 system-ui,-apple-system,"Segoe UI",sans-serif;color:#1a1a1a;background:#fff;
 margin:2rem auto;max-width:52rem;padding:0 1rem}
h1{font-size:1.55em;line-height:1.2;margin:.2em 0 .5em}
h2{font-size:1.05em;margin:1em 0 .25em;border-bottom:1px solid #ccc;break-after:avoid}
p,ul,table{margin:.3em 0}
ul{padding-left:1.2em}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.15em .5em;border-bottom:1px solid #ddd;text-align:right;vertical-align:top}
th:first-child,td:first-child{text-align:left;padding-left:0;font-weight:400}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:0 2em}
.own{border-bottom:3px solid #0072B2}.api{border-bottom:3px solid #D55E00}
a{color:#005f96;overflow-wrap:anywhere}
small{color:#595959}
@media print{
 body{font-size:8pt;line-height:1.28;margin:0;max-width:none;padding:0}
 .pair{grid-template-columns:1fr 1fr}
 .cited{font-size:7pt}
 th,td{padding:.1em .4em}
 a{color:inherit;text-decoration:none}
 h2{margin-top:.7em}li,tr{break-inside:avoid}
}
"""


def as_html(brief: Brief) -> str:
    """The brief as a page of HTML that prints well; it loads nothing."""
    parts = [_section(one) for one in brief.sections]
    body = "".join((parts[0], f'<div class="pair">{"".join(parts[1:3])}</div>', *parts[3:]))
    title = escape(brief.title)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n"
        f"<body><small>Breakeven</small><h1>{title}</h1>{body}</body></html>\n"
    )


def _section(section: Section) -> str:
    inside = [f"<p><strong>{escape(section.strong)}</strong></p>"] if section.strong else []
    if section.table:
        head, *rows = section.table
        sides = zip(("", "own", "api"), head, strict=True)
        cells = "".join(f'<th class="{side}" scope="col">{escape(cell)}</th>' for side, cell in sides)
        inside.append(
            f"<table><thead><tr>{cells}</tr></thead><tbody>{''.join(map(_tr, rows))}</tbody></table>"
        )
    if section.lines:
        inside.append(f"<p>{escape(' '.join(section.lines))}</p>")
    if section.points or section.sources:
        items = [escape(point) for point in section.points] + [_cited(one) for one in section.sources]
        inside.append(f"<ul{' class=cited' if section.sources else ''}>{_items(items)}</ul>")
    if section.link:
        shown = escape(section.link)
        inside.append(f"<p>{_anchor(section.link) if _is_web(section.link) else f'<code>{shown}</code>'}</p>")
    return f"\n<section><h2>{escape(section.heading)}</h2>{''.join(inside)}</section>" if inside else ""


def _items(items: Iterable[str]) -> str:
    return "".join(f"<li>{item}</li>" for item in items)


def _tr(cells: Sequence[str]) -> str:
    first, *others = map(escape, cells)
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in others)}</tr>'


def _cited(source: Source) -> str:
    where = f", {_anchor(source.address or '')}" if _is_web(source.address) else ""
    notice = f" {escape(source.notice)}" if source.notice else ""
    return f"{escape(source.title)}, {escape(source.publisher)}, read {source.accessed}{where}.{notice}"


def _anchor(address: str) -> str:
    return f'<a href="{escape(_safe(address))}">{escape(address)}</a>'
