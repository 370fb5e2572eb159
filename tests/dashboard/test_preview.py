"""What a chat shows of a shared link: title and description in the HTML that the server sends."""

import asyncio
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from io import BytesIO

import pytest
from PIL import Image

from breakeven.dashboard import picture
from breakeven.dashboard import preview as previews
from breakeven.dashboard.figure import API, SELF_HOSTED
from breakeven.dashboard.preview import KEPT, MOST_WAITING, NAME, PAGES, Preview, preview, tags
from breakeven.question.link import decode
from breakeven.words.numbers import SYMBOLS
from tests.builders import DEFAULT

HTML = b"<html><head><title>Streamlit</title></head><body>x</body></html>"


async def _page(scope, _receive, send):
    kind = b"text/plain" if scope["path"] == "/robots.txt" else b"text/html; charset=utf-8"
    length = (b"content-length", str(len(HTML)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind), length]})
    await send({"type": "http.response.body", "body": HTML[:20], "more_body": True})
    await send({"type": "http.response.body", "body": HTML[20:]})


def run(coroutine):
    """In a thread of its own: a browser's driver may hold the loop of this one."""
    with ThreadPoolExecutor(1) as threads:
        threads.submit(asyncio.run, coroutine).result()


def fetch(path, query=b"", host=b"breakeven.example", app=None, method="GET"):
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": query, "scheme": "https"}
    run((app or Preview(_page))(scope | {"headers": [(b"host", host)]}, None, send))
    assert sent[0]["status"] == 200
    body = b"".join(one.get("body", b"") for one in sent)
    headers = dict(sent[0]["headers"])
    return headers, body if headers[b"content-type"] == b"image/png" else body.decode()


def metas(page):
    """Content of every tag by its name."""
    found = re.findall(r'<meta (?:name|property)="(.*?)" content="(.*?)" />', page)
    assert len(found) == len(dict(found))
    return {name: unescape(text) for name, text in found}


def picture_at(address, app=None):
    """The picture at an absolute address, opened."""
    path, _, query = address.removeprefix("https://breakeven.example").partition("?")
    headers, body = fetch(path, query.encode(), app=app)
    assert int(headers[b"content-length"]) == len(body) < 100_000
    return Image.open(BytesIO(body))


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


# --- the picture ------------------------------------------------------------------------------------

LINK = b"v=2026-11&as_of=2026-11-21&prompt_a=300&completion_a=200&requests=0.1"


def widths(image):
    """How long the two bars are, self-hosted then API. [pixels]"""
    rgb = image.convert("RGB")
    found = []
    for colour in (SELF_HOSTED, API):
        wanted = tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))
        rows = [
            sum(rgb.getpixel((x, y)) == wanted for x in range(200, picture.WIDTH)) for y in range(280, 480, 4)
        ]
        found.append(max(rows))
    return found


def test_picture_of_a_link_is_at_the_address_in_its_tags_and_its_bars_are_the_bills():
    _, page = fetch("/", LINK)
    told = metas(page)
    assert (
        told["og:image"] == told["twitter:image"] == f"https://breakeven.example/preview.png?{LINK.decode()}"
    )
    assert told["og:url"] == f"https://breakeven.example/?{LINK.decode()}"
    assert told["twitter:card"] == "summary_large_image"
    image = picture_at(told["og:image"])
    assert (image.format, image.size) == ("PNG", (int(told["og:image:width"]), int(told["og:image:height"])))
    title = re.search("<title>(.*?)</title>", page)[1]
    assert title.removesuffix(f" · {NAME}") in told["og:image:alt"]
    api, hosted = (float(text.replace(",", "")) for text in re.findall(r"\$([\d,.]+\d)", title))
    drawn = widths(image)
    assert api / hosted == pytest.approx(drawn[1] / drawn[0], abs=0.02)


def test_own_runs_in_a_link_count_in_its_title_and_its_picture():
    own = (
        "&engine=yours-x&calibrated_on=h100~fp8~continuous~2&calibrated_error=0.1~0.1&calibrated_runs=9~llama-3.1-8b"
        "&calibrated_range=0.5~2~0.5~2~0.5~2"
        "&calibrated_numbers=0.05~0.05~0.05~0.1~0~0~0~0~0~0.1~0.1~0~0~1~0~0~0~0"
    )
    from breakeven.question.calibrated import calibration_of

    engine = calibration_of(own)[0].engine
    link = LINK.decode().replace("requests=0.1", "requests=20") + "&gpu=h100-sxm&gpus=2"
    query = link + own.replace("yours-x", engine)
    assert preview("", query) != preview("", link)
    told = metas(fetch("/", query.encode())[1])
    assert "calibrated_numbers=" in told["og:image"]
    assert (
        picture_at(told["og:image"]).tobytes()
        != picture_at(told["og:image"].partition("&calib")[0]).tobytes()
    )


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_page_has_a_picture_also_below_another_address(page):
    assert picture_at(metas(fetch(f"/{page}")[1])["og:image"]).size == (1200, 630)
    below = metas(fetch(f"/tools/{page}")[1])["og:image"]
    assert below.startswith("https://breakeven.example/tools/")
    assert picture_at(below).size == (1200, 630)


@pytest.mark.parametrize(
    "host",
    [b'a.example"><script>', b"a.example/evil", b"user@a.example", b"", b"a b", b"x" * 300, b"\xff.example"],
)
def test_a_header_that_is_no_host_is_not_repeated(host):
    _, page = fetch("/", LINK, host=host)
    told = metas(page)
    assert not {"og:image", "og:url", "twitter:image"} & set(told)
    assert told["twitter:card"] == "summary"
    assert not host or host.decode("latin-1") not in page
    assert fetch("/preview.png", LINK, host=host)[1][:4] == b"\x89PNG"


@pytest.mark.parametrize(
    "query",
    [
        b"",
        b"model=%3Cscript%3E",
        b"requests=nan&prompt_a=-1",
        b"\xff=1",
        b"&&=",
        b"as_of=1066-10-14",
        b"v=9",
        b"page=%3Cb%3E",
        b"v=2026-11&" * 400,
        b"calibrated_on=x",
        b"model=" + "模型".encode(),
    ],
)
def test_no_link_is_too_broken_for_a_picture(query, caplog):
    with caplog.at_level(logging.ERROR):
        headers, body = fetch("/preview.png", query)
        assert Image.open(BytesIO(body)).size == (1200, 630)
        assert fetch("/preview.png", query, method="HEAD") == (headers, b"")
    assert not caplog.records


def test_a_fault_of_ours_gives_the_picture_of_the_site(monkeypatch, caplog):
    def fails(_card, _address):
        raise RuntimeError("no ink")

    monkeypatch.setattr(previews, "picture_of", fails)
    assert fetch("/preview.png", LINK)[1] == previews._site_picture()
    assert "no picture of a link" in caplog.text


def test_many_pictures_are_drawn_one_at_a_time_and_few_are_kept(monkeypatch):
    running, most = 0, 0

    def draws(query, _host, _answers):
        nonlocal running, most
        running += 1
        most = max(most, running)
        running -= 1
        return query.encode()

    monkeypatch.setattr(previews, "_drawn", draws)
    app, got = Preview(_page), []

    async def all_at_once():
        async def ask(number):
            sent = []

            async def send(message):
                sent.append(message)

            scope = {"type": "http", "method": "GET", "path": "/preview.png", "headers": [], "scheme": "http"}
            await app(scope | {"query_string": f"requests={number}".encode()}, None, send)
            got.append((number, sent[1]["body"], dict(sent[0]["headers"])[b"cache-control"]))

        await asyncio.gather(*(ask(number) for number in range(200)))
        for number in range(1000, 1200):
            await ask(number)

    run(all_at_once())
    site = [one for one in got if one[1] == previews._site_picture()]
    assert len(got) == 400
    assert len(site) == 200 - MOST_WAITING
    assert all(told == b"public, max-age=0" for _, _, told in site)
    assert all(body == f"requests={n}".encode() for n, body, told in got if told != b"public, max-age=0")
    assert most == 1
    assert len(app._kept) == KEPT


def test_letters_of_the_picture_have_every_sign_that_a_verdict_may():
    letters = picture.font(40)
    unknown = bytes(letters.getmask("\ufffe"))
    signs = set("×–·…’µ≤") | set("".join(SYMBOLS.values())) - {" "}
    assert [sign for sign in sorted(signs) if bytes(letters.getmask(sign)) == unknown] == []


def test_picture_is_of_the_scenario_that_the_page_opens_with():
    card = previews.card_of_query("as_of=2026-11-21&gpus=3&gpus=5&model=nobody")
    assert card.scenario == decode("as_of=2026-11-21&gpus=3", default=DEFAULT).scenario
