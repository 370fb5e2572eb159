"""The page that prices a usage file: what its link carries."""

from urllib.parse import urlencode

import pytest

from breakeven.apis.workloads import price_edges
from breakeven.tables.build import open_memory
from breakeven.usage.digest import LONGEST, pack
from breakeven.usage.read import read_workload
from tests.builders import open_page


def shared(folder, *models):
    """A shared workload of some models: 1,000,000 prompt and 100,000 completion tokens of each."""
    path = folder / "x.csv"
    rows = "".join(f"{model},1000,100,1000\n" for model in models)
    path.write_text(f"model,input_tokens,output_tokens,count\n{rows}")
    with open_memory() as tables:
        return pack(read_workload(path, edges=price_edges(tables)))


@pytest.fixture(scope="module")
def digest(tmp_path_factory):
    """A shared workload of one model that nobody knows."""
    return shared(tmp_path_factory.mktemp("shared"), "our-own-name")


def parameter(page, key):
    """What the address bar says; AppTest gives text or a list of it."""
    value = page.query_params[key]
    return value if isinstance(value, str) else value[0]


def opened(**link):
    return open_page("workload", **({"as_of": "2026-11-21"} | link))


def test_link_carries_the_names_of_unknown_models(digest):
    page = opened(w=digest, names="our-own-name=openai/gpt-4o")
    # GPT-4o: $2.50 and $10 per 1M tokens, so 1,000,000 x 2.5e-6 + 100,000 x 1e-5.
    assert page.header[0].value.startswith("This usage costs \\$3.50 at list price")
    assert parameter(page, "names") == "our-own-name=openai/gpt-4o"
    carried = urlencode({key: parameter(page, key) for key in ("w", "names")})
    assert len(carried) <= LONGEST


def test_name_of_no_offer_is_refused_with_a_sentence(digest):
    page = opened(w=digest, names="our-own-name=nobody/nothing;;=")
    warnings = [one.value for one in page.warning]
    assert any("which is no offer" in text for text in warnings)
    assert any("it is ignored" in text for text in warnings)
    assert "at list price" not in page.header[0].value


def test_name_chosen_on_the_page_enters_the_link(digest):
    page = opened(w=digest)
    (choice,) = [box for box in page.selectbox if box.label == "Price it as"]
    choice.select("openai/gpt-4o").run()
    assert not page.exception
    assert parameter(page, "names") == "our-own-name=openai/gpt-4o"
    assert "\\$3.50" in page.header[0].value


def test_nearest_names_are_one_click_away_and_can_be_forgotten(tmp_path):
    page = opened(w=shared(tmp_path, "gpt-4oo", "claude-sonet-4-5", "our-own-name"))
    assert len([box for box in page.selectbox if box.label == "Price it as"]) == 3
    page.button(key="near_openai/gpt-4o_gpt-4oo").click().run()
    assert not page.exception
    assert parameter(page, "names") == "gpt-4oo=openai/gpt-4o"
    assert "\\$3.50" in page.header[0].value
    page.button(key="near_anthropic/claude-sonnet-4-5_claude-sonet-4-5").click().run()
    # Claude Sonnet 4.5: $3 and $15 per 1M tokens.
    assert "\\$8.00" in page.header[0].value
    page.button(key="forget_gpt-4oo").click().run()
    assert not page.exception
    assert parameter(page, "names") == "claude-sonet-4-5=anthropic/claude-sonnet-4-5"
    assert page.button(key="near_openai/gpt-4o_gpt-4oo")


def test_names_beyond_twenty_are_counted_and_none_has_the_place_of_another(tmp_path):
    same = "a" * 70
    page = opened(w=shared(tmp_path, *(f"{same}{number}" for number in range(23))))
    assert not page.exception
    assert len([box for box in page.selectbox if box.label == "Price it as"]) == 20
    assert "3 more names follow when these are named." in [one.value for one in page.caption]
