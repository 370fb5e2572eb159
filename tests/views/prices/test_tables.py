"""Tables and sentences of the Prices page."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from duckdb import DuckDBPyConnection
from hypothesis import given
from hypothesis import strategies as st

from breakeven.hosting import gpu_price
from breakeven.question.pages.prices import (
    FIELDS,
    KINDS,
    LIMITS_OF_VIEW,
    TABS,
    Fields,
    offers_in,
    sql_for_link,
    sql_of_link,
)
from breakeven.question.parts import Shape
from breakeven.question.scenario import Scenario
from breakeven.tables import price_queries, queries
from breakeven.tables.day import Tables
from breakeven.tables.records import Source
from breakeven.views.prices import changes, hardware, history, offers
from breakeven.views.prices.headline import cheapest_offer, headline
from breakeven.views.prices.words import mixed_usd
from breakeven.words.numbers import Money
from tests.builders import DEFAULT, TODAY

PROMPT_HEAVY = Shape(prompt_tokens=4000, completion_tokens=16)
USD = Money()

TablesOn = Callable[[date], Tables]


@pytest.fixture(scope="module")
def sources(connection: DuckDBPyConnection) -> dict[str, Source]:
    return queries.sources(connection)


@pytest.fixture(scope="module")
def frame(connection: DuckDBPyConnection, tables_on: TablesOn, sources: dict[str, Source]) -> Any:
    facts = price_queries.api_offer_facts(connection, TODAY)
    return offers.offers_frame(tables_on(TODAY), facts, sources, PROMPT_HEAVY, TODAY, USD)


def test_first_sentence_names_the_cheapest_offer_and_the_median_rent(tables_on: TablesOn) -> None:
    text = headline(DEFAULT, tables_on(TODAY), PROMPT_HEAVY, "h100-sxm", USD)
    # novita asks 0.135 and 0.40 (catalogue 0.2.3): (4,000 x 0.135 + 16 x 0.40) / 4,016 = 0.13606.
    assert "is $0.136 per 1M tokens at 4,000 in / 16 out (novita)" in text
    # Read at most 90 days before: runpod 3.49, scaleway 3.63, verda 3.63, lambda 3.99, digitalocean 4.41,
    # aws 6.88, azure 12.29.
    assert (
        "H100 SXM5 80GB rents for $3.99 an hour (on-demand, median of 7 providers, $3.49–12.29, "
        "read 2026-10-01, 51 days before)" in text
    )


def test_first_sentence_says_what_is_not_on_record(tables_on: TablesOn) -> None:
    day = date(2023, 7, 20)
    text = headline(Scenario(as_of=day, model="llama-2-70b"), tables_on(day), PROMPT_HEAVY, "b200-sxm", USD)
    assert "no API offer of Llama 2 70B is on record" in text
    assert "no on-demand price of a B200" in text
    assert cheapest_offer(Scenario(as_of=day), tables_on(day), PROMPT_HEAVY) is None


def test_every_offer_in_force_is_listed_with_source_and_freshness(frame: Any, tables_on: TablesOn) -> None:
    assert len(frame) == len(tables_on(TODAY).api_offers)
    assert frame["Freshness"].str.contains("read ").all()
    assert (frame["Where in it"] != "").all()
    assert frame["Title of the source"].notna().all()


def test_offer_shows_its_list_prices_and_the_mix(frame: Any) -> None:
    row = frame[frame["Offer"] == "openai/gpt-4o"].iloc[0]
    # The package lists 2.50 in, 1.25 cached, 10 out, batch at half: 1.25 and 5.
    assert [row[c] for c in ("Input", "Cached input", "Output", "Batch input", "Batch output")] == [
        2.5,
        1.25,
        10,
        1.25,
        5,
    ]
    # (4,000 x 2.50 + 16 x 10) / 4,016 = 2.530 USD per 1M.
    assert row["USD per 1M at 4,000 in / 16 out"] == 2.53
    assert row["Freshness"] == "read 11 days before"


def test_announced_price_is_marked_and_not_yet_charged(frame: Any) -> None:
    row = frame[frame["Offer"] == "google/gemini-3.6-flash"].iloc[0]
    assert "announced: $1.50 / $7.50 from 2027-01-01" in row["Remarks"]
    assert row["Input"] < 1.5


def test_old_and_unverified_rows_say_so(
    connection: DuckDBPyConnection, tables_on: TablesOn, sources: dict[str, Source]
) -> None:
    day = date(2027, 3, 1)
    facts = price_queries.api_offer_facts(connection, day)
    late = offers.offers_frame(tables_on(day), facts, sources, PROMPT_HEAVY, day, USD)
    row = late[late["Offer"] == "openai/gpt-5.2"].iloc[0]
    assert row["Freshness"] == "old: read 111 days before"  # from 2026-11-10
    older = late[late["Older catalogue"]]
    assert older["Freshness"].str.startswith("unverified").all()
    rented = hardware.gpu_offers_frame(price_queries.gpu_rows_on(connection, TODAY), sources, TODAY, USD)
    unknown = rented[rented["GPU"].str.contains("which one is not stated")]
    assert len(unknown) > 0
    assert unknown["Freshness"].str.startswith(("not ranked", "doubtful")).all()


@pytest.mark.parametrize(
    ("filters", "keeps", "drops"),
    [
        ({"search": "LLAMA 3.3"}, "avian/Meta-Llama-3.3-70B-Instruct", "openai/gpt-4o"),
        ({"provider": "openai"}, "openai/gpt-4o", "avian/Meta-Llama-3.3-70B-Instruct"),
        ({"open": True}, "avian/Meta-Llama-3.3-70B-Instruct", "openai/gpt-4o"),
        ({"cache": True}, "openai/gpt-4o", "mistral/mistral-medium"),
        ({"batch": True}, "openai/gpt-4o", "novita/meta-llama/llama-3.3-70b-instruct"),
        ({"context": 128_000}, "openai/gpt-4o", "aws/meta.llama3-8b-instruct-v1:0"),
    ],
)
def test_filter_keeps_what_fits(frame: Any, filters: dict[str, Any], keeps: str, drops: str) -> None:
    ids = set(offers.filtered_offers(frame, Fields(since=TODAY, **filters))["Offer"])
    assert keeps in ids
    assert drops in set(frame["Offer"])
    assert drops not in ids


def test_search_is_plain_text_and_not_a_pattern(frame: Any) -> None:
    found = offers.filtered_offers(frame, Fields(since=TODAY, search=".*(["))
    assert found.empty
    assert "0 offers" in offers.offers_sentence(found, "USD per 1M at 4,000 in / 16 out", USD)


def change(before: tuple[float, float] | None, after: tuple[float, float] | None, kind: str = "dated") -> Any:
    """One row of the query."""
    pair = {
        f"{meter}_{when}": None if prices is None else Decimal(str(prices[place]))
        for when, prices in (("before", before), ("after", after))
        for place, meter in enumerate(("input", "output"))
    }
    return {
        "api_offer_id": "p/m",
        "provider": "p",
        "name": "m",
        "reseller": False,
        "changed_on": TODAY,
        "valid_from_kind": None if after is None else kind,
        "source_id": "s",
        "locator": "l",
        "as_of": TODAY,
        **pair,
    }


@pytest.mark.parametrize(
    ("before", "after", "kind", "what", "size"),
    [
        ((1, 1), (2, 2), "dated", "dearer", "2× dearer"),
        ((2, 2), (1, 1), "dated", "cheaper", "2× cheaper"),
        # The mix decides: 4,000 of 4,016 tokens are prompt.
        ((1, 1), (0.5, 10), "dated", "cheaper", "1.9× cheaper"),
        ((0, 0), (1, 1), "dated", "dearer", "was free"),
        ((1, 1), (0, 0), "dated", "cheaper", "is free now"),
        (None, (1, 1), "dated", "new", ""),
        (None, (1, 1), "first-seen", "new", ""),
        (None, (1, 1), "catalogue", "first recorded", ""),
        ((1, 1), None, "dated", "gone", ""),
    ],
)
def test_change_is_named_by_what_the_mix_costs(
    before: Any, after: Any, kind: str, what: str, size: str
) -> None:
    found = changes.changes([change(before, after, kind)], {}, PROMPT_HEAVY, TODAY, USD)
    row = found.frame.iloc[0]
    assert (row["What"], row["At 4,000 in / 16 out"]) == (what, size)
    assert found.counts == {what: 1}


def test_published_price_cut_is_found_between_the_days_around_it(connection: DuckDBPyConnection) -> None:
    # GPT-4o: 5/15 from 2024-05-13, 2.50/10 from 2024-10-02 (OpenAI, structured outputs and pricing).
    def found(since: date, day: date) -> dict[str, Any]:
        rows = price_queries.api_changes(connection, since, day)
        return {row["api_offer_id"]: row for row in rows}

    cut = found(date(2024, 10, 1), date(2024, 10, 2))["openai/gpt-4o"]
    assert (cut["input_before"], cut["input_after"], cut["output_before"], cut["output_after"]) == (
        5,
        Decimal("2.5"),
        15,
        10,
    )
    assert cut["changed_on"] == date(2024, 10, 2)
    assert "openai/gpt-4o" not in found(date(2024, 10, 2), date(2024, 10, 3))
    assert "openai/gpt-4o" not in found(date(2024, 9, 1), date(2024, 10, 1))


def test_kinds_of_change_are_listed_apart(connection: DuckDBPyConnection, sources: dict[str, Source]) -> None:
    since = date(2026, 8, 23)
    rows = price_queries.api_changes(connection, since, TODAY)
    found = changes.changes(rows, sources, PROMPT_HEAVY, TODAY, USD)
    listed = {
        kind: len(changes.listed_changes(found, Fields(since=since, kind=kind)))
        for kind in LIMITS_OF_VIEW["kind"].choices
    }
    assert listed["all"] == len(rows) == sum(found.counts.values())
    assert listed["cheaper or dearer"] == listed["cheaper"] + listed["dearer"] > 10
    for kind in ("new", "gone", "first recorded"):
        assert listed[kind] == found.counts[kind]
        assert f"{listed[kind]:,}" in changes.changes_sentence(found, since, TODAY)
    only = changes.listed_changes(found, Fields(since=since, kind="all", search="gemini"))
    assert only["Offer"].str.contains("gemini").all()


def test_announced_prices_are_marked_with_their_day(
    connection: DuckDBPyConnection, sources: dict[str, Source]
) -> None:
    rows = price_queries.api_announced(connection, TODAY)
    found = changes.announced_frame(rows, sources, TODAY, USD)
    row = found[found["Offer"] == "google/gemini-4-argon"].iloc[0]
    assert row["Freshness"] == "announced: holds from 2026-12-01"
    later = price_queries.api_announced(connection, date(2026, 12, 1))
    assert "google/gemini-4-argon" not in {r["api_offer_id"] for r in later}


def test_history_steps_run_to_the_day_and_through_what_is_announced(connection: DuckDBPyConnection) -> None:
    rows = price_queries.api_price_periods(connection, ["openai/gpt-4o", "google/gemini-4-argon"])
    lines = {line.label: line for line in history.price_lines(rows, "output_usd_per_mtok", TODAY)}
    gpt = lines["openai/gpt-4o"]
    assert gpt.days[0] == date(2024, 5, 13)
    assert gpt.usd[0] == 15
    assert (gpt.days[-1], gpt.usd[-1]) == (TODAY, 10)
    assert lines["google/gemini-4-argon"].days[-1] == date(2026, 12, 1)
    finding = history.history_finding([gpt], "output", TODAY, USD)
    assert finding == "Output of openai/gpt-4o is 1.5× cheaper than in 2024-05: $15.00 then, $10.00 now"
    assert "No output price" in history.history_finding([], "output", TODAY, USD)


def test_offer_that_ended_breaks_its_line() -> None:
    row = {
        "api_offer_id": "p/m",
        "valid_from": date(2024, 1, 1),
        "valid_to": date(2024, 6, 1),
        "valid_from_kind": "first-seen",
        "output_usd_per_mtok": Decimal(1),
    }
    (line,) = history.price_lines([row], "output_usd_per_mtok", TODAY)
    assert line.days == (date(2024, 1, 1), date(2024, 6, 1))
    assert line.usd == (1.0, None)


def rent(provider: str, day: str, usd: float, kind: str = "on-demand", flag: str | None = None) -> Any:
    return {
        "provider": provider,
        "valid_from": date.fromisoformat(day),
        "usd_per_gpu_hour": usd,
        "price_type": kind,
        "flag": flag,
        "ended_on": None,
        "gpu_offer_id": f"{provider}-{day}-{usd}",
        "gpu_id": "h100-sxm",
        "gpu_as_listed": "H100",
        "instance": None,
        "gpu_count": 1,
        "region": None,
        "notes": None,
        "source_id": "a-source",
        "locator": "",
    }


def test_median_rent_counts_each_provider_once_with_its_newest_price() -> None:
    rows = [
        rent("a", "2026-01-01", 1),
        rent("b", "2026-01-01", 3),
        rent("b", "2026-01-01", 4),
        rent("c", "2026-02-01", 8),
        rent("a", "2026-02-01", 2),
        rent("d", "2026-02-01", 0.1, flag="doubtful"),
        rent("e", "2026-02-01", 0.1, kind="spot"),
        rent("f", "2027-01-01", 9),
    ]
    # January: a 1, b 3; the lower middle is 1, which nothing confirms, so 3. February: a 2, b still 3, c 8:
    # the middle is 3. In November both readings are older than 90 days: those of February and near it.
    assert hardware.median_by_day(rows, TODAY) == [
        (date(2026, 1, 1), 3, 2),
        (date(2026, 2, 1), 3, 3),
        (TODAY, 3, 3),
    ]


def test_an_offer_that_has_ended_is_in_no_median() -> None:
    rows = [
        rent("a", "2026-01-01", 1) | {"ended_on": date(2026, 1, 20)},
        rent("b", "2026-01-01", 3),
        rent("c", "2026-02-01", 3.5),
    ]
    assert [usd for _, usd, _ in hardware.median_by_day(rows, date(2026, 2, 2))] == [3, 3, 3]
    assert hardware.median_by_day(rows[:1], date(2026, 1, 20)) == [(date(2026, 1, 1), 1, 1)]


@pytest.mark.parametrize("gpu", ["h100-sxm", "gh200-96", "a100-80-sxm", "b200-sxm", "l40s"])
@pytest.mark.parametrize("day", [date(2023, 11, 15), date(2026, 6, 1), date(2026, 9, 1), TODAY])
def test_last_median_is_the_price_of_the_first_sentence(
    connection: DuckDBPyConnection, tables_on: TablesOn, gpu: str, day: date
) -> None:
    medians = hardware.median_by_day(price_queries.gpu_price_history(connection, gpu), day)
    price = gpu_price(tables_on(day).gpu_offers, gpu_id=gpu, price_type="on-demand", choice="median")
    assert medians[-1:] == ([] if price is None else [(day, price.usd_per_gpu_hour, price.n_offers)])


def test_gpu_costs_are_divided_by_what_the_gpu_has(
    tables_on: TablesOn, sources: dict[str, Source], connection: DuckDBPyConnection
) -> None:
    read = price_queries.days_read(connection, "gpus", "gpu_id")
    table = hardware.gpus_frame(tables_on(TODAY), "on-demand", sources, TODAY, USD, read)
    row = table[table["GPU"] == "NVIDIA H100 SXM5 80GB"].iloc[0]
    # 3.99 an hour; the data sheet says 989.4 TFLOP/s dense, 3.35 TB/s, 80 GB.
    assert row["USD per 1,000 TFLOP/s for an hour"] == pytest.approx(4.03, abs=0.01)
    assert row["USD per TB/s for an hour"] == pytest.approx(1.19, abs=0.01)
    assert row["USD per 100 GB for an hour"] == pytest.approx(4.99, abs=0.01)
    unverified = table[table["Freshness"].str.startswith("unverified")]
    assert len(unverified) == sum(not gpu.verified for gpu in tables_on(TODAY).gpus.values()) > 0
    assert "on-demand" in hardware.gpus_sentence(table, "on-demand", USD)
    assert "No spot price" in hardware.gpus_sentence(table.iloc[:0], "spot", USD)


def test_cache_per_token_matches_the_published_figure(
    tables_on: TablesOn, sources: dict[str, Source], connection: DuckDBPyConnection
) -> None:
    facts = price_queries.model_facts(connection)
    table = hardware.models_frame(tables_on(TODAY), facts, sources, TODAY).set_index("Model")
    column = "KV cache [kB per token, fp16]"
    # 2 x 80 layers x 8 heads x 128 x 2 B = 327,680 B (scaling-book: 160 kB at one byte each).
    assert table.loc["Llama 3.3 70B", column] == 327.7
    # DeepSeek-V3 paper: (512 + 64) x 61 layers x 2 B = 70.27 kB.
    assert table.loc["DeepSeek-V3", column] == pytest.approx(70.27, abs=0.05)
    assert "architectures" in hardware.models_sentence(table.reset_index())


def test_mix_of_a_single_price_is_that_price() -> None:
    assert mixed_usd(3, 3, PROMPT_HEAVY) == pytest.approx(3)
    # 3 tokens in at 1, 1 out at 5: (3 + 5) / 4.
    assert mixed_usd(1, 5, Shape(prompt_tokens=3, completion_tokens=1)) == 2


# The link


names = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=40
).filter(lambda text: text.strip() == text and text.lower() != "none" and text.isprintable())


@given(
    tab=st.sampled_from(TABS),
    kind=st.sampled_from(KINDS),
    search=st.none() | names,
    context=st.none() | st.integers(1, 10_000_000),
    flags=st.tuples(*[st.booleans()] * 4),
    since=st.dates(date(2023, 1, 1), date(2040, 12, 31)),
)
def test_link_gives_the_page_back(
    tab: str, kind: str, search: str | None, context: int | None, flags: tuple[bool, ...], since: date
) -> None:
    view = Fields(
        tab=tab,
        kind=kind,
        search=search,
        context=context,
        open=flags[0],
        cache=flags[1],
        batch=flags[2],
        current=flags[3],
        since=since,
        models=None,
    )
    values, warnings = FIELDS.read(FIELDS.write(view), default=Fields(since=TODAY))
    assert warnings == []
    assert Fields(**values) == view


@given(st.text(max_size=800))
def test_statement_in_a_link_comes_back_or_is_left_out(sql: str) -> None:
    line = sql_for_link(sql)
    if line is None:
        return
    assert len(line) <= 700
    if "⏎" not in sql:
        assert sql_of_link(line) == sql.strip().replace("\r\n", "\n")


def test_offers_of_a_link_are_at_most_five() -> None:
    assert offers_in("|".join(f"p/{i}" for i in range(9))) == [f"p/{i}" for i in range(5)]
