"""The site as a whole: every page with its picture, and what hosts and search engines ask for."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from breakeven import __version__
from breakeven.dashboard import look
from breakeven.dashboard.card import ABOUT, PAGES
from breakeven.dashboard.picture import default_picture, letters, picture_of
from breakeven.dashboard.preview import PICTURE, card_of_query, preview, tags
from breakeven.dashboard.server import OPTIONS
from breakeven.dashboard.session import presets
from breakeven.static import policy as policies
from breakeven.static.html import Writer, templates
from breakeven.static.pieces import merge
from breakeven.static.places import here, up
from breakeven.static.questions import Question, manifest, questions
from breakeven.static.read import Menu, read_menu, read_page
from breakeven.views.links import HOME
from breakeven.words.terms import Layer

WEB = Path(__file__).parent / "web"
"""Files of the site that are the same in each export."""
ALIASES = ("compare", "home")
"""Other addresses of the first page, as the app has them."""
NAMES = {"links/article-2023": "the article of 2023", "links/today": "the README's question of today"}


@dataclass(slots=True, kw_only=True)
class Site:
    """What is written, and what other parts of it may add before the pages are."""

    base: str = "/"
    """Path of the site on its host."""
    origin: str = ""
    """Scheme and host, as ``https://example.org``; empty where they are not known."""
    files: dict[str, bytes] = field(default_factory=dict)
    """Contents by path."""
    scripts: list[str] = field(default_factory=list)
    """Paths of modules that every page loads."""
    policy: policies.Policy = field(default_factory=lambda: policies.POLICY)

    def allow(self, more: policies.Policy) -> None:
        """Let the pages use these sources too."""
        self.policy = policies.with_more(self.policy, more)


_MISSES_A_BROWSER = "streamlit.runtime.scriptrunner_utils.script_run_context"
"""Logger that would say so for every value that is read outside of a session."""


class Part(Protocol):
    """A part of the site that is made elsewhere, as the one that runs the app in the browser."""

    def before(self, site: Site) -> None:
        """Say what every page needs of it, before the pages are written: scripts, sources, files.

        A script finds in ``data-asks`` of the page's root that its link is ``unwritten``, or hears
        ``breakeven:unwritten``; if it answers the link itself, it sets another value at once.
        """

    def into(self, folder: Path) -> None:
        """Write its own files beside the pages, which are there already."""


def base_of(text: str) -> tuple[str, str]:
    """Origin and path of where the site will stand.

    >>> base_of("/x"), base_of("https://example.org/x/")
    (('', '/x/'), ('https://example.org', '/x/'))

    Raises
    ------
    ValueError
        If it is neither a path nor an address of the web.
    """
    parts = urlsplit(text)
    plain = not parts.query and not parts.fragment and ".." not in parts.path.split("/")
    if not plain or not text or (parts.netloc and parts.scheme not in ("http", "https")):
        raise ValueError(f"a path like /x/ or an address like https://example.org/x/ is needed, got {text!r}")
    if not parts.netloc and (parts.scheme or not text.startswith("/")):
        raise ValueError(f"a path starts with / and an address with https://, got {text!r}")
    path = parts.path.strip("/")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else "", f"/{path}/" if path else "/"


def build(
    site: Site, day: date, today: date, parts: Sequence[Part] = (), said: Callable[[str], None] = print
) -> None:
    """Write every page of a site into it.

    Parameters
    ----------
    site
        The site, empty but for where it will stand.
    day
        Day of the prices.
    today
        Day from which ages of prices count.
    parts
        What else the site has; who writes the files lets each add its own to them.
    said
        Hears what is written next.
    """
    logging.getLogger(_MISSES_A_BROWSER).disabled = True
    for part in parts:
        part.before(site)
    found, menu = questions(day), read_menu(today)
    styles: dict[str, None] = {}
    for one in found:
        said(f"/{one.folder}")
        _write_page(site, one, found, menu, today, styles)
    _write_frame(site, found, menu, styles)


def _write_page(
    site: Site,
    one: Question,
    found: Sequence[Question],
    menu: Menu,
    today: date,
    styles: dict[str, None],
) -> None:
    """One page, its picture, and its copies at the other addresses of the first page."""
    layers = [read_page(one.page, one.query, layer, today) for layer in Layer]
    name = "" if one.page == HOME else one.page
    title, description = preview(name, one.query)
    picture, alt = _picture(site, one, name)
    site.files[_in(one.folder, PICTURE)] = picture
    for folder in (one.folder, *(ALIASES if not one.folder else ())):
        shown = Question(folder=folder, page=one.page, query=one.query, scenario=one.scenario)
        writer = Writer(here(found, shown))
        content = writer.page(merge(*layers))
        styles.update(dict.fromkeys(writer.styles))
        whole = f"{site.origin}{site.base}{_slashed(one.folder)}" if site.origin else ""
        head = tags(title, description, whole, f"{whole}{PICTURE}" if whole else "", alt)
        site.files.update({_in(folder, path): text.encode() for path, text in writer.files.items()})
        page = (
            templates()
            .get_template("page.html")
            .render(
                _shared(site, up(folder), menu, one.page),
                page=one.page,
                folder=folder,
                head=Markup(head),
                canonical=whole,
                content=content,
                today=today,
                version=__version__,
                others=[] if one.page != HOME else _others(found, one),
            )
        )
        site.files[_in(folder, "index.html")] = page.encode()


def _others(found: Sequence[Question], one: Question) -> list[dict[str, str]]:
    """The other answers of the first page, by names that people read."""
    return [
        {"folder": other.folder, "name": _name(other.folder)}
        for other in found
        if other.page == HOME and other.folder and other is not one
    ]


def _name(folder: str) -> str:
    """What the page of a folder is called: a preset by its name."""
    preset = presets().get(folder.removeprefix("presets/"))
    return NAMES[folder] if preset is None else preset.name


def _picture(site: Site, one: Question, name: str) -> tuple[bytes, str]:
    """What a chat shows of the page, and the same in words."""
    address = f"{urlsplit(site.origin).netloc}{site.base}{_slashed(one.folder)}" if site.origin else ""
    if one.page == HOME:
        card = card_of_query(one.query)
        return picture_of(card, address), card.alt
    return default_picture(PAGES[name], ABOUT, address), f"{PAGES[name]}. {ABOUT}"


def _shared(site: Site, way: str, menu: Menu, page: str) -> dict[str, Any]:
    """What the frame of every page needs; ``way`` leads to the root of the site."""
    places = [
        {
            "name": name,
            "here": any(_page(path) == page for _, path in pages),
            "pages": [
                {"title": title, "folder": _slashed(_folder(path)), "here": _page(path) == page}
                for title, path in pages
            ],
        }
        for name, pages in menu.items()
    ]
    return {
        "up": way,
        "menu": places,
        "policy": policies.written(site.policy),
        "scripts": site.scripts,
        "mark": Markup(look.MARK),
    }


def _page(path: str) -> str:
    return HOME if path in ALIASES or not path else path


def _folder(path: str) -> str:
    return "" if _page(path) == HOME else path


def _slashed(folder: str) -> str:
    return f"{folder}/" if folder else ""


def _in(folder: str, name: str) -> str:
    return f"{_slashed(folder)}{name}"


def _write_frame(site: Site, found: Sequence[Question], menu: Menu, styles: Mapping[str, None]) -> None:
    """What stands beside the pages."""
    site.files["site.css"] = _style(styles).encode()
    site.files["mark.svg"] = look.MARK.encode()
    font = letters()
    if font is not None:
        site.files["letters.woff2"] = font.read_bytes()
        site.files["letters.txt"] = (WEB / "letters.txt").read_bytes()
    site.files["link.js"] = (WEB / "link.js").read_bytes()
    site.files["links.json"] = json.dumps(manifest(found), separators=(",", ":")).encode()
    lost = templates().get_template("404.html").render(_shared(site, site.base, menu, ""))
    site.files["404.html"] = lost.encode()
    site.files["_headers"] = policies.netlify(site.policy).encode()
    site.files[".htaccess"] = policies.apache(site.policy, site.base).encode()
    site.files[".nojekyll"] = b""
    robots = "User-agent: *\nAllow: /\n"
    if site.origin:
        site.files["sitemap.xml"] = _sitemap(site, found).encode()
        robots += f"Sitemap: {site.origin}{site.base}sitemap.xml\n"
    site.files["robots.txt"] = robots.encode()


def _style(styles: Mapping[str, None]) -> str:
    """The app's colours and sheets, then the site's own."""
    looks = {
        f"--{mine}-{theme}": OPTIONS.get(f"theme.{theme}.{theirs}", usual[theme])
        for mine, theirs, usual in _LOOKS
        for theme in ("light", "dark")
    }
    root = ";".join(f"{name}:{value}" for name, value in looks.items())
    own = (WEB / "site.css").read_text(encoding="utf-8")
    return "\n".join([f":root{{{root}}}", look.STYLE, *styles, own])


_LOOKS = (
    ("paper", "backgroundColor", {"light": "#ffffff", "dark": "#0e1117"}),
    ("ink", "textColor", {"light": "#1b1f24", "dark": "#f2f2f0"}),
    ("link", "linkColor", {"light": "#005f96", "dark": "#7cc4ee"}),
)
"""The site's colours, the app's options that say them, and Streamlit's own where they do not."""


def _sitemap(site: Site, found: Sequence[Question]) -> str:
    addresses = [f"{site.origin}{site.base}{_slashed(one.folder)}" for one in found]
    rows = "".join(f"<url><loc>{escape(one)}</loc></url>\n" for one in addresses)
    start = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return f"{start}{rows}</urlset>\n"
