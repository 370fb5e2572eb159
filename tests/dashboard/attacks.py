"""A hundred ways to speak to a server that no browser has: bytes for a connection, by name."""

import os
import struct
import zlib
from collections.abc import Iterator

HOST = b"Host: localhost\r\n"
CLOSE = b"Connection: close\r\n"
LONG = 200_000
"""Longer than any head of a request may be. [B]"""


def get(target: bytes, *headers: bytes, method: bytes = b"GET") -> bytes:
    """A request without a body."""
    return (
        method
        + b" "
        + target
        + b" HTTP/1.1\r\n"
        + HOST
        + CLOSE
        + b"".join(h + b"\r\n" for h in headers)
        + b"\r\n"
    )


def sent(*headers: bytes, body: bytes = b"", target: bytes = b"/", method: bytes = b"POST") -> bytes:
    """A request with a body, whose length is as the headers say."""
    return get(target, *headers, method=method) + body


LINES = {
    "noise": os.urandom(2000).replace(b"\n", b"x") + b"\r\n\r\n",
    "zeros": bytes(5000) + b"\r\n\r\n",
    "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300) + b"\r\n\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/3.0": b"GET / HTTP/3.0\r\n" + HOST + b"\r\n",
    "a version of letters": b"GET / HTTP/x.y\r\n" + HOST + b"\r\n",
    "no method": b" / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method of a million letters": b"G" * 1_000_000 + b" / HTTP/1.1\r\n\r\n",
    "a method with a zero": b"GE\0T / HTTP/1.1\r\n" + HOST + b"\r\n",
    "an unknown method": get(b"/", method=b"BREW"),
    "TRACE": get(b"/", b"X-Secret: 1", method=b"TRACE"),
    "CONNECT": get(b"evil.example:443", method=b"CONNECT"),
    "OPTIONS of all": get(b"*", method=b"OPTIONS"),
    "a foreign address": get(b"http://evil.example/"),
    "a file's address": get(b"file:///etc/passwd"),
    "spaces in the target": b"GET / a b c HTTP/1.1\r\n" + HOST + b"\r\n",
    "a zero in the target": get(b"/a\0b"),
    "bytes beyond ASCII in the target": get(b"/\xff\xfe\xc3\x28"),
    "line ends of CR only": b"GET / HTTP/1.1\rHost: x\r\r",
    "line ends of LF only": b"GET / HTTP/1.1\nHost: x\nConnection: close\n\n",
    "a thousand empty lines first": b"\r\n" * 1000 + get(b"/robots.txt"),
    "a target beyond the limit": get(b"/?v=" + b"a" * LONG),
    "forty requests at once": (b"GET /robots.txt HTTP/1.1\r\n" + HOST + b"\r\n") * 40 + get(b"/robots.txt"),
}
PATHS = {
    path: get(path.encode("latin-1"))
    for path in (
        "/%",
        "/%zz",
        "/%00",
        "/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
        "/%ff%fe",
        "/%ed%a0%80",
        "/..%2f..%2f..%2fetc%2fpasswd",
        "/../../../../etc/passwd",
        "/static/..%2f..%2f..%2f..%2fapp.py",
        "/static/../../../../../etc/passwd",
        "/static//etc/passwd",
        "/static/C:%5cwindows%5cwin.ini",
        "/static/js/%00.js",
        "/media/..%2f..%2fetc%2fpasswd",
        "/media/%2e%2e/%2e%2e/app.py",
        "/_stcore/bidi-components/..%2f..%2f..%2fetc%2fpasswd",
        "/_stcore/bidi-components/x/..%5c..%5capp.py",
        "/component/x/../../../../etc/passwd",
        "/app/static/../app.py",
        "//evil.example/%2f..",
        "/%5c%5cevil.example/share",
        "/%0d%0aSet-Cookie:%20stolen=1",
        "/?%0d%0aLocation:%20http://evil.example",
        "/_stcore/metrics",
        "/_stcore//metrics",
        "/%5fstcore/metrics",
        "/_stcore/metrics/",
        "/./_stcore/metrics",
        "/_stcore/metrics;x=1",
        "/uploads/../uploads/a/b",
        "/health/..;/",
        "/preview.png?" + "&".join(f"gpu{n}=x" for n in range(2000)),
        "/?" + "&".join(["v=1"] * 5000),
        "/" + "a/" * 10_000,
    )
}
SMUGGLED = {
    "a length and chunks": sent(
        b"Content-Length: 6", b"Transfer-Encoding: chunked", body=b"0\r\n\r\nGET /x HTTP/1.1\r\n\r\n"
    ),
    "chunks twice": sent(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "an unknown coding": sent(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
    "a coding and chunks": sent(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "a folded coding": sent(b"Transfer-Encoding:\r\n chunked", body=b"0\r\n\r\n"),
    "two lengths": sent(b"Content-Length: 3", b"Content-Length: 4", body=b"abcd"),
    "a negative length": sent(b"Content-Length: -1", body=b"x"),
    "a signed length": sent(b"Content-Length: +5", body=b"abcde"),
    "a length in hex": sent(b"Content-Length: 0x5", body=b"abcde"),
    "a length of thirty digits": sent(b"Content-Length: " + b"9" * 30, body=b"abcde"),
    "a list of lengths": sent(b"Content-Length: 5, 6", body=b"abcdef"),
    "a negative chunk": sent(b"Transfer-Encoding: chunked", body=b"-5\r\nabcde\r\n0\r\n\r\n"),
    "a chunk of 2^64": sent(b"Transfer-Encoding: chunked", body=b"FFFFFFFFFFFFFFFFF\r\nabc"),
    "a chunk with a long extension": sent(
        b"Transfer-Encoding: chunked", body=b"1;" + b"x" * LONG + b"\r\na\r\n0\r\n\r\n"
    ),
    "chunks without an end": sent(b"Transfer-Encoding: chunked", body=b"1\r\na\r\n"),
    "trailers": sent(
        b"Transfer-Encoding: chunked", body=b"0\r\nHost: evil\r\nX: " + b"y" * LONG + b"\r\n\r\n"
    ),
    "a space before the colon": sent(b"Content-Length : 5", body=b"abcde"),
}
HEADS = {
    "a header beyond the limit": get(b"/", b"X: " + b"a" * LONG),
    "ten thousand headers": get(b"/", *[b"X%d: y" % n for n in range(10_000)]),
    "no host": b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two hosts": get(b"/", b"Host: evil.example"),
    "a host with a path": b"GET / HTTP/1.1\r\nHost: a/b?<script>\r\n" + CLOSE + b"\r\n",
    "a foreign host": b"GET / HTTP/1.1\r\nHost: evil.example\r\n" + CLOSE + b"\r\n",
    "an empty host": b"GET / HTTP/1.1\r\nHost:\r\n" + CLOSE + b"\r\n",
    "a long host": b"GET / HTTP/1.1\r\nHost: " + b"a" * 20_000 + b"\r\n" + CLOSE + b"\r\n",
    "a zero in a header": get(b"/", b"X: a\0b"),
    "a name beyond ASCII": get(b"/", b"X\xff: a"),
    "a line without a colon": get(b"/", b"hello"),
    "a cookie that is none": get(b"/_stcore/health", b"Cookie: =;=;;\xff=\xfe; _streamlit_xsrf=2|zz|zz|zz"),
    "a cookie of 60 kB": get(b"/", b"Cookie: a=" + b"b" * 60_000),
    "forged forwarding": get(b"/", b"X-Forwarded-For: <x>, ,;", b"X-Forwarded-Proto: javascript"),
    "two thousand ranges": get(b"/static/", b"Range: bytes=" + b",".join([b"0-"] * 2000)),
    "a range before the beginning": get(b"/favicon.png", b"Range: bytes=-99999999999999999999"),
    "a range of letters": get(b"/favicon.png", b"Range: bytes=a-b,c"),
    "a day that is none": get(b"/", b"If-Modified-Since: yesterday", b"If-None-Match: \xff"),
    "a wish to continue": get(b"/", b"Expect: 100-continue", b"Content-Length: 5"),
    "an upgrade to h2c": get(b"/", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"),
}
_FORM = b"Content-Type: multipart/form-data; boundary="
BODIES = {
    "an upload without a token": sent(
        _FORM + b"x", b"Content-Length: 3", body=b"abc", target=b"/uploads/a/b", method=b"PUT"
    ),
    "deleting what is not mine": get(b"/uploads/a/b", method=b"DELETE"),
    "deleting the page": get(b"/", method=b"DELETE"),
    "a million bytes for a page": sent(b"Content-Length: 1000000", body=b"x" * 1_000_000),
    "Streamlit's own upload": sent(
        _FORM + b"x", b"Content-Length: 3", body=b"abc", target=b"/_stcore/upload_file/a/b", method=b"PUT"
    ),
}
XSRF = b"2|00000000|" + b"00" * 16 + b"|1"
_ALLOWED = (b"Cookie: _streamlit_xsrf=" + XSRF, b"X-Xsrftoken: " + XSRF)


def _upload(kind: bytes, body: bytes) -> bytes:
    length = b"Content-Length: %d" % len(body)
    return sent(*_ALLOWED, kind, length, body=body, target=b"/uploads/SESSION/f", method=b"PUT")


def _part(name: bytes, content: bytes = b"x") -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="f"; filename="' + name + b'"\r\n\r\n'
    return head + content + b"\r\n"


FORMS = {
    "no boundary": _upload(b"Content-Type: multipart/form-data", b"abc"),
    "a boundary of 10 kB": _upload(_FORM + b"b" * 10_000, b"--" + b"b" * 10_000 + b"\r\n\r\nx"),
    "an upload that is no form": _upload(b"Content-Type: application/json", b"{}"),
    "a form without an end": _upload(_FORM + b"x", _part(b"a.csv")),
    "a head of a part of 1 MB": _upload(
        _FORM + b"x", b"--x\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\nz\r\n--x--\r\n"
    ),
    "ten thousand parts": _upload(_FORM + b"x", _part(b"a.csv") * 10_000 + b"--x--\r\n"),
    "a name with a path": _upload(_FORM + b"x", _part(b"../../../tmp/evil.csv") + b"--x--\r\n"),
    "a name with a zero": _upload(_FORM + b"x", _part(b"a\0b.csv") + b"--x--\r\n"),
    "a name that is not UTF-8": _upload(_FORM + b"x", _part(b"\xff\xfe.csv") + b"--x--\r\n"),
    "a name of 100 kB": _upload(_FORM + b"x", _part(b"a" * 100_000) + b"--x--\r\n"),
    "a charset that is none": _upload(_FORM + b"x; charset=utf-99", _part(b"a.csv") + b"--x--\r\n"),
    "fields instead of a file": _upload(
        _FORM + b"x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * 50 + b"--x--\r\n"
    ),
}
"""SESSION stands for the number of a session that runs."""


def _talk(*headers: bytes, key: bytes = b"dGhlIHNhbXBsZSBub25jZQ==", frames: bytes = b"") -> bytes:
    head = [
        b"GET /_stcore/stream HTTP/1.1",
        b"Host: localhost",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
    ]
    return (
        b"\r\n".join([*head, b"Sec-WebSocket-Key: " + key, b"Sec-WebSocket-Version: 13", *headers, b"", b""])
        + frames
    )


def frame(payload: bytes, *, opcode: int = 2, first: int = 0x80, length: int | None = None) -> bytes:
    """A frame of a client, masked by zeros; ``length`` is what it says instead of its own."""
    said = len(payload) if length is None else length
    if said < 126:
        size = bytes([0x80 | said])
    elif said < 65536:
        size = b"\xfe" + struct.pack(">H", said)
    else:
        size = b"\xff" + struct.pack(">Q", said)
    return bytes([first | opcode]) + size + bytes(4) + payload


def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -12)
    packed = b"".join(packer.compress(bytes(1_000_000)) for _ in range(megabytes))
    return packed + packer.flush(zlib.Z_SYNC_FLUSH)[:-4]


TALKS = {
    "a foreign page": _talk(b"Origin: https://evil.example"),
    "no page at all": _talk(b"Origin: null"),
    "a page that is no address": _talk(b"Origin: http://[::1"),
    "a key that is none": _talk(key=b"x"),
    "version 12": _talk().replace(b"Version: 13", b"Version: 12"),
    "no key": _talk().replace(b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", b""),
    "protocols of 50 kB": _talk(b"Sec-WebSocket-Protocol: " + b", ".join([b"p" * 99] * 500)),
    "a protocol that is none": _talk(b"Sec-WebSocket-Protocol: streamlit, <x>, \xff"),
    "a session of somebody else": _talk(
        b"Sec-WebSocket-Protocol: streamlit, x, 00000000-0000-0000-0000-000000000000"
    ),
    "a frame without a mask": _talk(frames=b"\x82\x01x"),
    "an unknown kind of frame": _talk(frames=frame(b"x", opcode=11)),
    "reserved bits": _talk(frames=frame(b"x", first=0xF0)),
    "a frame of 2^63": _talk(frames=frame(b"x", length=2**63 - 1)),
    "a ping in pieces": _talk(frames=frame(b"x", opcode=9, first=0)),
    "a text that is none": _talk(frames=frame(b"\xff\xfe\xfd", opcode=1)),
    "a text": _talk(frames=frame(b"hello", opcode=1)),
    "an end with a code that is none": _talk(frames=frame(struct.pack(">H", 1), opcode=8)),
    "bytes that are no message": _talk(frames=frame(os.urandom(3000))),
    "an empty message": _talk(frames=frame(b"")),
    "five hundred pings": _talk(frames=frame(b"x", opcode=9) * 500),
    "a bomb": _talk(b"Sec-WebSocket-Extensions: permessage-deflate", frames=frame(_bomb(100), first=0xC0)),
    "data that is not packed": _talk(
        b"Sec-WebSocket-Extensions: permessage-deflate", frames=frame(os.urandom(500), first=0xC0)
    ),
    "a request after the greeting": _talk(frames=get(b"/")),
}
HALVES = {
    "half a line": b"GET / HT",
    "half a head": b"GET / HTTP/1.1\r\n" + HOST,
    "half a body": sent(b"Content-Length: 100", body=b"half"),
    "half an upload": sent(
        *_ALLOWED,
        _FORM + b"x",
        b"Content-Length: 9999",
        body=_part(b"a"),
        target=b"/uploads/SESSION/f",
        method=b"PUT",
    ),
    "half a frame": _talk(frames=frame(b"x" * 10, length=1000)),
    "nothing": b"",
}
KINDS = {
    "line": LINES,
    "path": PATHS,
    "smuggling": SMUGGLED,
    "head": HEADS,
    "body": BODIES,
    "form": FORMS,
    "websocket": TALKS,
    "half": HALVES,
}


def attacks(session: str) -> Iterator[tuple[str, bytes]]:
    """Every attack by its name."""
    for kind, some in KINDS.items():
        for name, data in some.items():
            yield f"{kind}: {name[:60]}", data.replace(b"SESSION", session.encode())


NAMES = [name for name, _ in attacks("")]
