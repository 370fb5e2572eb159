"""``breakeven serve``: the dashboard."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from breakeven.question.arguments import BadInput, whole


def add(commands: Any) -> None:
    """Declare the command."""
    serve = commands.add_parser("serve", help="start the dashboard")
    serve.add_argument("--port", type=whole, default=8501)
    serve.add_argument("--address", default="localhost", help="0.0.0.0 to be seen from other machines")
    serve.add_argument("--headless", action="store_true", help="do not open a browser")
    serve.set_defaults(command=_serve)


def _serve(options: argparse.Namespace) -> int:
    import logging
    import socket
    import webbrowser
    from threading import Timer

    import uvicorn

    from breakeven.dashboard.guard import InTime
    from breakeven.dashboard.server import dashboard

    if not 1 <= options.port <= 65535:
        raise BadInput(f"breakeven serve: --port must lie between 1 and 65535, got {options.port}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((options.address, options.port))
        except OSError as reason:
            raise BadInput(
                f"breakeven serve: cannot listen on {options.address}:{options.port} "
                f"({reason.strerror or reason}); choose another --port or --address"
            ) from None
    address = f"http://{options.address}:{options.port}"
    print(f"Breakeven is at {address} (Ctrl+C stops it)", flush=True)
    if not options.headless and sys.stdout.isatty():
        Timer(1.0, webbrowser.open, (address,)).start()
    # Streamlit sets up logging of its own; a line for every request helps nobody.
    logging.getLogger("uvicorn.access").disabled = True
    # uvicorn opens the socket itself: Streamlit's own server leaves Nagle's algorithm on, which
    # holds back the end of an answer by 40 ms.
    uvicorn.run(
        dashboard(),
        host=options.address,
        port=options.port,
        http=InTime,
        server_header=False,
        log_level="warning",
        access_log=False,
    )
    return 0
