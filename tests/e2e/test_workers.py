"""Two workers behind nginx: what a visitor does there, and what is left when workers are replaced or die."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.builders import SAMPLES
from tests.e2e.conftest import settle
from tests.e2e.test_compare_page import (  # noqa: F401  run here against two workers
    numbers_of,
    open_word,
    test_back_button_restores_the_scenario_before,
    test_moving_a_slider_changes_the_link_and_the_link_repeats_the_numbers,
    test_one_press_copies_the_link_and_says_so,
    test_table_downloads_as_csv,
    test_two_visitors_do_not_share_a_scenario,
    wait_for_field,
)
from tests.e2e.test_deploy_page import test_config_is_uploaded_and_becomes_the_model  # noqa: F401
from tests.e2e.test_evidence_page import test_own_runs_are_uploaded_and_fitted  # noqa: F401
from tests.e2e.test_frame import test_one_press_of_back_undoes_one_step  # noqa: F401
from tests.e2e.test_numbers_page import test_page_to_print_downloads_whole  # noqa: F401
from tests.e2e.test_prices_page import test_statement_is_answered_and_its_link_repeats_it  # noqa: F401
from tests.e2e.test_sharing import (  # noqa: F401
    elsewhere,
    test_a_chat_finds_the_picture_of_the_link,
    test_card_stands_in_another_page_and_nothing_else_does,
)
from tests.e2e.test_workload_page import (  # noqa: F401
    test_bad_rows_are_listed_and_the_others_priced,
    test_digest_link_repeats_the_bill_without_the_file,
    test_upload_is_recognised_and_priced,
    test_upload_of_one_visitor_is_not_seen_by_another,
    test_upload_survives_a_visit_to_another_page,
    upload,
)
from tests.servers import Server, fronted, health, until, workers_of

pytestmark = pytest.mark.slow
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Server]]:
    """Two workers behind nginx."""
    with fronted(tmp_path_factory.mktemp("front")) as started:
        yield started


@pytest.fixture(scope="module")
def address(front: tuple[str, Server]) -> str:
    """Address of nginx, in place of that of one server."""
    return front[0]


def worker_of(page: Page) -> str:
    """Number of the worker that holds the sessions of a visitor."""
    cookies = page.context.cookies()
    return next(cookie["value"] for cookie in cookies if cookie["name"] == "breakeven_worker")


def test_visitors_are_shared_among_the_workers_and_stay_with_theirs(visit: Visit) -> None:
    pages = [visit(stranger=True) for _ in range(6)]
    assert {worker_of(page) for page in pages} == {"1", "2"}
    for page in pages[:2]:
        before = worker_of(page)
        upload(visit_workload(page), SAMPLES / "completions_usage_openai.csv")
        assert "OpenAI usage export (CSV)" in settle(page).locator('[data-testid="stMain"]').inner_text()
        assert worker_of(page) == before


def visit_workload(page: Page) -> Page:
    """Go to the page that takes files."""
    parts = urlsplit(page.url)
    page.goto(f"{parts.scheme}://{parts.netloc}/workload")
    return settle(page)


def change(page: Page) -> None:
    """Change the scenario of a page."""
    open_word(page, "4,000 in / 16 out")
    field = page.get_by_label("Completion tokens", exact=True).first
    field.fill("700")
    field.press("Enter")
    wait_for_field(page, "completion_a", "700")
    page.keyboard.press("Escape")
    settle(page)


@contextmanager
def reconnecting(page: Page) -> Iterator[None]:
    """A page loses its connection meanwhile, takes up another and shows what it showed."""
    numbers = list(numbers_of(page))
    with page.expect_websocket(timeout=90_000):
        yield
    page.wait_for_selector('[data-testid="stApp"][data-test-connection-state="CONNECTED"]', timeout=60_000)
    until(lambda: page.wait_for_timeout(500) is None and list(numbers_of(settle(page))) == numbers)


def works(page: Page) -> None:
    """A page takes another change."""
    open_word(page, "4,000 in / 700 out")
    field = page.get_by_label("Prompt tokens", exact=True).first
    field.fill("5000")
    field.press("Enter")
    wait_for_field(page, "prompt_a", "5000")


def test_replacing_every_worker_costs_a_visitor_one_reconnection(
    visit: Visit, front: tuple[str, Server]
) -> None:
    address, team = front
    page = visit(stranger=True)
    change(page)
    before = workers_of(team)
    statuses: set[int] = set()

    def all_new() -> bool:
        statuses.add(health(address)[0])
        now = workers_of(team)
        return len(now) == len(before) and not set(now) & set(before)

    with reconnecting(page):
        os.kill(team.process.pid, signal.SIGHUP)
        until(all_new)
    assert statuses == {200}  # somebody answered all the while
    works(page)


def test_a_worker_that_is_killed_costs_its_session_which_the_link_restores(
    visit: Visit, front: tuple[str, Server]
) -> None:
    _address, team = front
    page = visit(stranger=True)
    change(page)
    number = int(worker_of(page)) - 1
    killed = workers_of(team)[number]
    with reconnecting(page):
        os.kill(killed, signal.SIGKILL)
    assert killed not in workers_of(team)
    works(page)
    assert worker_of(page) in ("1", "2")
