"""What the site's pages may do, told to the browser in each way that some host understands."""

from __future__ import annotations

from collections.abc import Mapping

Policy = Mapping[str, tuple[str, ...]]
POLICY: Policy = {
    "default-src": ("'none'",),
    "script-src": ("'self'",),
    "style-src": ("'self'",),
    "img-src": ("'self'", "data:"),
    "font-src": ("'self'",),
    "connect-src": ("'self'",),
    "manifest-src": ("'self'",),
    "base-uri": ("'none'",),
    "form-action": ("'none'",),
}
"""Files of the site only; ``data:`` are the cells of a map of colours."""
_ONLY_IN_HEADERS: Policy = {"frame-ancestors": ("'none'",)}
"""What browsers do not read from a page itself."""
_OTHERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def with_more(policy: Policy, more: Policy) -> Policy:
    """A policy that also allows these sources.

    >>> with_more({"script-src": ("'self'",)}, {"script-src": ("'wasm-unsafe-eval'",)})
    {'script-src': ("'self'", "'wasm-unsafe-eval'")}
    """
    names = [*policy, *(name for name in more if name not in policy)]
    return {name: tuple(dict.fromkeys((*policy.get(name, ()), *more.get(name, ())))) for name in names}


def written(policy: Policy) -> str:
    """The policy as a header or a page says it."""
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in policy.items())


def headers(policy: Policy) -> dict[str, str]:
    """Headers of every answer."""
    return {"Content-Security-Policy": written({**policy, **_ONLY_IN_HEADERS}), **_OTHERS}


def netlify(policy: Policy) -> str:
    """The file ``_headers``, read by Netlify, Cloudflare Pages and others."""
    return "/*\n" + "".join(f"  {name}: {text}\n" for name, text in headers(policy).items())


def apache(policy: Policy, base: str) -> str:
    """The file ``.htaccess``, read by Apache; ``base`` is the path of the site."""
    lines = "".join(f'  Header always set {name} "{text}"\n' for name, text in headers(policy).items())
    start = f"ErrorDocument 404 {base}404.html\nDirectoryIndex index.html\n"
    return f"{start}<IfModule mod_headers.c>\n{lines}</IfModule>\n"
