"""What was paid beside the list price: every part derived by hand from the catalogue's own prices."""

from decimal import Decimal

import pytest

from breakeven.apis.paid import explain_paid, paid_sentence
from breakeven.apis.workloads import price_workload
from breakeven.tables import queries
from breakeven.usage.read import read_workload
from breakeven.words.numbers import Money
from tests.builders import TODAY


def explained(tables, edges, path, day=TODAY):
    return explain_paid(price_workload(read_workload(path, edges=edges), tables, day), tables)


def prices(tables, offer_id, day=TODAY):
    """USD per token: prompt, cached prompt, completion."""
    (offer,) = (o for o in queries.api_offers_on(tables, day) if o.api_offer_id == offer_id)
    first = offer.tiers[0]
    return tuple(
        float(Decimal(price) / 10**6)
        for price in (first.input_usd_per_mtok, first.cache_read_usd_per_mtok, first.output_usd_per_mtok)
    )


def test_parts_add_up_to_what_was_paid(tables, edges, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(
        "created,model,input_tokens,output_tokens,cached_tokens,cost\n"
        "2026-11-20,gpt-4o,1000,100,400,0.01\n"
        "2026-11-20,gpt-4o,2000,200,0,Included\n"
        "2026-11-20,nobody-knows,5,5,0,7\n"
    )
    paid = explained(tables, edges, path)
    prompt, cached, completion = prices(tables, "openai/gpt-4o")
    (one,) = paid.models
    assert one.plain_usd == pytest.approx(3000 * prompt + 300 * completion)
    assert one.cache_usd == pytest.approx(400 * (cached - prompt))
    # The second row costs nothing: 2,000 prompt and 200 completion tokens at list price.
    assert one.free_usd == pytest.approx(-(2000 * prompt + 200 * completion))
    assert (paid.free_requests, paid.unpriced_usd) == (1, 7)
    assert one.rest_usd == pytest.approx(0.01 - (600 * prompt + 400 * cached + 100 * completion))
    changes = sum(usd for _, usd, whole in paid.steps if not whole)
    assert paid.steps[0][1] + changes == pytest.approx(7.01)
    assert paid.steps[-1][1] == pytest.approx(7.01)
    assert "1 request cost nothing" in paid_sentence(paid, Money())
    assert "$7.00 more went to models without a list price" in paid_sentence(paid, Money())


def test_list_price_itself_needs_no_explanation(tables, edges, tmp_path):
    prompt, _, completion = prices(tables, "openai/gpt-4o")
    path = tmp_path / "x.csv"
    path.write_text(
        f"model,input_tokens,output_tokens,cost\ngpt-4o,1000000,1000,{1e6 * prompt + 1e3 * completion}\n"
    )
    assert paid_sentence(explained(tables, edges, path), Money()).endswith("the list price of $2.51.")


def test_price_without_cache_discount_is_told(tables, edges, tmp_path):
    prompt, _, completion = prices(tables, "openai/gpt-4o")
    path = tmp_path / "x.csv"
    path.write_text(
        "model,input_tokens,output_tokens,cached_tokens,cost\n"
        f"gpt-4o,1000000,1000,900000,{1e6 * prompt + 1e3 * completion}\n"
    )
    assert "without any discount for cached tokens" in paid_sentence(explained(tables, edges, path), Money())


def test_price_of_the_day_of_the_request_is_its_own_part(tables, edges, tmp_path):
    # OpenAI's price of GPT-4o fell from $5.00 to $2.50 per 1M prompt tokens on 2024-10-02 (price list).
    path = tmp_path / "x.csv"
    for day, expected in (("2024-10-01", 2.5), ("2024-10-02", 0.0)):
        path.write_text(f"created,model,input_tokens,output_tokens,cost\n{day} 12:00:00,gpt-4o,1000000,0,5\n")
        paid = explained(tables, edges, path)
        assert paid.total("list_usd") == pytest.approx(2.5)
        assert paid.total("dates_usd") == pytest.approx(expected)
        assert paid.total("rest_usd") == pytest.approx(2.5 - expected)


def test_file_without_costs_has_nothing_to_explain(tables, edges, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("model,input_tokens,output_tokens\ngpt-4o,1,1\n")
    assert explained(tables, edges, path) is None
