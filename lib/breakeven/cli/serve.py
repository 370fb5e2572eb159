"""``breakeven serve``: the dashboard."""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from breakeven.question.arguments import BadInput, whole
from breakeven.usage.limits import SERVED, Limits

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from breakeven.dashboard.watch import Answered

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
    serve.add_argument(
        "--metrics-port", type=whole, help="port for Prometheus, of the first worker where there are more"
    )
    serve.add_argument(
        "--metrics-address", default="localhost", help="0.0.0.0 to be read from other machines"
    )
    serve.add_argument(
        "--log", choices=["text", "json"], default="text", help="json: a line an event, nothing of visitors"
    )
    serve.add_argument("--log-addresses", action="store_true", help="the visitors' addresses too, with json")
    for name, words in SERVED.items():
        serve.add_argument(
            _flag(name),
            type=whole,
            metavar="N",
            help=f"{words}; {getattr(Limits(), name)} unless {Limits().variable(name)} says otherwise",
        )
    serve.set_defaults(command=_serve)


def _flag(name: str) -> str:
    return f"--max-{name.replace('_', '-')}"


def _set_limits(options: argparse.Namespace) -> None:
    """Have what was asked for in the environment, from which every process of the dashboard takes it."""
    for name in SERVED:
        value = getattr(options, f"max_{name}")
        if value is None:
            continue
        if value < 1:
            raise BadInput(f"breakeven serve: {_flag(name)} must be at least 1, got {value}")
        os.environ[Limits().variable(name)] = str(value)


def _serve(options: argparse.Namespace) -> int:
    _check(options)
    _set_limits(options)
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
    ports = (
        ("--port", options.port, options.workers),
        ("--metrics-port", options.metrics_port, options.workers),
        ("--nginx", options.nginx, 1),
    )
    for flag, first, count in ports:
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
    from breakeven.dashboard.journal import write_lines

    ports = _ports(options)
    for port in ports:
        for one in _listen(options.address, port):
            one.close()
    if options.log == "json":
        write_lines()
    _say(
        options, f"Breakeven has {len(ports)} workers at ports {ports[0]} to {ports[-1]} of {options.address}"
    )
    common = ["--headless", f"--address={options.address}", f"--base-path={options.base_path}"]
    common += [f"--log={options.log}", *(["--log-addresses"] if options.log_addresses else [])]
    common += [f"--metrics-address={options.metrics_address}"]

    def command(number: int) -> list[str]:
        own = [f"--port={ports[number - 1]}"]
        if options.metrics_port is not None:
            own.append(f"--metrics-port={options.metrics_port + number - 1}")
        return [sys.executable, "-m", "breakeven", "serve", *common, *own]

    return workers.run(command, options.workers)


def _say(options: argparse.Namespace, text: str) -> None:
    """Tell whoever started the server, in the form of the log."""
    import logging

    if options.log == "json":
        logging.getLogger(__name__).info(text)
    else:
        print(text, flush=True)


def _serve_one(options: argparse.Namespace, number: int | None) -> int:
    import logging
    import webbrowser
    from threading import Timer
    from time import sleep

    import uvicorn

    from breakeven.cli.answers import answer_of
    from breakeven.dashboard import scratch
    from breakeven.dashboard.guard import InTime, Talk, without_traceback
    from breakeven.dashboard.server import dashboard
    from breakeven.dashboard.session import warm_up
    from breakeven.dashboard.workers import hold_line

    sockets = _listen(options.address, options.port, shared=number is not None)
    try:
        scratch.begin()
    except OSError as reason:
        raise BadInput(
            f"breakeven serve: no folder for temporary files can be made ({reason.strerror or reason}); "
            "set TMPDIR to one that can be written to and has room"
        ) from None
    tell = _observers(options, number)
    if number is None:
        address = f"http://{options.address}:{options.port}{_base(options)}"
        _say(options, f"Breakeven is at {address} (Ctrl+C stops it)")
        if not options.headless and sys.stdout.isatty():
            Timer(1.0, webbrowser.open, (address,)).start()
    # Streamlit sets up logging of its own; a line for every request helps nobody.
    logging.getLogger("uvicorn.access").disabled = True
    # Streamlit's own server leaves Nagle's algorithm on, which holds back the end of an answer by 40 ms.
    server = uvicorn.Server(
        uvicorn.Config(
            dashboard(answer_of, base_path=options.base_path.strip("/"), worker=number, tell=tell),
            http=InTime,
            ws=Talk,
            server_header=False,
            # Off as in Streamlit's own server: packing each of a page's many small messages costs more time
            # of the processor, and memory for every visitor, than it saves on the way.
            ws_per_message_deflate=False,
            log_config=None if options.log == "json" else uvicorn.config.LOGGING_CONFIG,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=GRACE_S,
        )
    )
    logging.getLogger("uvicorn.error").addFilter(without_traceback)
    if number is not None:
        # Who replaces another listens only when it can answer: both are asked from then on.
        try:
            warm_up()
        except Exception as reason:
            raise BadInput(f"breakeven serve: the tables cannot be read: {reason}") from None

        def ready() -> None:
            while not server.started:
                sleep(0.02)

        def over() -> None:
            server.should_exit = True

        hold_line(ready, over)
    server.run(sockets=sockets)
    return 0


def _observers(options: argparse.Namespace, number: int | None) -> list[Callable[[Answered], None]]:
    """Who is told of every request: the log, the figures, as asked for."""
    tell: list[Callable[[Answered], None]] = []
    if options.log == "json":
        from breakeven.dashboard.journal import take_over_streamlit, write_lines
        from breakeven.dashboard.watch import in_log

        write_lines(number)
        take_over_streamlit()
        tell.append(in_log(addresses=options.log_addresses))
    if options.metrics_port is not None:
        from breakeven.dashboard.metrics import Figures

        figures = Figures()
        try:
            figures.serve(options.metrics_address, options.metrics_port, patient=number is not None)
        except OSError as reason:
            raise BadInput(
                f"breakeven serve: cannot listen on {options.metrics_address}:{options.metrics_port} "
                f"({reason.strerror or reason}); choose another --metrics-port or --metrics-address"
            ) from None
        tell.append(figures.tell)
    return tell


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
