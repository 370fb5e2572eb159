"""What a chat shows of a shared link: title, description and picture in the HTML that the server sends."""

from __future__ import annotations

import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import streamlit
from anyio import CapacityLimiter, move_on_after, to_thread

from breakeven.dashboard.card import ABOUT, NAME, PAGES, Card, card_of_link
from breakeven.dashboard.look import HISTORY
from breakeven.dashboard.picture import HEIGHT, WIDTH, default_picture, picture_of
from breakeven.question.calibrated import FIELDS as CALIBRATED_FIELDS
from breakeven.question.fields import pairs_of
from breakeven.question.link import LONGEST_LINK, short

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

PICTURE = "preview.png"
"""Last part of the address of a picture; ``page`` in its query names a page, else it is of a scenario."""
KEPT = 64
"""Pictures that are kept, about 25 kB each."""
MOST_WAITING = 8
"""Pictures that may wait to be drawn, one at a time; who comes then gets the site's own."""
MOST_ANSWERED = 2
"""Answers of pages that are written at the same time."""
PATIENCE_S = 1.5
"""How long a page waits for its own answer before it is sent under its name. [s]"""
FRESH_S = 3600
"""How long a picture may be kept by those who fetch it: the page's day moves on. [s]"""
_COMPARED = ("", "compare")
_PAGE_ROOM = 20
"""Characters that the address of a picture has before the link: which page it is of."""
_HOST = re.compile(
    r"(?:(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII
)
"""A host as addresses write it; another header is not repeated."""


Answers = Callable[[str, Mapping[str, str]], str]
"""What each page but the first answers to the parameters of a link; empty where they do not say enough."""


def _no_answer(_page: str, _pairs: Mapping[str, str]) -> str:
    """Pages are called by their names."""
    return ""


@lru_cache(maxsize=512)
def _answered(answers: Answers, page: str, query: str, _today: date) -> str:
    """What a page answers to a query; nothing where that fails: the page itself says what is wrong."""
    try:
        return answers(page, _pairs(query)).removesuffix(".")
    except Exception:
        logging.getLogger(__name__).exception("no answer of a link")
        return ""


def _pairs(query: str) -> dict[str, str]:
    """Parameters of a query string as its sender wrote it; the first of a name counts."""
    return dict(reversed(pairs_of(f"?{query}")))


class _Seen:
    """What an address shows, all of it plain text."""

    def __init__(self, page: str, query: str, answers: Answers = _no_answer) -> None:
        """Read an address; ``page`` is a key of :data:`PAGES`, another is a page without a title."""
        name = PAGES.get(page, NAME)
        self.title, self.description = f"{name} · {NAME}", ABOUT
        self.picture, self.alt = f"page={page}", f"{name}. {ABOUT}"
        if page in PAGES and page not in _COMPARED:
            answer = _answered(answers, page, query, date.today())
            if answer:
                self.title, self.description = f"{answer} · {NAME}", f"{name}. {ABOUT}"
                self.alt = f"{name}: {answer}."
                self.picture += f"&{query}" if len(query) <= LONGEST_LINK else ""
        if page in _COMPARED:
            card = card_of_query(query)
            first = card.verdicts[0]
            self.title = f"{first.headline} · {NAME}"
            self.description = f"{card.alt} {card.contenders}"
            self.picture, self.alt = _picture_query(card), card.alt


def card_of_query(query: str) -> Card:
    """The card of a query string, as it came."""
    return card_of_link(_pairs(query))


def _picture_query(card: Card) -> str:
    own = CALIBRATED_FIELDS.write(card.calibrated) if card.calibrated.given else {}
    return short(card.scenario, own)


def preview(page: str, query: str, answers: Answers = _no_answer) -> tuple[str, str]:
    """Title and description of an address: the page's own answer, where the link asks for one.

    Parameters
    ----------
    page
        Key of :data:`PAGES`; another has the site's name.
    query
        Parameters of the link, as they came.
    answers
        What the other pages answer.
    """
    seen = _Seen(page, query, answers)
    return seen.title, seen.description


def tags(title: str, description: str, address: str = "", picture: str = "", alt: str = "") -> str:
    """The lines of the head; whatever a link or a header says is escaped.

    Parameters
    ----------
    address, picture
        Whole addresses of the page and of its picture; left out where the host is not known.
    alt
        The picture in words.
    """
    lines = [f"<title>{escape(title)}</title>"]
    named = {
        "description": description,
        "twitter:card": "summary_large_image" if picture else "summary",
        "twitter:title": title,
        "twitter:description": description,
    }
    shown = {"title": title, "description": description, "type": "website", "site_name": NAME}
    if address:
        shown["url"] = address
    if picture:
        named |= {"twitter:image": picture, "twitter:image:alt": alt}
        shown |= {"image": picture, "image:type": "image/png", "image:alt": alt}
        shown |= {"image:width": str(WIDTH), "image:height": str(HEIGHT)}
    lines += [f'<meta name="{name}" content="{escape(text)}" />' for name, text in named.items()]
    lines += [f'<meta property="og:{name}" content="{escape(text)}" />' for name, text in shown.items()]
    return "\n    ".join(lines)


class Preview:
    """Put title, description and picture into the page that Streamlit serves, and draw the pictures."""

    def __init__(self, app: ASGIApp, answers: Answers = _no_answer) -> None:
        """Wrap an application; ``answers`` writes what its pages but the first answer."""
        self.app = app
        self._answers = answers
        self._kept: OrderedDict[tuple[str, str, str], bytes] = OrderedDict()
        self._waiting = 0
        self._one: CapacityLimiter | None = None
        self._few: CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; only a whole page of HTML is touched."""
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and _name(scope) == PICTURE:
            await self._send_picture(scope, send)
            return
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
            answers = await self._in_time(scope)
            page = await to_thread.run_sync(_with_tags, bytes(body), scope, answers)
            headers = [(k, v) for k, v in start["headers"] if k.lower() not in (b"content-length", b"etag")]
            await send({**start, "headers": [*headers, (b"content-length", str(len(page)).encode())]})
            await send({"type": "http.response.body", "body": page})

        await self.app(scope, receive, held)

    async def _in_time(self, scope: Scope) -> Answers:
        """What writes the page's answer, if that is known soon: no visitor waits for a preview.

        One that takes longer goes on, and is there for whoever opens the same link next.
        """
        name = _name(scope)
        if name in _COMPARED or name not in PAGES:
            return self._answers
        query = scope["query_string"].decode("latin-1")
        self._few = self._few or CapacityLimiter(MOST_ANSWERED)
        with move_on_after(PATIENCE_S) as waited:
            asked = (self._answers, name, query, date.today())
            await to_thread.run_sync(_answered, *asked, abandon_on_cancel=True, limiter=self._few)
        return _no_answer if waited.cancelled_caught else self._answers

    async def _send_picture(self, scope: Scope, send: Send) -> None:
        """Send the picture of a link: one that is kept, a new one, or the site's own where too many wait."""
        query, host = scope["query_string"].decode("latin-1"), _host(scope)
        key = (query, host, date.today().isoformat())
        body = self._kept.get(key)
        if body is None and len(query) <= LONGEST_LINK + _PAGE_ROOM and self._waiting < MOST_WAITING:
            self._one = self._one or CapacityLimiter(1)
            self._waiting += 1
            try:
                body = await to_thread.run_sync(_drawn, query, host, self._answers, limiter=self._one)
            finally:
                self._waiting -= 1
            self._kept[key] = body
        if key in self._kept:
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        fresh_s = FRESH_S if body is not None else 0
        body = _site_picture() if body is None else body
        headers = [
            (b"content-type", b"image/png"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", f"public, max-age={fresh_s}".encode()),
            (b"x-content-type-options", b"nosniff"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body if scope["method"] == "GET" else b""})


@lru_cache(maxsize=1)
def _site_picture() -> bytes:
    return default_picture(PAGES[""], ABOUT, "")


def _drawn(query: str, host: str, answers: Answers = _no_answer) -> bytes:
    """The picture of a query; the site's own where nothing can be read."""
    try:
        page = _pairs(query).get("page")
        if page is not None:
            name = PAGES.get(page, NAME)
            own = query.removeprefix(f"page={page}").removeprefix("&")
            answer = _answered(answers, page, own, date.today()) if page in PAGES else ""
            return default_picture(answer or name, name if answer else ABOUT, host)
        card = card_of_query(query)
        return picture_of(card, f"{host}/?{_picture_query(card)}" if host else "")
    except Exception:
        logging.getLogger(__name__).exception("no picture of a link")
        return _site_picture()


def _name(scope: Scope) -> str:
    """Last part of the address."""
    return str(scope["path"]).strip("/").rpartition("/")[2]


def _host(scope: Scope) -> str:
    """The host that was asked for, where it is written as a host is; nothing otherwise."""
    host = dict(scope.get("headers", ())).get(b"host", b"").decode("latin-1")
    return host if len(host) <= 255 and _HOST.fullmatch(host) else ""


def _is_page(start: Message) -> bool:
    headers = dict(start["headers"])
    return (
        start["status"] == 200
        and headers.get(b"content-type", b"").startswith(b"text/html")
        and b"content-encoding" not in headers
    )


def _head(scope: Scope, answers: Answers) -> str:
    """The lines of the head of an address."""
    name, path = _name(scope), str(scope["path"])
    query = scope["query_string"].decode("latin-1")
    seen = _Seen(name, query, answers)
    host = _host(scope)
    if not host:
        return tags(seen.title, seen.description)
    # Behind a proxy on this machine the server has already taken the scheme that the proxy tells.
    site = f"{scope.get('scheme', 'http')}://{host}"
    whole = path.rstrip("/")
    above = (whole[: len(whole) - len(name)] if name in PAGES else whole).rstrip("/") + "/"
    kept = query if len(query) <= LONGEST_LINK else ""
    address = site + quote(path) + (f"?{quote(kept, safe='%=&+/:;,~@!$*()')}" if kept else "")
    picture = f"{site}{quote(above)}{PICTURE}?{seen.picture}"
    return tags(seen.title, seen.description, address, picture, seen.alt)


def _with_tags(page: bytes, scope: Scope, answers: Answers) -> bytes:
    """The page with its own head."""
    try:
        head = _head(scope, answers)
    except Exception:
        # Nothing that a link says may keep the page itself from opening: it tells what is wrong with it.
        logging.getLogger(__name__).exception("no preview of a link")
        head = tags(NAME, ABOUT)
    head += HISTORY  # Before Streamlit writes its first address.
    page = page.replace(b"<title>Streamlit</title>", head.encode("utf-8", "replace"), 1)
    return page.replace(b"</head>", _early_charts().encode() + b"</head>", 1)


@cache
def _early_charts() -> str:
    """Have the browser fetch and compile what draws the charts while the page itself still starts.

    It is most of what a visitor waits for; Streamlit asks for it when the first chart comes.
    """
    scripts = (Path(streamlit.__file__).parent / "static" / "static" / "js").glob("PlotlyChart.*.js")
    return "".join(_PRELOAD.replace("NAME", script.name) for script in sorted(scripts))


_PRELOAD = """<script>
(window.requestIdleCallback || setTimeout)(() => {
    const early = Object.assign(document.createElement("link"), {rel: "modulepreload", crossOrigin: ""});
    early.href = new URL("./static/js/NAME", document.baseURI).href;
    document.head.append(early);
});
</script>"""
"""When the browser has nothing else to do: the first words come first."""
