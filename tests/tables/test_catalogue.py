"""API prices: what the flattened rows charge, when, and for which model."""

import random
import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from genai_prices import Usage, data
from genai_prices.types import ModelInfo, ModelPrice, StartDateConstraint, TimeOfDateConstraint

from breakeven.paths import DATA
from breakeven.tables import catalogue
from breakeven.tables.daily import in_one_line
from breakeven.tables.exports import Processing
from tests.builders import TODAY, csv_rows, shipped_rules

CATALOGUE_DAY = date(2026, 11, 10)  # release of genai-prices 0.2.3
SOURCE = "genai-prices-0.2.3"


@cache
def history() -> list[dict[str, str]]:
    return in_one_line(csv_rows(DATA / "api_prices_history.csv"), csv_rows(DATA / "api_prices_daily.csv"))


@cache
def rows() -> list[catalogue.Row]:
    return catalogue.catalogue_rows(
        history(), rules=shipped_rules(), catalogue_day=CATALOGUE_DAY, source_id=SOURCE
    )


@cache
def rows_by_offer() -> dict[str, list[catalogue.Row]]:
    offers = defaultdict(list)
    for row in rows():
        offers[row["api_offer_id"]].append(row)
    return dict(offers)


def in_force(offer: str, day: date, processing: str = "standard") -> list[catalogue.Row]:
    """Rows of the latest first day on or before that day, all tiers; none if that price has ended."""
    known = [
        row
        for row in rows_by_offer().get(offer, [])
        if row["processing"] == processing and row["valid_from"] <= day
    ]
    latest = max((row["valid_from"] for row in known), default=None)
    return [
        row
        for row in known
        if row["valid_from"] == latest and (row["valid_to"] is None or day < row["valid_to"])
    ]


def headline(offer: str, day: date, processing: str = "standard") -> tuple[Decimal, Decimal] | None:
    found = in_force(offer, day, processing)
    return (found[0]["input_usd_per_mtok"], found[0]["output_usd_per_mtok"]) if found else None


def bill(offer: str, day: date, processing: str, tokens: Mapping[str, int]) -> Decimal:
    """Price one request as the tables are meant to be read."""
    total_input = sum(tokens.values()) - tokens["output"]
    tiers = [
        row for row in in_force(offer, day, processing) if row["tier_above_tokens"] < max(total_input, 1)
    ]
    row = max(tiers, key=lambda tier: tier["tier_above_tokens"])

    def price(*meters: str) -> Any:
        """First meter that has a price; what has none is charged as the next, plainer one."""
        return next((row[meter] for meter in meters if row[meter] is not None), 0)

    plain, short = "input_usd_per_mtok", "cache_write_5m_usd_per_mtok"
    dollars = (
        tokens["input"] * price(plain)
        + tokens["cache_read"] * price("cache_read_usd_per_mtok", plain)
        + tokens["cache_write_5m"] * price(short, plain)
        + tokens["cache_write_1h"] * price("cache_write_1h_usd_per_mtok", short, plain)
        + tokens["output"] * price("output_usd_per_mtok")
    )
    return dollars / 1_000_000 + (row["usd_per_request"] or 0)


def package_bill(
    provider: Any, model: ModelInfo, moment: datetime, processing: str, tokens: Mapping[str, int]
) -> Decimal:
    usage = Usage(
        input_tokens=sum(tokens.values()) - tokens["output"],
        cache_read_tokens=tokens["cache_read"],
        cache_write_tokens=tokens["cache_write_5m"] + tokens["cache_write_1h"],
        cache_write_1h_tokens=tokens["cache_write_1h"],
        output_tokens=tokens["output"],
    )
    context = {"processing": "batch"} if processing == "batch" else None
    return model.calc_price(
        usage, provider, genai_request_timestamp=moment, price_context=context
    ).total_price


def dates_of(model: ModelInfo) -> list[date]:
    conditions = [] if isinstance(model.prices, ModelPrice) else list(model.prices)
    starts = [c.constraint for c in [*conditions, *(model.price_variants or [])]]
    return sorted({c.start_date for c in starts if isinstance(c, StartDateConstraint)})


def peak_time(model: ModelInfo) -> time:
    """A time of day inside a daily window that is dearer, if the model has windows at all."""
    if isinstance(model.prices, ModelPrice):
        return time(12)
    windows = [c.constraint for c in model.prices if isinstance(c.constraint, TimeOfDateConstraint)]
    return windows[0].start_time.replace(tzinfo=None) if windows else time(12)


def draw_cases(n: int) -> list[tuple[Any, ModelInfo, date, str, dict[str, int]]]:
    """Draw offers, days and token counts; every model with tiers, dates, windows or batch is included."""
    dice = random.Random(20261121)
    offers = [(p, m) for p in data.providers for m in p.models if f"{p.id}/{m.id}" in rows_by_offer()]
    tiered = {row["api_offer_id"] for row in rows() if row["tier_above_tokens"]}
    special = [
        (p, m) for p, m in offers if dates_of(m) or peak_time(m) != time(12) or f"{p.id}/{m.id}" in tiered
    ]
    cases = []
    for provider, model in [*special, *dice.sample(offers, n)]:
        known = dates_of(model)
        day = max([CATALOGUE_DAY, *known]) if peak_time(model) != time(12) else TODAY
        day += timedelta(days=dice.randrange(0, 90))
        batch = in_force(f"{provider.id}/{model.id}", day, "batch")
        has_batch = batch and batch[0]["source_id"] == SOURCE  # some are known to the history only
        reach = dice.choice([2_000, 40_000, 150_000, 210_000, 280_000, 600_000])
        tokens = {
            "input": dice.randrange(1, reach),
            "cache_read": dice.choice([0, dice.randrange(0, reach)]),
            "cache_write_5m": dice.choice([0, dice.randrange(0, 5_000)]),
            "cache_write_1h": dice.choice([0, dice.randrange(0, 5_000)]),
            "output": dice.randrange(0, 20_000),
        }
        for processing in ("standard", "batch") if has_batch else ("standard",):
            cases.append((provider, model, day, processing, tokens))
    return cases


def test_every_drawn_offer_costs_what_the_package_says() -> None:
    cases = draw_cases(600)
    assert len(cases) > 900
    assert sum(case[3] == "batch" for case in cases) > 80
    for provider, model, day, processing, tokens in cases:
        moment = datetime.combine(day, peak_time(model), tzinfo=UTC)
        expected = package_bill(provider, model, moment, processing, tokens)
        prices = model.get_prices(moment, {"processing": "batch"} if processing == "batch" else None)
        if prices.output_reasoning_mtok is not None or prices.input_mtok is None:
            continue  # reasoning billed on its own needs its own count
        ours = bill(f"{provider.id}/{model.id}", day, processing, tokens)
        assert abs(ours - expected) < Decimal("1e-9"), (provider.id, model.id, day, processing, tokens)


@pytest.mark.parametrize(("threshold", "least"), [(200_000, 30), (272_000, 70)])
def test_a_tier_starts_one_token_above_its_threshold(threshold: int, least: int) -> None:
    checked = 0
    for provider in data.providers:
        for model in provider.models:
            offer = f"{provider.id}/{model.id}"
            if threshold not in {row["tier_above_tokens"] for row in in_force(offer, TODAY)}:
                continue
            moment = datetime.combine(TODAY, time(12), tzinfo=UTC)
            plain = dict.fromkeys(("cache_read", "cache_write_5m", "cache_write_1h"), 0)
            for total in (threshold, threshold + 1):
                tokens = {"input": total, **plain, "output": 1000}
                expected = package_bill(provider, model, moment, "standard", tokens)
                assert abs(bill(offer, TODAY, "standard", tokens) - expected) < Decimal("1e-9"), offer
            checked += 1
    assert checked >= least


def test_a_tier_charges_the_whole_request() -> None:
    """Google's page: prompts <= 200k tokens 1.25 and 10, > 200k tokens 2.50 and 15 USD per Mtok."""
    plain = dict.fromkeys(("cache_read", "cache_write_5m", "cache_write_1h"), 0)
    below = bill("google/gemini-2.5-pro", TODAY, "standard", {"input": 200_000, **plain, "output": 1_000_000})
    above = bill("google/gemini-2.5-pro", TODAY, "standard", {"input": 200_001, **plain, "output": 1_000_000})
    assert below == Decimal("0.25") + 10
    assert above == Decimal("0.5000025") + 15


def test_a_dated_price_takes_effect_on_its_first_day() -> None:
    checked = 0
    for row in rows():
        if row["valid_from_kind"] != "dated" or row["processing"] != "standard" or row["tier_above_tokens"]:
            continue
        first_day, offer = row["valid_from"], row["api_offer_id"]
        assert in_force(offer, first_day)[0] is row
        before = in_force(offer, first_day - timedelta(days=1))
        assert before == [] or before[0]["valid_from"] < first_day
        checked += 1
    assert checked > 200


def test_a_price_of_the_future_waits_for_its_day() -> None:
    later = [row for row in rows() if row["valid_from"] > TODAY]
    assert later
    for row in later:
        assert row not in in_force(
            row["api_offer_id"], row["valid_from"] - timedelta(days=1), row["processing"]
        )
        assert in_force(row["api_offer_id"], TODAY), "an offer with a coming price change is on sale today"


def test_the_peak_price_is_charged_where_it_depends_on_the_hour() -> None:
    """The package's comment on deepseek-v4-pro: flat before 2026-08-17, peak and off-peak from then on."""
    assert headline("deepseek/deepseek-v4-pro", date(2026, 8, 16)) == (Decimal("0.435"), Decimal("0.87"))
    assert headline("deepseek/deepseek-v4-pro", date(2026, 8, 17)) == (Decimal("1.32"), Decimal("3.96"))
    (row,) = in_force("deepseek/deepseek-v4-pro", date(2026, 8, 17))
    assert "off-peak (outside 01:00-04:00, 06:00-10:00 UTC) 0.66/1.98" in row["notes"]


def test_the_articles_of_july_2023_find_their_prices() -> None:
    """Cursor's article of 2023-07-20: GPT-3.5 at 0.0015/0.002 and GPT-4 at 0.03/0.06 USD per 1K tokens."""
    day = date(2023, 7, 20)
    assert headline("openai/gpt-3.5-turbo", day) == (Decimal("1.5"), 2)
    assert headline("openai/gpt-4", day) == (30, 60)
    assert headline("openai/gpt-4-32k", day) == (60, 120)  # llm-numbers, footnote 3


def test_no_later_model_is_on_sale_in_july_2023() -> None:
    on_sale = {
        offer.removeprefix("openai/") for offer in rows_by_offer() if in_force(offer, date(2023, 7, 20))
    }
    assert on_sale == {
        *("gpt-3.5-turbo", "gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613"),
        *("gpt-3.5-turbo-16k", "gpt-3.5-turbo-16k-0613"),
        *("gpt-4", "gpt-4-0314", "gpt-4-0613", "gpt-4-32k", "gpt-4-32k-0314", "gpt-4-32k-0613"),
        *("text-ada-001", "text-babbage-001", "text-curie-001", "text-davinci-002", "text-davinci-003"),
        "text-embedding-ada-002",
    }


@pytest.mark.parametrize(
    ("offer", "first_day", "before", "after"),
    [
        # OpenAI, 2023-06-13: input tokens of gpt-3.5-turbo cheaper by 25 %.
        ("openai/gpt-3.5-turbo", date(2023, 6, 13), ("2", "2"), ("1.5", "2")),
        # OpenAI, 2024-01-25: 0.0005/0.0015 per 1K; the name moved on 2024-02-16.
        ("openai/gpt-3.5-turbo", date(2024, 2, 16), ("1.5", "2"), ("0.5", "1.5")),
        ("openai/gpt-4o", date(2024, 10, 2), ("5", "15"), ("2.5", "10")),
        ("anthropic/claude-3-opus-20240229", date(2024, 3, 4), None, ("15", "75")),
    ],
)
def test_published_changes_fall_on_their_day(
    offer: str, first_day: date, before: tuple[str, str] | None, after: tuple[str, str]
) -> None:
    old = headline(offer, first_day - timedelta(days=1))
    assert old == (before and (Decimal(before[0]), Decimal(before[1])))
    assert headline(offer, first_day) == (Decimal(after[0]), Decimal(after[1]))


def test_a_lagging_catalogue_does_not_raise_a_checked_price_again() -> None:
    for month in range(3, 36):
        day = date(2024 + (month - 1) // 12, (month - 1) % 12 + 1, 1)
        assert headline("openai/gpt-3.5-turbo", day) == (Decimal("0.5"), Decimal("1.5")), day


def test_no_price_of_the_history_leaks_before_it_was_first_seen() -> None:
    first_seen: dict[str, date] = {}
    for line in history():
        offer, day = f"{line['provider']}/{line['api_model']}", date.fromisoformat(line["valid_from"])
        first_seen[offer] = min(first_seen.get(offer, day), day)
    dated = {f"{p.id}/{m.id}": dates_of(m) for p in data.providers for m in p.models}
    for offer, offer_rows in rows_by_offer().items():
        earliest = min(row["valid_from"] for row in offer_rows)
        first_change = min(dated.get(offer) or [date.max])
        assert earliest >= min(
            first_seen.get(offer, date.max), CATALOGUE_DAY, first_change - timedelta(days=1)
        ), offer


def test_an_offer_gone_from_later_catalogues_is_off_sale() -> None:
    assert headline("anyscale/meta-llama/Llama-2-70b-chat-hf", date(2024, 7, 31)) == (1, 1)
    assert headline("anyscale/meta-llama/Llama-2-70b-chat-hf", date(2024, 8, 1)) is None


def test_keys_are_unique_and_columns_are_the_schema_s() -> None:
    schema = (DATA / "schema.sql").read_text(encoding="utf-8")
    body = re.search(r"CREATE TABLE api_prices \((.*?)PRIMARY KEY", schema, re.DOTALL)
    assert body is not None
    assert tuple(re.findall(r"^    (\w+) ", body[1], re.MULTILINE)) == catalogue.COLUMNS
    keys = {
        tuple(row[c] for c in ("api_offer_id", "valid_from", "processing", "tier_above_tokens"))
        for row in rows()
    }
    assert len(keys) == len(rows())
    for row in rows():
        assert tuple(row) == catalogue.COLUMNS
        assert row["valid_to"] is None or row["valid_to"] > row["valid_from"]
        assert row["input_usd_per_mtok"] is not None or row["output_usd_per_mtok"] is not None


def test_neighbouring_rows_of_an_offer_differ_in_something_charged() -> None:
    money = [c for c in catalogue.COLUMNS if "usd_per_" in c]
    for offer, offer_rows in rows_by_offer().items():
        for processing in Processing:
            periods = defaultdict(list)
            for row in offer_rows:
                if row["processing"] == processing:
                    charged = (row["tier_above_tokens"], *(row[m] for m in money))
                    periods[row["valid_from"]].append((charged, row["flag"]))
            days = sorted(periods)
            for earlier, later in pairwise(days):
                assert periods[earlier] != periods[later], (offer, processing, later)


def test_every_base_row_comes_first_and_batch_never_before_the_offer() -> None:
    for offer, offer_rows in rows_by_offer().items():
        first = min(row["valid_from"] for row in offer_rows if row["processing"] == "standard")
        assert all(row["valid_from"] >= first for row in offer_rows), offer
        bases = {(r["valid_from"], r["processing"]) for r in offer_rows if r["tier_above_tokens"] == 0}
        assert bases == {(r["valid_from"], r["processing"]) for r in offer_rows}, offer


def test_free_offers_are_flagged_and_what_another_list_has_at_twice_as_much() -> None:
    doubted = set()
    for row in rows():
        free = not row["input_usd_per_mtok"] and not row["output_usd_per_mtok"]
        if free:
            assert row["flag"], row["api_offer_id"]
            assert "price 0" in row["flag"]
        elif row["source_id"] == SOURCE and row["flag"] is not None:
            doubted.add(row["api_offer_id"])
    assert doubted == {"fireworks/gemma-3-27b-it"}, "0.1 for another list's 0.9"


def test_prices_that_were_called_wrong_and_are_right() -> None:
    """Mistral's launch price ended on 2026-10-20 and came back on 2026-10-29; OVHcloud's dollars are dollars.

    OVHcloud's own change to models.dev (pull request 377): 0.67 are euros, in dollars it is 0.74.
    """
    assert headline("mistral/mistral-large-4-0", date(2026, 10, 25)) == (Decimal("1.36"), Decimal("4.18"))
    for name in ("mistral-large-4-0", "mistral-large-4"):
        assert headline(f"mistral/{name}", TODAY) == (Decimal("0.7"), Decimal("2.1"))
    assert headline("ovhcloud/Meta-Llama-3_3-70B-Instruct", TODAY) == (Decimal("0.74"), Decimal("0.74"))
    assert headline("ovhcloud/Qwen3-Coder-30B-A3B-Instruct", TODAY) == (Decimal("0.07"), Decimal("0.26"))


def test_no_offer_of_the_package_is_lost() -> None:
    # Rows that a dated name has from its family, cite the package, too.
    # So do a few of the history, whose days the package has for another name of the same model.
    other = {line["locator"] for line in history() if line["source_id"] == SOURCE}
    own = [row for row in rows() if not row["locator"].startswith("as ") and row["locator"] not in other]
    sold = {row["api_offer_id"] for row in own if row["source_id"] == SOURCE}
    skipped = {f"{s.provider}/{s.api_model}" for s in catalogue.skipped_offers()}
    every = {f"{p.id}/{m.id}" for p in data.providers for m in p.models}
    assert sold | skipped == every
    assert not sold & skipped
    assert "openai/whisper-1" in skipped


def test_resellers_are_the_gateways_and_not_the_hosts() -> None:
    resellers = {row["provider"] for row in rows() if row["reseller"]}
    assert {"openrouter", "github-copilot", "huggingface_novita", "cursor", "quicksilverpro"} <= resellers
    assert not resellers & {"aws", "azure", "databricks", "openai", "together", "fireworks", "google-vertex"}


def test_prices_of_the_history_are_per_million_tokens() -> None:
    """No text model ever cost more than 600 USD per Mtok (o1-pro, 2025); a unit slip is 1,000 times that."""
    for line in history():
        for column in ("input_usd_per_mtok", "output_usd_per_mtok"):
            assert not line[column] or Decimal(line[column]) <= 600, line
        assert line["checked"] in ("true", "false")
        assert not line["valid_to"] or line["valid_to"] > line["valid_from"], line


def test_every_alias_names_an_offer_that_exists() -> None:
    offers = {(row["provider"], row["api_model"]) for row in rows()}
    aliases = [(line["provider"], line["api_model"]) for line in csv_rows(DATA / "model_aliases.csv")]
    assert len(set(aliases)) == len(aliases)
    assert [alias for alias in aliases if alias not in offers] == []


def test_every_open_weight_offer_is_mapped_or_listed_as_unmapped() -> None:
    listed = {(line["provider"], line["api_model"]) for line in csv_rows(DATA / "model_aliases.csv")}
    missing = {
        (row["provider"], row["api_model"])
        for row in rows()
        if shipped_rules().open_weights(row["api_model"])
    } - listed
    assert missing == set()


def test_an_alias_is_either_mapped_or_says_why_not() -> None:
    for line in csv_rows(DATA / "model_aliases.csv"):
        assert bool(line["model_id"]) != bool(line["unmapped_reason"]), line
        assert not (line["variant"] and line["unmapped_reason"]), line


@pytest.mark.parametrize(
    ("model_id", "provider", "api_model", "variant"),
    [
        ("llama-3.3-70b", "groq", "llama-3.3-70b-versatile", ""),
        ("llama-3.3-70b", "groq", "llama-3.3-70b-specdec", "specdec"),
        ("llama-3.3-70b", "together", "meta-llama/Llama-3.3-70B-Instruct-Turbo", "turbo"),
        ("llama-2-70b", "together", "meta-llama/Llama-2-70b-chat-hf", ""),
        ("deepseek-v3", "fireworks", "deepseek-v3-0324", "V3-0324"),
        ("deepseek-r1", "novita", "deepseek/deepseek-r1-0528", "R1-0528"),
        ("llama-3-70b", "groq", "llama3-70b-8192", ""),
        ("deepseek-r1-distill-llama-70b", "groq", "deepseek-r1-distill-llama-70b", ""),
        ("mistral-7b-v0.3", "together", "mistralai/Mistral-7B-Instruct-v0.2", "v0.2"),
        ("", "deepseek", "deepseek-chat", ""),
    ],
)
def test_well_known_offers_serve_the_model_they_name(
    model_id: str, provider: str, api_model: str, variant: str
) -> None:
    (line,) = [
        line
        for line in csv_rows(DATA / "model_aliases.csv")
        if (line["provider"], line["api_model"]) == (provider, api_model)
    ]
    assert (line["model_id"], line["variant"]) == (model_id, variant)
