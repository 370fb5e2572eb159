"""Every page of the folder opens: it answers a link of the day of the tables, and an empty one."""

import re
import socket
from datetime import date, timedelta

import pytest

from breakeven.dashboard.blocks import price_age
from tests.builders import ROOT, TODAY, open_page

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("[a-z]*.py"))


@pytest.mark.parametrize("page", PAGES)
def test_page_opens_with_something_to_read(page: str) -> None:
    app = open_page(page, v="1", as_of=TODAY.isoformat())
    assert len(app.main.markdown) + len(app.main.header) + len(app.main.info) > 0
    assert not app.error


@pytest.mark.parametrize("page", PAGES)
def test_a_link_that_mail_has_escaped_opens_as_it_was_sent_and_says_so_once(page):
    app = open_page(page, **{"v": "2026-11", "amp;as_of": TODAY.isoformat(), "amp;requests": "50"})
    said = [one.value for one in app.warning if "changed on its way" in one.value]
    assert len(said) == 1
    assert dict(app.query_params)["requests"] in ("50", ["50"])


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_how_old_its_prices_are_and_fetches_none(page, monkeypatch):
    asked = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: asked.append(address) or [])
    app = open_page(page, v="1", as_of=TODAY.isoformat())
    line = r"API prices of \d{4}-\d\d-\d\d, \d+ days? old; GPU prices of \d{4}-\d\d-\d\d, \d+ days? old"
    assert sum(bool(re.search(line, one.proto.body)) for one in app.get("html")) == 1
    assert not asked


def test_age_counts_the_days_since_the_newest_price():
    told = price_age(date(2026, 11, 30))
    days = [date.fromisoformat(day) for day in re.findall(r"prices of (\S+),", told)]
    ages = [int(n) for n in re.findall(r"(\d+) days? old", told)]
    assert ages == [(date(2026, 11, 30) - day).days for day in days]
    later = price_age(date(2026, 11, 30) + timedelta(days=400))
    assert [int(n) >= 200 for n in re.findall(r"(\d+) days? old", later)] == [True, True]
