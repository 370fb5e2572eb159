"""What a chat shows of a shared link: title and description in the HTML that the server sends."""

import asyncio
import re
from html import unescape

import pytest

from breakeven.dashboard.preview import NAME, PAGES, Preview, preview, tags

HTML = b"<html><head><title>Streamlit</title></head><body>x</body></html>"


async def _page(scope, _receive, send):
    kind = b"text/plain" if scope["path"] == "/robots.txt" else b"text/html; charset=utf-8"
    length = (b"content-length", str(len(HTML)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind), length]})
    await send({"type": "http.response.body", "body": HTML[:20], "more_body": True})
    await send({"type": "http.response.body", "body": HTML[20:]})


def fetch(path, query=b""):
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": query}
    asyncio.run(Preview(_page)(scope, None, send))
    body = b"".join(one.get("body", b"") for one in sent)
    return dict(sent[0]["headers"]), body.decode()


def test_title_of_a_link_is_its_verdict_and_the_length_is_that_of_the_page():
    headers, page = fetch("/", b"as_of=2026-11-21&requests=0.1&prompt_a=300&completion_a=200")
    title = unescape(re.search("<title>(.*?)</title>", page)[1])
    # 300 in and 200 out at 0.1 requests/s: tokens for $32 a month against a GPU that costs $1,700.
    assert title.startswith("The API is 5")
    assert title.endswith(f" a month against $1,670 · {NAME}")
    assert int(headers[b"content-length"]) == len(page.encode())
    assert 'property="og:description"' in page


def test_what_is_no_page_is_passed_on_as_it_came():
    assert fetch("/robots.txt")[1] == HTML.decode()
    assert fetch("/_stcore/health")[1] == HTML.decode()


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_page_has_a_title_of_its_own(page):
    title, description = preview(page, "")
    assert title.endswith(NAME)
    assert "Streamlit" not in title + description


@pytest.mark.parametrize(
    "query", ["model=%3Cscript%3E", "requests=nan&prompt_a=-1", "\udc80=1", "&&=", "as_of=1066-10-14", "v=9"]
)
def test_no_link_is_too_broken_and_nothing_of_it_is_html(query):
    title, description = preview("", query)
    head = tags(title, description)
    assert "<script" not in head
    assert head.count("<title>") == 1


def test_quotation_marks_stay_inside_their_attribute():
    assert 'content="a &quot;b&quot; &lt;c&gt;"' in tags("t", 'a "b" <c>')
