"""``breakeven serve``: the dashboard."""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from breakeven.question.arguments import BadInput, whole

if TYPE_CHECKING:
    import socket

GRACE_S = 10
"""How long answers that are under way may take when the server is to stop. [s]"""
MOST_WORKERS = 64


def add(commands: Any) -> None:
    """Declare the command."""
    serve = commands.add_parser("serve", help="start the dashboard")
    serve.add_argument(
        "--port", type=whole, default=8501, help="port, of the first worker where there are more"
    )
    serve.add_argument("--address", default="localhost", help="0.0.0.0 to be seen from other machines")
    serve.add_argument("--headless", action="store_true", help="do not open a browser")
    serve.add_argument(
        "--base-path", default="", help="path under which a proxy shows it, such as /breakeven"
    )
    serve.add_argument(
        "--workers", type=whole, default=1, help="servers, on one port each from --port on, for nginx to join"
    )
    serve.add_argument(
        "--nginx",
        type=whole,
        nargs="?",
        const=8500,
        metavar="PORT",
        help="write the configuration with which nginx joins the workers at this port (8500), and end",
    )
    serve.set_defaults(command=_serve)


def _serve(options: argparse.Namespace) -> int:
    _check(options)
    if options.nginx is not None:
        print(_nginx(options), end="")
        return 0
    from breakeven.dashboard.workers import own_number

    return _serve_many(options) if options.workers > 1 else _serve_one(options, own_number())


def _check(options: argparse.Namespace) -> None:
    """Refuse what cannot be."""
    if not 1 <= options.workers <= MOST_WORKERS:
        raise BadInput(
            f"breakeven serve: --workers must lie between 1 and {MOST_WORKERS}, got {options.workers}"
        )
    for flag, first, count in (("--port", options.port, options.workers), ("--nginx", options.nginx, 1)):
        if first is not None and not (first >= 1 and first + count - 1 <= 65535):
            raise BadInput(f"breakeven serve: {flag} must lie between 1 and {65536 - count}, got {first}")
    if options.workers > 1 and os.name != "posix":
        raise BadInput("breakeven serve: --workers needs Linux or macOS; start one server here")
    path = options.base_path.strip("/")
    if not re.fullmatch(r"([\w-]+(/[\w-]+)*)?", path, re.ASCII):
        raise BadInput(
            "breakeven serve: --base-path must be letters, digits, - and _ between slashes, such as "
            f"/tools/breakeven, got {options.base_path!r}"
        )


def _ports(options: argparse.Namespace) -> range:
    return range(options.port, options.port + options.workers)


def _nginx(options: argparse.Namespace) -> str:
    from breakeven.dashboard.front import nginx_conf
    from breakeven.usage.limits import limits_from

    words = ["breakeven serve", f"--workers {options.workers}", f"--port {options.port}"]
    words += [f"--address {options.address}"] if options.address != "localhost" else []
    return nginx_conf(
        address="127.0.0.1" if options.address in ("localhost", "0.0.0.0") else options.address,
        ports=_ports(options),
        listen=options.nginx,
        upload_mb=limits_from().upload_mb,
        command=" ".join([*words, f"--nginx {options.nginx}"]),
    )


def _serve_many(options: argparse.Namespace) -> int:
    from breakeven.dashboard import workers

    for port in _ports(options):
        for one in _listen(options.address, port):
            one.close()
    ports = _ports(options)
    print(
        f"Breakeven has {len(ports)} workers at ports {ports[0]} to {ports[-1]} of {options.address}",
        flush=True,
    )
    common = ["--headless", f"--address={options.address}", f"--base-path={options.base_path}"]

    def command(number: int) -> list[str]:
        return [sys.executable, "-m", "breakeven", "serve", *common, f"--port={ports[number - 1]}"]

    return workers.run(command, options.workers)


def _serve_one(options: argparse.Namespace, number: int | None) -> int:
    import logging
    import webbrowser
    from threading import Timer

    import uvicorn

    from breakeven.dashboard.guard import InTime
    from breakeven.dashboard.server import dashboard
    from breakeven.dashboard.session import warm_up
    from breakeven.dashboard.workers import hold_line

    sockets = _listen(options.address, options.port, shared=number is not None)
    if number is None:
        address = f"http://{options.address}:{options.port}{_base(options)}"
        print(f"Breakeven is at {address} (Ctrl+C stops it)", flush=True)
        if not options.headless and sys.stdout.isatty():
            Timer(1.0, webbrowser.open, (address,)).start()
    # Streamlit sets up logging of its own; a line for every request helps nobody.
    logging.getLogger("uvicorn.access").disabled = True
    # Streamlit's own server leaves Nagle's algorithm on, which holds back the end of an answer by 40 ms.
    server = uvicorn.Server(
        uvicorn.Config(
            dashboard(base_path=options.base_path.strip("/"), worker=number),
            http=InTime,
            server_header=False,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=GRACE_S,
        )
    )
    if number is not None:

        def over() -> None:
            server.should_exit = True

        hold_line(warm_up, over)
    server.run(sockets=sockets)
    return 0


def _base(options: argparse.Namespace) -> str:
    path = options.base_path.strip("/")
    return f"/{path}" if path else ""


def _listen(address: str, port: int, *, shared: bool = False) -> list[socket.socket]:
    """Take a port of every address that a name has.

    Parameters
    ----------
    address
        Name or number of this machine; ``localhost`` is often two numbers.
    port
        The port.
    shared
        Whether others may take it too: a worker and the one that takes its place.

    Raises
    ------
    BadInput
        If none can be taken, or somebody listens there.
    """
    import errno
    import socket

    taken: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, place in dict.fromkeys(found):
            one = socket.socket(family, kind, protocol)
            taken.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shared:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                one.bind(place)
            except OSError as reason:
                # A machine without IPv6 may still have a name for it.
                if reason.errno != errno.EADDRNOTAVAIL or len(found) == 1:
                    raise
                taken.remove(one)
                one.close()
        if not taken:
            raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    except OSError as reason:
        for one in taken:
            one.close()
        raise BadInput(
            f"breakeven serve: cannot listen on {address}:{port} "
            f"({reason.strerror or reason}); choose another --port or --address"
        ) from None
    return taken
