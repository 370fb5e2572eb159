"""Every claim's link opens a page that shows its number."""

import re
from urllib.parse import parse_qsl

import pytest

from breakeven.comparison.answer import compare
from breakeven.question.asked import read_ids
from breakeven.question.link import decode
from breakeven.question.pages.deploy import Fields as DeployFields
from breakeven.question.pages.train import FIELDS as TRAIN_FIELDS
from breakeven.question.pages.train import SHROTT, SHROTT_SCENARIO
from breakeven.question.pages.train import Fields as TrainingPlan
from breakeven.tables import queries
from breakeven.views.deploy import FIELDS as DEPLOY_FIELDS
from breakeven.views.deploy import USUAL, deploy, words
from breakeven.views.deploy.detail import memory_of
from breakeven.views.links import given_in, shown_at, target
from breakeven.views.numbers import PARTS
from breakeven.views.train.answer import TrainingFacts, train
from tests.builders import DEFAULT, ROOT, open_page, texts

PAGES = ROOT / "pages"
LINKED_PAGES = {"compare", "deploy", "train", "prices", "numbers"}


def test_every_link_names_a_page_and_is_read_there_without_a_warning(judged, connection):
    known = read_ids(connection)
    seen = set()
    for key, one in judged.items():
        shown = shown_at(one.claim.page, one.claim.link)
        if shown is None:
            continue
        seen.add(shown.page)
        assert shown.warnings == (), key
        assert (PAGES / f"{shown.page}.py").exists(), key
        assert len(shown.query) < 2000, key
        decoded = decode(shown.query, default=DEFAULT, known=known)
        assert (decoded.scenario, decoded.warnings) == (shown.scenario, ()), key
        # Written and read again, the page's own fields are what they were.
        assert target(shown.page, decoded.scenario, dict(parse_qsl(shown.query)[1:])).adds == shown.adds, key
    assert seen == LINKED_PAGES


def shown_on(judged, page):
    links = {(one.claim.page, one.claim.link) for one in judged.values() if one.claim.page == page}
    return [shown_at(*link) for link in sorted(links)]


def test_every_recomputed_number_has_a_page_that_shows_it(judged):
    assert [key for key, one in judged.items() if one.value is not None and one.claim.page is None] == []


def test_every_linked_comparison_is_answered(judged, tables_on):
    for shown in shown_on(judged, "compare"):
        answer = compare(shown.scenario, tables_on(shown.scenario.as_of))
        assert answer.problems == (), shown.query
        assert all(shape.ratio for shape in answer.shapes), shown.query


def statement_of(judged, claim_id):
    claim = judged[claim_id].claim
    return shown_at(claim.page, claim.link).adds["prices_sql"]


def test_every_linked_statement_gives_rows(judged, connection):
    statements = {shown.adds["prices_sql"] for shown in shown_on(judged, "prices")} - {"none"}
    assert len(statements) > 5
    assert [sql for sql in statements if not connection.cursor().execute(sql).fetchall()] == []


@pytest.mark.parametrize(
    "column",
    ["tokens", "tflops", "flops-share", "bandwidth", "memory-share", "prompt-usd", "completion-usd"],
)
def test_linked_column_of_the_appendix_repeats_what_was_printed(judged, connection, column):
    sql = statement_of(judged, f"sanger-appendix-{column}")
    rows = connection.cursor().execute(sql).fetchall()
    assert len(rows) == 28
    for *_, printed, recomputed in rows:
        # One step of the last digit, or what half a millisecond is of the shortest time, 84 ms.
        digits = len(str(format(printed, "f")).rstrip("0").partition(".")[2])
        assert float(recomputed) == pytest.approx(float(printed), abs=1.01 * 10.0**-digits, rel=0.5 / 84)


def test_every_linked_statement_of_one_number_gives_the_recomputed_one(judged, connection):
    """Arithmetic written twice, in a statement and in our formulas, comes to the same."""
    differ, alone = [], 0
    for key, one in judged.items():
        shown = shown_at(one.claim.page, one.claim.link)
        if one.value is None or shown is None or shown.adds.get("prices_sql", "none") == "none":
            continue
        found = connection.cursor().execute(shown.adds["prices_sql"])
        rows = found.fetchall()
        if len(rows) > 1 or len(rows[0]) > 1:
            continue
        alone += 1
        if float(rows[0][0]) != pytest.approx(one.value, rel=5e-4):
            differ.append((key, rows[0][0], one.value))
    assert differ == []
    assert alone > 120


# The pages beside the statements that show the number of a claim, and where.
def test_every_other_page_that_a_claim_opens_shows_its_number(judged):
    missing, pages = [], {}
    for key, one in judged.items():
        shown = shown_at(one.claim.page, one.claim.link)
        if one.value is None or shown is None or "prices_sql" in one.claim.link:
            continue
        if shown.query not in pages:
            app = open_page(shown.page, **dict(parse_qsl(shown.query)))
            frames = [frame.value.to_csv(index=False) for frame in (*app.table, *app.dataframe)]
            drawn = [block.value for block in app.get("html")]
            pages[shown.query] = " ".join([texts(app), *frames, *drawn])
        if not _says(pages[shown.query], one.value * one.claim.scale):
            missing.append((key, shown.page, one.value))
    assert missing == []
    assert len(pages) > 12


def _says(text: str, value: float) -> bool:
    """A number of the text is this one, in whatever multiple of a thousand, to the digit it is printed."""
    for printed in re.findall(r"\d[\d,]*(?:\.\d+)?", text):
        plain = printed.replace(",", "")
        half_step = 0.5 / 10 ** len(plain.partition(".")[2])
        digits = len(plain.replace(".", "").strip("0"))
        for power in (0, 3, 6, 9):
            gap = abs(float(plain) - value / 10**power)
            if gap <= half_step and (digits >= 3 or gap <= 1e-9 * value):
                return True
    return False


def test_linked_statement_finds_no_run_at_batch_64(judged, connection):
    rows = connection.cursor().execute(statement_of(judged, "sanger-batch-64-rows")).fetchall()
    assert sum(count for _, count in rows) == 28
    assert 64 not in dict(rows)


def test_every_linked_search_of_the_rules_finds_one(judged):
    parts = [shown.adds for shown in shown_on(judged, "numbers")]
    assert parts
    assert all(adds["numbers_part"] in PARTS and adds["numbers_find"] != "none" for adds in parts)


# What the article of the claim says, and what the page it links to computes, by hand.
@pytest.mark.parametrize(
    ("claim_id", "usd"),
    [
        pytest.param("cost-gpt3", 1_059_115, id="6 x 175e9 x 500e9 / 312e12 / 3600 x 2.2659"),
        pytest.param("cost-gpt4-full", 283.24e6, id="267.4 times as much"),
        pytest.param("cost-gpt4", 141.62e6, id="half of it"),
        pytest.param("numbers-train-cluster", 5.161e6, id="2,048 x 21 x 24 h x $5"),
    ],
)
def test_linked_training_costs_what_the_claim_recomputes_to(judged, tables_on, connection, claim_id, usd):
    shown = shown_at(judged[claim_id].claim.page, judged[claim_id].claim.link)
    plan = TrainingPlan(**TRAIN_FIELDS.read(shown.adds, default=TrainingPlan())[0])
    day = shown.scenario.as_of
    facts = TrainingFacts(runs=tuple(queries.training_runs(connection)), tuning_prices=())
    answer = train(plan, shown.scenario, tables_on(day), facts)
    assert answer.usd.mid == pytest.approx(usd, rel=0.001)


def test_claims_of_shrott_open_the_project_that_the_train_page_fills_in(judged):
    shown = shown_at(judged["shrott-gpt35"].claim.page, judged["shrott-gpt35"].claim.link)
    assert shown.adds == TRAIN_FIELDS.write(SHROTT)
    assert {name: getattr(shown.scenario, name) for name in SHROTT_SCENARIO} == dict(SHROTT_SCENARIO)


@pytest.mark.parametrize(
    ("claim_id", "sentence"),
    [
        # 2 x 80 layers x 8 heads x 128 x 2 B; 4,096 of them.
        ("sanger-kv-bytes", "328 kB per token"),
        ("sanger-kv-4096", "1 sequence of 1.34 GB"),
        ("sanger-weights", "Weights 138 GB"),
        # 22 GB over 1.34 GB and over 0.328 GB, rounded down.
        ("sanger-max-batch-long", "16 sequences"),
        ("sanger-batch-32-fits", "67 sequences"),
        # 2 x 40 layers x 5,120 x 2 B; 16 x 512 and 1,024 of them.
        ("numbers-kv-13b", "819 kB per token"),
        ("numbers-kv-16", "KV cache 6.71 GB"),
        ("numbers-kv-output", "839 MB"),
    ],
)
def test_linked_memory_bar_shows_the_recomputed_value(judged, tables_on, claim_id, sentence):
    shown = shown_at(judged[claim_id].claim.page, judged[claim_id].claim.link)
    extra = DeployFields(**DEPLOY_FIELDS.read(shown.adds, default=USUAL)[0])
    answer = deploy(shown.scenario, extra, tables_on(shown.scenario.as_of))
    assert sentence in words.memory_parts(memory_of(answer, answer.chosen))


def test_field_of_another_page_and_bad_value_are_told():
    told = target("train", DEFAULT, given_in("deploy_shape=b train_gpus=many train_colour=red"))
    assert len(told.warnings) == 3
    for part in ("deploy_shape", "gpus must be a whole number", "train_colour"):
        assert sum(part in warning for warning in told.warnings) == 1


def test_page_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="no page 'nowhere'"):
        target("nowhere", DEFAULT, {})


@pytest.mark.parametrize(
    ("page", "key", "value", "others"),
    [
        ("evidence", "evidence_quantity", "ttft", {"evidence_by": "gpu"}),
        ("method", "method_find", "KV cache", {}),
    ],
)
def test_link_to_a_page_of_choices_writes_all_of_them(page, key, value, others):
    shown = target(page, DEFAULT, {key: value})
    assert shown.warnings == ()
    assert shown.adds.items() >= ({key: value} | others).items()
    wrong = target(page, DEFAULT, {f"{page}_nothing": "1"})
    assert len(wrong.warnings) == 1
