"""The exported site as a whole, held against what the app says for the same links."""

import gzip
import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest

from breakeven.dashboard.session import TODAY as DAY
from breakeven.dashboard.terms import KEY as WORDS
from breakeven.static.cells import MOST_ROWS
from breakeven.static.folder import LIST
from breakeven.static.questions import Question, questions
from breakeven.static.site import base_of
from tests.builders import TODAY, headline, open_page, plain, refusal_of
from tests.static.conftest import ADDRESS, export

pytestmark = pytest.mark.slow
FOUND = questions(TODAY)
PAGES = [one for one in FOUND if not one.folder.startswith("presets/")]
MOST_BYTES = 1_500_000
"""What a visit may fetch before anything is pressed, packed. [B]"""
_VOID = ("meta", "link", "input", "br", "hr", "img")


class Read(HTMLParser):
    """What a page says, by the layer of words and by whether a closed box hides it."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[tuple[str, str, bool]] = []
        """Layer, text, hidden; an element's own text in pieces as they come."""
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append((tag, dict(attrs)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        classes = [told.get("class") or "" for _, told in self.open]
        layer = next((one[5:] for one in classes if one.startswith("only-")), "")
        hidden = any(tag == "details" and "open" not in told for tag, told in self.open)
        drawn = "legend" in classes or any(tag == "svg" for tag, _ in self.open)
        if data.strip() and any(tag == "main" for tag, _ in self.open) and not drawn:
            self.said.append((layer, data, hidden))


def read(folder: Path, name: str) -> Read:
    page = Read()
    page.feed((folder / name / "index.html").read_text("utf-8"))
    return page


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u2060]+", "", html.unescape(plain(text)).replace("**", "").replace("`", ""))


def opened(question: Question, layer: str):  # type: ignore[no-untyped-def]
    return open_page(
        question.page,
        {WORDS: layer, DAY: TODAY} | {f"box_{word}": False for word in ("Shape", "Load", "Goal", "More")},
        **dict(parse_qsl(question.query)),
    )


@pytest.mark.parametrize("layer", ["plain", "expert"])
@pytest.mark.parametrize("question", PAGES, ids=lambda one: one.folder or "compare")
def test_page_says_what_the_app_says_for_the_same_link(
    exported: Path, question: Question, layer: str
) -> None:
    app = opened(question, layer)
    page = read(exported, question.folder)
    written = squeezed("".join(text for own, text, _ in page.said if own in ("", layer)))
    kinds = ("title", "header", "subheader", "markdown", "caption", "warning", "info", "error")
    said = [block.value for kind in kinds for block in getattr(app.main, kind)]
    assert len(said) > 3
    missing = [text for text in said if _words(text) not in written]
    assert not missing
    assert squeezed(headline(app)) in written


def _words(text: str) -> str:
    """Markdown without its marks of headings, lists and links."""
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", re.sub(r":material/\w+:", "", text))
    return squeezed(re.sub(r"^(#+|-) ", "", text, flags=re.MULTILINE)).replace("#####", "")


@pytest.mark.parametrize("question", PAGES, ids=lambda one: one.folder or "compare")
def test_page_has_no_number_that_the_app_does_not_show(exported: Path, question: Question) -> None:
    app = opened(question, "plain")
    blocks = [*app.main.markdown, *app.main.caption, *app.main.subheader, *app.main.title, *app.main.html]
    blocks += [*app.main.warning, *app.main.info, *app.main.header]
    tables = "".join(_cells(table.value) for table in (*app.main.dataframe, *app.main.table))
    labels = "".join(box.label for kind in ("expander", "tabs") for box in getattr(app.main, kind))
    popovers = "".join(block.proto.popover.label for block in _popovers(app.main))
    settings = "".join(str(one.value) + "".join(map(str, one.options)) for one in app.main.selectbox)
    shown = squeezed("".join(block.value for block in blocks) + tables + labels + popovers + settings)
    page = read(exported, question.folder)
    open_words = [text for own, text, hidden in page.said if own in ("", "plain") and not hidden]
    numbers = {one for text in open_words for one in re.findall(r"\d[\d,.]*\d|\d", squeezed(text))}
    assert numbers
    rows = {
        str(MOST_ROWS),
        *re.findall(r"[\d,]+", " ".join(t for t in open_words if t.startswith("The first "))),
    }
    unknown = {one for one in numbers if one not in shown and one.replace(",", "") not in shown} - rows
    assert not unknown


def _cells(frame) -> str:  # type: ignore[no-untyped-def]
    rounded = frame.map(lambda one: f"{one:.4f}".rstrip("0").rstrip(".") if isinstance(one, float) else one)
    return frame.to_csv() + rounded.to_csv()


def _popovers(node):  # type: ignore[no-untyped-def]
    if getattr(node, "type", "") == "popover":
        yield node
    for child in getattr(node, "children", {}).values():
        yield from _popovers(child)


def test_two_processes_write_the_same_bytes(exported: Path, tmp_path: Path) -> None:
    again = export(tmp_path / "again", "2")
    first, second = (json.loads((folder / LIST).read_text("utf-8")) for folder in (exported, again))
    assert {name for name in first if first[name] != second.get(name)} == set()
    assert first.keys() == second.keys()


def test_every_address_on_the_pages_leads_to_a_file_of_the_site(exported: Path) -> None:
    broken = set()
    for path in exported.rglob("*.html"):
        page = Read()
        page.feed(path.read_text("utf-8"))
        here = urljoin(ADDRESS, path.relative_to(exported).as_posix().removesuffix("index.html"))
        for _, told in page.tags:
            for link in filter(None, (told.get("href"), told.get("src"))):
                whole = urlsplit(urljoin(here, link))
                if link.startswith(("data:", "#")) or whole.netloc != urlsplit(ADDRESS).netloc:
                    continue
                inside = whole.path.removeprefix(urlsplit(ADDRESS).path)
                target = exported / inside
                if not (target.is_file() or (target / "index.html").is_file()):
                    broken.add((path.name, link))
    assert not broken


def test_pages_hold_nothing_that_their_policy_forbids(exported: Path) -> None:
    for path in exported.rglob("*.html"):
        text = path.read_text("utf-8")
        page = Read()
        page.feed(text)
        assert not [told for tag, told in page.tags if tag == "script" and not told.get("src")], path
        assert not [tag for tag, told in page.tags if "style" in told or tag == "style"], path
        assert not [key for _, told in page.tags for key in told if key.startswith("on")], path
        fetched = [told.get("src") or "" for _, told in page.tags] + [
            told.get("href") or ""
            for tag, told in page.tags
            if tag in ("link", "image", "use") and told.get("rel") != "canonical"
        ]
        assert not [one for one in fetched if one.startswith(("http", "//"))], path
        assert "default-src 'none'" in html.unescape(text), path


@pytest.mark.parametrize("question", FOUND, ids=lambda one: one.folder or "compare")
def test_a_visit_fetches_little_and_has_a_title_and_a_picture(exported: Path, question: Question) -> None:
    page = read(exported, question.folder)
    loaded = [exported / question.folder / "index.html"]
    loaded += [exported / name for name in ("site.css", "link.js", "letters.woff2", "mark.svg")]
    assert sum(len(gzip.compress(path.read_bytes())) for path in loaded) <= MOST_BYTES
    told = {
        one.get("property") or one.get("name"): one.get("content") for tag, one in page.tags if tag == "meta"
    }
    assert told["og:image"] == f"{ADDRESS}{question.folder}{'/' if question.folder else ''}preview.png"
    assert (exported / question.folder / "preview.png").read_bytes().startswith(b"\x89PNG")
    assert told["description"]
    assert told["og:title"] == told["twitter:title"]
    canonical = [one["href"] for tag, one in page.tags if one.get("rel") == "canonical"]
    assert canonical == [told["og:url"]]


def test_hosts_and_search_engines_find_what_they_ask_for(exported: Path) -> None:
    sitemap = (exported / "sitemap.xml").read_text("utf-8")
    assert re.findall(r"<loc>([^<]+)</loc>", sitemap) == [
        f"{ADDRESS}{one.folder}{'/' if one.folder else ''}" for one in FOUND
    ]
    assert f"Sitemap: {ADDRESS}sitemap.xml" in (exported / "robots.txt").read_text("utf-8")
    for name in ("_headers", ".htaccess"):
        text = (exported / name).read_text("utf-8")
        assert "frame-ancestors 'none'" in text
        assert "unsafe" not in text
    assert "ErrorDocument 404 /x/404.html" in (exported / ".htaccess").read_text("utf-8")
    assert 'data-up="/x/"' in (exported / "404.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x", "starts with /"),
        ("ftp://a/", "https://"),
        ("", "is needed"),
        ("/a/../b", "is needed"),
        ("/a?b", "is needed"),
    ],
)
def test_a_place_that_is_none_is_refused(
    text: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError, match=reason):
        base_of(text)
    said = refusal_of(capsys, "export", str(tmp_path / "site"), f"--base-path={text}")
    assert said.startswith("breakeven export: --base-path: ")
    assert not (tmp_path / "site").exists()


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("mine", "utf-8")
    said = refusal_of(capsys, "export", str(tmp_path))
    assert "thesis.txt" in said
    assert said.count("\n") == 1
