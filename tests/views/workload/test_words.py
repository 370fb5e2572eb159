"""Findings of the breakdowns, with numbers derived by hand."""

from breakeven.apis.changes import sensitivity
from breakeven.apis.workloads import cost_rows, price_workload
from breakeven.usage.read import read_workload
from breakeven.views.workload import words
from breakeven.words.numbers import Money
from tests.builders import SAMPLES, TODAY

# GPT-4o costs $2.50 and $10 per 1M tokens: 1,000,000 in and 100,000 out are $3.50, a tenth of it $0.35.
FILE = """created,model,input_tokens,output_tokens,team
2026-11-01 10:00:00,gpt-4o,1000000,100000,a
2026-11-02 10:00:00,gpt-4o,100000,10000,b
2026-11-03 10:00:00,gpt-4o,100000,10000,b
2026-11-03 11:00:00,nobody-knows,1,2,b
"""


def test_findings_name_the_dearest_and_its_share(tables, edges, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(FILE.replace("team", "tenant"))
    workload = read_workload(path, edges=edges)
    priced = price_workload(workload, tables, TODAY)
    money = Money()
    assert words.by_model(priced, money) == "gpt-4o costs $4.20 at list price"
    days = cost_rows(workload, tables, TODAY, by="day")
    assert words.over_time(days, money, "day") == (
        "The dearest day is 2026-11-01 with $3.50, 10× the median day"
    )
    tenants = cost_rows(workload, tables, TODAY, by="tenant")
    if any(row.key for row in tenants):
        assert words.by_tenant(tenants, money) == "a makes 83 % of the list price of $4.20"
    # Three of four requests have more prompt than completion; 1,200,001 and 120,002 tokens in all.
    assert words.by_length(workload).startswith("75 % of the requests have more prompt than completion")
    assert "300,000 tokens in and 30,000 out" in words.by_length(workload)


def test_savings_lead_with_the_largest(tables, edges, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("model,input_tokens,output_tokens\ngpt-4o,100000,10000\n")
    priced = price_workload(read_workload(path, edges=edges), tables, TODAY)
    changes = sensitivity(priced, tables, "openai/gpt-4o")
    best = max(changes, key=lambda one: one.saves_usd)
    assert words.savings(changes, Money()).startswith("Largest saving: ")
    assert best.name[1:] in words.savings(changes, Money())
    assert words.savings((), Money()) == "None of these changes lowers the bill on this offer"


def test_a_row_is_called_a_request_or_a_sum_by_what_it_is(edges):
    def said(sample):
        (found,) = read_workload(SAMPLES / sample, edges=edges).recognised
        return words.row_is(found)

    assert said("litellm_spend_logs.csv") == "one request"
    assert said("completions_usage_openai.csv") == "a sum of requests"
