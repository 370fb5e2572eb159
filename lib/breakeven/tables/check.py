"""Rules that no single row can keep or break: between tables, and between tables and formulas."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from breakeven.formulas.parameters import parameter_counts
from breakeven.paths import DATA
from breakeven.tables.build import DAILY, HISTORY, DataError, installed_catalogue, load
from breakeven.tables.catalogue_rules import rules_of_sheet
from breakeven.tables.daily import is_overruled
from breakeven.tables.ends import end_faults
from breakeven.tables.exports import FILE as FORMATS
from breakeven.tables.exports import BadExports, Exports, read_exports
from breakeven.tables.names import Names, names_on, resolve
from breakeven.tables.older import lacks
from breakeven.tables.price_checks import price_faults
from breakeven.tables.rules import table_names
from breakeven.tables.scores import score_faults
from breakeven.tables.sheet import WHOLE_FILE, Problem, Sheet, repeated_rows, shown
from breakeven.tables.vocabularies import word_faults

Sheets = Mapping[str, Sheet]

TOTAL_TOLERANCE = 0.02
"""How far a stated parameter total may be from the one computed from the dimensions. [0 to 1]"""

_GPU_OFFER = ("provider", "instance", "gpu_as_listed", "gpu_count", "price_type", "region", "valid_from")
_NOTED_RUNS = ("source_family", "engine", "model_id", "prompt_tokens", "completion_tokens")
_HEADLINE = ("input_usd_per_mtok", "output_usd_per_mtok")
_DIMENSIONS = (
    "n_layers",
    "hidden",
    "ffn_dim",
    "ffn_matrices",
    "n_heads",
    "n_kv_heads",
    "head_dim",
    "vocab",
    "tied_embeddings",
    "mla_kv_lora_rank",
    "mla_q_lora_rank",
    "mla_qk_nope_dim",
    "mla_qk_rope_dim",
    "mla_v_head_dim",
    "n_experts",
    "experts_per_tok",
    "n_shared_experts",
    "moe_ffn_dim",
    "n_dense_layers",
)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What `breakeven data check` found."""

    problems: list[str]
    """What must be mended, each as ``file:line: column: reason``."""
    warnings: list[str]
    """What somebody should look at, in the same form."""
    counts: dict[str, int]
    """Rows of each table; empty where the tables could not be built."""


def check(data_dir: Path = DATA) -> CheckReport:
    """Build the tables in memory and try every rule on them.

    Raises
    ------
    DataError
        If there is no such folder. Faults in the data are reported, not raised.
    """
    if not data_dir.is_dir():
        raise DataError([f"{data_dir}: no such folder"])
    with closing(duckdb.connect(":memory:")) as connection:
        try:
            sheets = load(connection, data_dir)
        except DataError as error:
            return CheckReport(error.problems, [], {})
        if older := list(lacks(connection)):
            return CheckReport(older, [], {})
        try:
            sheets["formats"] = _citations(read_exports(data_dir))
        except BadExports as error:
            return CheckReport([str(problem) for problem in error.problems], [], {})
        problems = [problem for rule in _RULES for problem in rule(sheets)]
        problems += word_faults(data_dir)
        problems += _parameter_totals(connection, sheets["models"])
        problems += _names(connection, sheets["name_tests"])
        doubts = [note for sheet in sheets.values() for note in sheet.notes]
        doubts += [problem for rule in _DOUBTS for problem in rule(sheets)]
        return CheckReport(
            problems=[str(problem) for problem in problems],
            warnings=[str(problem) for problem in doubts],
            counts={table: len(sheets[table].rows) for table in table_names(connection)},
        )


def _citations(exports: Exports) -> Sheet:
    """What ``formats.toml`` cites, as if it were a table, so that the rules on sources hold for it too."""
    lines = [line for line, _, _ in exports.citations]
    cells: list[list[str | None]] = [[entry, source] for _, entry, source in exports.citations]
    return Sheet(FORMATS, ("entry", "source_id"), lines, cells)


def _missing_sources(sheets: Sheets) -> Iterator[Problem]:
    """A recognised export cites a source that is there; the schema says so of every table."""
    known = {key for (key,) in sheets["sources"].keys(("source_id",))}
    for line, cited in sheets["formats"].records():
        if cited["source_id"] not in known:
            reason = f"source: {shown(cited['source_id'])} must be a source_id of sources.csv"
            yield Problem(FORMATS, line, str(cited["entry"]), reason)


def _empty_tables(sheets: Sheets) -> Iterator[Problem]:
    """A table without rows builds, so that `calibrate` can start from nothing; it is not fit to ship."""
    for sheet in sheets.values():
        if not sheet.rows:
            yield Problem(sheet.file, 1, WHOLE_FILE, "has no rows")


def _unused_sources(sheets: Sheets) -> Iterator[Problem]:
    """A source that no row cites is a leftover."""
    used = {
        record["source_id"]
        for table, sheet in sheets.items()
        if table != "sources"
        for _, record in sheet.records()
    }
    used.add(installed_catalogue())  # prices that were refreshed after it may have confirmed every row of it
    for line, source in sheets["sources"].records():
        if source["source_id"] not in used:
            yield Problem("sources.csv", line, "source_id", f"{shown(source['source_id'])} is used by no row")


def _addresses(sheets: Sheets) -> Iterator[Problem]:
    """An address is one that a reader can open safely."""
    for line, source in sheets["sources"].records():
        address = source["address"]
        if address is not None and not address.startswith("https://"):
            reason = f"{shown(address)} must start with https:// or be empty"
            yield Problem("sources.csv", line, "address", reason)


def _efficiency_names(sheets: Sheets) -> Iterator[Problem]:
    """An efficiency row speaks of GPUs and engines that are known, or of all of them."""
    families = {record["gpu_family"] for _, record in sheets["gpus"].records()} | {"any"}
    engines = {record["engine"] for _, record in sheets["benchmarks"].records()} | {"pooled"}
    for line, row in sheets["efficiency"].records():
        if row["gpu_family"] not in families:
            reason = f"{shown(row['gpu_family'])} must be one of gpus.csv or 'any'"
            yield Problem("efficiency.csv", line, "gpu_family", reason)
        if row["engine"] not in engines:
            reason = f"{shown(row['engine'])} must be one of benchmarks.csv or 'pooled'"
            yield Problem("efficiency.csv", line, "engine", reason)


def _benchmark_notes(sheets: Sheets) -> Iterator[Problem]:
    """A note speaks of runs that are there, and no other says something else of the same runs."""
    notes = sheets["benchmark_notes"]
    yield from repeated_rows(notes, ("note", *_NOTED_RUNS))
    for column in ("source_family", "engine"):
        known = set(sheets["benchmarks"].keys((column,)))
        for line, (value,) in zip(notes.lines, notes.keys((column,)), strict=True):
            if value is not None and (value,) not in known:
                yield Problem(notes.file, line, column, f"{shown(value)} must be one of benchmarks.csv")


def _aliases_without_offer(sheets: Sheets) -> Iterator[Problem]:
    """An alias names an offer letter for letter; one that matches none does nothing."""
    offers = set(sheets["api_prices"].keys(("provider", "api_model")))
    for line, alias in sheets["model_aliases"].records():
        offer = alias["provider"], alias["api_model"]
        if offer not in offers:
            reason = f"{shown(*offer)} must be an offer of api_prices"
            yield Problem("model_aliases.csv", line, "provider, api_model", reason)


def plain_name(api_model: str) -> str:
    """The model that hosts name in many ways: without its maker and words for its format or its tuning.

    >>> plain_name("Qwen/Qwen3-14B-FP8"), plain_name("kimi-k2p6-fast"), plain_name("gemma-4-31B-it-turbo")
    ('qwen3-14b', 'kimi-k2.6', 'gemma-4-31b')
    """
    name = re.sub(r"(?<=\d)p(?=\d)", ".", api_model.rpartition("/")[2].lower())
    while (shorter := _WORDS.sub("", name)) != name:
        name = shorter
    return name


_WORDS = re.compile(
    r"[-_:](fp8|fp8-dynamic|nvfp4|fp4|bf16|awq|turbo|fast|highspeed|lightning|batch|free|thinking|tee|base|exacto"
    r"|nitro|preview|instruct|it|chat|hf|maas)$"
)

_SEVERAL_HOSTS = 3
"""From so many hosts on, an open model has a row or a reason."""


def _models_without_row(sheets: Sheets) -> Iterator[Problem]:
    """An open model that several hosts serve has a row in models, or a reason why it has none."""
    hosts: dict[str, set[str | None]] = {}
    lines: dict[str, int] = {}
    for line, alias in sheets["model_aliases"].records():
        if alias["model_id"] is None:
            name = plain_name(str(alias["api_model"]))
            hosts.setdefault(name, set()).add(alias["provider"])
            lines.setdefault(name, line)
    known = {name for (name,) in sheets["models_without_row"].keys(("name",))}
    for name, providers in hosts.items():
        if len(providers) >= _SEVERAL_HOSTS and name not in known:
            reason = (
                f"{shown(name)}, served by {len(providers)} hosts, must have a row in models.csv or a reason "
                "in models_without_row.csv"
            )
            yield Problem("model_aliases.csv", lines[name], "model_id", reason)


def _roles_without_offer(sheets: Sheets) -> Iterator[Problem]:
    """A role names an offer letter for letter, or a provider that sells something."""
    offers = set(sheets["api_prices"].keys(("provider", "api_model")))
    providers = {provider for provider, _ in offers}
    for line, role in sheets["offer_roles"].records():
        offer = role["provider"], role["api_model"]
        if offer not in offers and not (offer[1] == "*" and offer[0] in providers):
            reason = f"{shown(*offer)} must be an offer of api_prices"
            yield Problem("offer_roles.csv", line, "provider, api_model", reason)


def _dates(sheets: Sheets) -> Iterator[Problem]:
    """Nothing was read after the newest source, and no price starts after it was read.

    ISO dates compare as text.
    """
    newest = max((str(source["accessed"]) for _, source in sheets["sources"].records()), default="")
    for sheet in sheets.values():
        if "as_of" not in sheet.columns:
            continue
        for line, row in sheet.records():
            if str(row["as_of"]) > newest:
                reason = f"'{row['as_of']}' is after {newest}, the newest day in sources.csv"
                yield Problem(sheet.file, line, "as_of", reason)
    for line, price in sheets["gpu_prices"].records():
        if str(price["valid_from"]) > str(price["as_of"]):
            reason = f"'{price['valid_from']}' must not be after as_of, {price['as_of']}"
            yield Problem("gpu_prices.csv", line, "valid_from", reason)


def _ignored_prices(sheets: Sheets) -> Iterator[Problem]:
    """A price of the history is in force on its first day; the price catalogue may have another one then."""
    prices: dict[str | None, list[dict[str, str | None]]] = {}
    for _, row in sheets["api_prices"].records():
        if row["processing"] == "standard" and row["tier_above_tokens"] == "0":
            prices.setdefault(row["api_offer_id"], []).append(dict(row))
    ends = {row["api_offer_id"]: str(row["ends_on"]) for _, row in sheets["api_ends"].records()}
    listed = set(sheets[DAILY].keys(("provider", "api_model")))
    for line, seen in sheets[HISTORY].records():
        day = str(seen["valid_from"])
        if day >= ends.get(f"{seen['provider']}/{seen['api_model']}", "9999"):
            continue  # the catalogue listed it after its end
        if (seen["provider"], seen["api_model"]) in listed and is_overruled(seen):
            continue  # the list's own days hold
        known = [
            row
            for row in prices.get(f"{seen['provider']}/{seen['api_model']}", [])
            if str(row["valid_from"]) <= day
        ]
        held = max(known, key=lambda row: str(row["valid_from"])) if known else None
        if held is None or any(_differ(held[name], seen[name]) for name in _HEADLINE):
            instead = f"{held['source_id']} of {held['valid_from']}" if held else "no price"
            reason = f"'{day}' never counts: {instead} holds on that day"
            if held and seen["valid_from_kind"] != "published" and day > str(held["valid_from"]):
                reason += "; only a row of kind 'published' holds against the price catalogue"
            yield Problem(sheets[HISTORY].file, line, "valid_from", reason)


def _differ(one: str | None, other: str | None) -> bool:
    """Say whether two cells are two prices."""
    return (one and Decimal(one)) != (other and Decimal(other))


def _training_peaks(sheets: Sheets) -> Iterator[Problem]:
    """No run computed faster than its GPUs can: six operations per active parameter and token."""
    peaks = {
        gpu["gpu_id"]: float(gpu["bf16_dense_tflops"] or gpu["fp16_dense_tflops"] or 0)
        for _, gpu in sheets["gpus"].records()
    }
    for line, run in sheets["training_runs"].records():
        peak = peaks.get(run["gpu_id"], 0.0)
        if not peak or run["gpu_hours"] is None:
            continue
        work = 6 * float(str(run["params_active_b"])) * float(str(run["tokens_b"])) * 1e18
        mfu = work / (float(run["gpu_hours"]) * 3600 * peak * 1e12)
        if mfu > 1:
            reason = f"{shown(run['gpu_hours'])} is too few: the GPUs would run at {mfu:.1f} of their peak"
            yield Problem("training_runs.csv", line, "gpu_hours", reason)


def _tuned_offers(sheets: Sheets) -> Iterator[Problem]:
    """A tuned model is served by an offer that is known."""
    offers = {key for (key,) in sheets["api_prices"].keys(("api_offer_id",))}
    for line, price in sheets["tuning_prices"].records():
        if price["serve_offer_id"] is not None and price["serve_offer_id"] not in offers:
            reason = f"{shown(price['serve_offer_id'])} must be an api_offer_id of api_prices"
            yield Problem("tuning_prices.csv", line, "serve_offer_id", reason)


def _repeated_gpu_offers(sheets: Sheets) -> Iterator[Problem]:
    """One offer has one price on one day."""
    return repeated_rows(sheets["gpu_prices"], (*_GPU_OFFER, "notes"))


def _gpu_readings(sheets: Sheets) -> Iterator[Problem]:
    """A reading that does not say whether it holds all offers of its provider can end none."""
    listed = set(sheets["gpu_listings"].keys(("provider", "price_type", "read_on", "source_id")))
    seen: set[tuple[str | None, ...]] = set()
    for line, offer in sheets["gpu_prices"].records():
        reading = offer["provider"], offer["price_type"], offer["valid_from"], offer["source_id"]
        if reading not in listed | seen:
            seen.add(reading)
            reason = f"{shown(*reading)} is no reading of gpu_listings.csv: it counts as incomplete"
            yield Problem("gpu_prices.csv", line, "provider, price_type, valid_from, source_id", reason)


def _barely_distinct_gpu_offers(sheets: Sheets) -> Iterator[Problem]:
    """Offers that only their notes tell apart (terms of rental, kinds of estimate) deserve a look."""
    repeated = {problem.line for problem in _repeated_gpu_offers(sheets)}
    for problem in repeated_rows(sheets["gpu_prices"], _GPU_OFFER):
        if problem.line not in repeated:
            yield problem._replace(reason=f"{problem.reason}; only notes tell them apart")


def _dear_spot_prices(sheets: Sheets) -> Iterator[Problem]:
    """A spot price above what the same provider asks on demand that day is shown as doubtful."""
    on_demand: dict[tuple[str | None, ...], float] = {}
    for _, offer in sheets["gpu_prices"].records():
        if offer["price_type"] == "on-demand" and offer["flag"] is None:
            price = float(str(offer["usd_per_gpu_hour"]))
            on_demand[_same_gpu(offer)] = min(price, on_demand.get(_same_gpu(offer), price))
    for line, offer in sheets["gpu_prices"].records():
        usual = on_demand.get(_same_gpu(offer))
        if offer["price_type"] != "spot" or offer["flag"] is not None or usual is None:
            continue
        if float(str(offer["usd_per_gpu_hour"])) > usual:
            reason = (
                f"'' must say that the spot price {offer['usd_per_gpu_hour']} is above on-demand, {usual:g}"
            )
            yield Problem("gpu_prices.csv", line, "flag", reason)


def _same_gpu(offer: Mapping[str, str | None]) -> tuple[str | None, ...]:
    """Tell which offers are comparable: provider, GPU and day."""
    return offer["provider"], offer["gpu_id"] or offer["gpu_as_listed"], offer["valid_from"]


def _parameter_totals(connection: DuckDBPyConnection, sheet: Sheet) -> Iterator[Problem]:
    """A stated parameter total agrees with the one that the dimensions give."""
    lines = {model["model_id"]: line for line, model in sheet.records()}
    cursor = connection.execute("SELECT * FROM models WHERE totals_checked")
    names = [column[0] for column in cursor.description or ()]
    for row in cursor.fetchall():
        model: dict[str, Any] = dict(zip(names, row, strict=True))
        fault = _total_fault(model)
        if fault is not None:
            yield Problem(sheet.file, lines[model["model_id"]], "params_total_b", fault)


def _total_fault(model: Mapping[str, Any]) -> str | None:
    """Say how a model's stated total disagrees with its dimensions; None where it does not."""
    stated = model["params_total_b"]
    if stated is None:
        return "'' must be the stated total, or totals_checked false"
    try:
        computed = parameter_counts(**{name: model[name] for name in _DIMENSIONS}).total / 1e9
    except ValueError as error:
        return f"'{stated:g}' cannot be compared with the dimensions: {error}"
    if abs(computed / stated - 1) <= TOTAL_TOLERANCE:
        return None
    return f"'{stated:g}' must be within {TOTAL_TOLERANCE:.0%} of the dimensions' total, {computed:.2f}"


def _names(connection: DuckDBPyConnection, tests: Sheet) -> Iterator[Problem]:
    """Every name of the table of tests comes to the offer that stands beside it, on its day."""
    kept: dict[str, Names] = {}
    for line, test in tests.records():
        day = str(test["as_of"])
        try:
            names = kept.setdefault(day, kept.get(day) or names_on(connection, date.fromisoformat(day)))
        except ValueError as error:
            yield Problem("name_rules.csv", 1, "pattern", str(error))
            return
        found = resolve(str(test["name"]), test["hint"], names)
        wanted = test["api_offer_id"], Decimal(test["factor"] or 1)
        if (found.offer_id, found.factor) != wanted:
            got = f"comes to {shown(found.offer_id)} at {found.factor} of its price"
            reason = f"{shown(test['name'])} {got}, not {shown(wanted[0])} at {wanted[1]}"
            yield Problem(tests.file, line, "api_offer_id", reason)


def _unmapped_offers(sheets: Sheets) -> Iterator[Problem]:
    """List the open-weight offers of the catalogue that nobody has decided on."""
    rules = rules_of_sheet(sheets["catalogue_rules"])
    decided = set(sheets["model_aliases"].keys(("provider", "api_model")))
    for provider, api_model in sorted(set(sheets["api_prices"].keys(("provider", "api_model"))) - decided):
        if rules.open_weights(str(api_model)):
            reason = f"{shown(provider, api_model)} looks open-weight and has no row"
            yield Problem("model_aliases.csv", 1, "provider, api_model", reason)


_RULES: tuple[Callable[[Sheets], Iterator[Problem]], ...] = (
    _empty_tables,
    _missing_sources,
    _unused_sources,
    _addresses,
    _efficiency_names,
    _benchmark_notes,
    _aliases_without_offer,
    _models_without_row,
    _roles_without_offer,
    _dates,
    _ignored_prices,
    _training_peaks,
    _tuned_offers,
    _repeated_gpu_offers,
    _dear_spot_prices,
    price_faults,
    end_faults,
    score_faults,
)

_DOUBTS: tuple[Callable[[Sheets], Iterator[Problem]], ...] = (
    _barely_distinct_gpu_offers,
    _gpu_readings,
    _unmapped_offers,
)
