"""Title and description of a link in the HTML that the server sends: what a chat shows of a shared link."""

from __future__ import annotations

import logging
from datetime import date
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from anyio import to_thread

from breakeven.comparison import words
from breakeven.comparison.answer import compare
from breakeven.dashboard.session import database, known_ids
from breakeven.question.link import decode
from breakeven.question.scenario import Scenario
from breakeven.tables.day import Tables, read_tables
from breakeven.words.names import kind_of, shape_name

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAME = "Breakeven"
ABOUT = "LLM API, or your own GPUs? Your workload priced both ways, with the working."
PAGES = {
    "": "API or self-hosting",
    "compare": "API or self-hosting",
    "deploy": "Which GPUs, how many, what they cost",
    "train": "What training costs",
    "workload": "What a usage file costs everywhere",
    "articles": "Published claims, recomputed",
    "numbers": "The numbers of 2023, then and now",
    "prices": "Prices of tokens and GPU-hours",
    "evidence": "How far the predictions are from measured runs",
    "method": "Formulas and sources",
}
"""First part of a page's title, by its address."""
_COMPARED = ("", "compare")


@lru_cache(maxsize=8)
def _tables(day: date) -> Tables:
    return read_tables(database(), day)


@lru_cache(maxsize=512)
def preview(page: str, query: str) -> tuple[str, str]:
    """Title and description of an address; of a comparison the verdict itself.

    Parameters
    ----------
    page
        Key of :data:`PAGES`; another is treated as the first.
    query
        Parameters of the link, as they came.
    """
    if page not in _COMPARED:
        return f"{PAGES.get(page, NAME)} · {NAME}", ABOUT
    decoded = decode(dict(parse_qsl(query)), default=Scenario(as_of=date.today()), known=known_ids())
    scenario = decoded.scenario
    answer = compare(scenario, _tables(scenario.as_of))
    first, second = answer.shapes
    said = [
        f"{kind_of(one.shape)}, {shape_name(one.shape)}: {words.headline(one, scenario)}."
        for one in (first, second)
    ]
    title = f"{words.headline(first, scenario)} · {NAME}"
    return title, " ".join([*said, words.question(answer, scenario.money)])


def tags(title: str, description: str) -> str:
    """The lines of the head; whatever a link says is escaped."""
    lines = [f"<title>{escape(title)}</title>"]
    named = {"description": description, "twitter:card": "summary"}
    lines += [f'<meta name="{name}" content="{escape(text)}" />' for name, text in named.items()]
    shown = {"title": title, "description": description, "type": "website", "site_name": NAME}
    lines += [f'<meta property="og:{name}" content="{escape(text)}" />' for name, text in shown.items()]
    return "\n    ".join(lines)


class Preview:
    """Put title and description into the page that Streamlit serves."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; only a whole page of HTML is touched."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"].startswith(("/_", "/static")):
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        body = bytearray()

        async def held(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                if not _is_page(message):
                    await send(message)
                return
            if start is None or not _is_page(start):
                await send(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            page = await to_thread.run_sync(_with_tags, bytes(body), scope["path"], scope["query_string"])
            headers = [(k, v) for k, v in start["headers"] if k.lower() not in (b"content-length", b"etag")]
            await send({**start, "headers": [*headers, (b"content-length", str(len(page)).encode())]})
            await send({"type": "http.response.body", "body": page})

        await self.app(scope, receive, held)


def _is_page(start: Message) -> bool:
    headers = dict(start["headers"])
    return (
        start["status"] == 200
        and headers.get(b"content-type", b"").startswith(b"text/html")
        and b"content-encoding" not in headers
    )


def _with_tags(page: bytes, path: str, query: bytes) -> bytes:
    """The page with its own head."""
    name = path.strip("/").rpartition("/")[2]
    try:
        title, description = preview(name, query.decode("latin-1"))
    except Exception:
        # Nothing that a link says may keep the page itself from opening: it tells what is wrong with it.
        logging.getLogger(__name__).exception("no preview of a link")
        title, description = NAME, ABOUT
    return page.replace(b"<title>Streamlit</title>", tags(title, description).encode(), 1)
