"""The dashboard as an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from threading import Thread, Timer
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from streamlit import config
from streamlit.runtime import get_instance
from streamlit.runtime.pages_manager import PagesManager

from breakeven import machine
from breakeven.dashboard import scratch, upload_store
from breakeven.dashboard.apart import readers
from breakeven.dashboard.guard import Guard
from breakeven.dashboard.health import Health, Proof
from breakeven.dashboard.preview import Answers, Preview
from breakeven.dashboard.session import warm_up
from breakeven.dashboard.watch import Answered, Watch
from breakeven.dashboard.workers import Sticky
from breakeven.paths import APP
from breakeven.tables import sqlbox

SWEEP_EVERY_S = 10.0
"""How often the uploads of visitors who left are looked for. [s]"""
COMPILE_AFTER_S = 5.0
"""The first page comes first; readers of files and the replay take seconds of the same processor."""
OPTIONS: dict[str, object] = {
    # A full garbage collection after every rerun costs more than the rerun.
    "runner.postScriptGC": False,
    # No page shows a value by leaving it on a line of its own; looking for such lines costs time.
    "runner.magicEnabled": False,
    # With it the browser would ask another host for the address it reports to.
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "none",
    "logger.level": "warning",
    # Watching every imported file costs a visitor 5 % of each rerun; a developer restarts.
    "server.fileWatcherType": "none",
    "server.maxUploadSize": 200,
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.enableStaticServing": False,
    "theme.font": "sans-serif",
    "theme.headingFontSizes": ["28px", "24px", "18px", "16px", "16px", "14px"],
    "theme.headingFontWeights": [700, 600, 600, 600, 600, 600],
    "theme.light.primaryColor": "#0072B2",
    "theme.light.textColor": "#1b1f24",
    "theme.light.linkColor": "#005f96",
    "theme.dark.primaryColor": "#56B4E9",
    "theme.dark.textColor": "#f2f2f0",
    "theme.dark.linkColor": "#7cc4ee",
}
if not machine.SERVES:
    # The page and what answers it are one tab, which has no cookie to show.
    OPTIONS |= {"server.enableCORS": False, "server.enableXsrfProtection": False}
"""Streamlit's options, whatever a ``config.toml`` of the folder or of the user says."""


@asynccontextmanager
async def _while_serving(_app: st.App) -> AsyncIterator[None]:
    """Build the tables while the first visitor is still on the way, and compile the replay a little later."""
    _set(OPTIONS)  # Once more, for ``streamlit run``, which reads its own before it starts.
    Thread(target=warm_up, daemon=True).start()
    later = Timer(COMPILE_AFTER_S, _prepare)
    later.daemon = True
    later.start()
    sweeping = asyncio.create_task(_sweep())
    yield
    sweeping.cancel()
    later.cancel()
    # A signal ends the process without the usual clean-up.
    readers.close()
    upload_store.close()
    sqlbox.close()
    scratch.end()


async def _sweep() -> None:
    """Delete the uploads of visitors who left."""
    while True:
        await asyncio.sleep(SWEEP_EVERY_S)
        away_s = float(st.get_option("server.disconnectedSessionTTL"))
        upload_store.sweep(_is_active, away_s)


def _is_active(session_id: str) -> bool:
    return get_instance().is_active_session(session_id)


def _prepare() -> None:
    """Have ready what the first visitor who comes with a file would wait for."""
    from breakeven.replay.plan import warm_up as compile_replay

    readers.warm_up()
    compile_replay()


def dashboard(
    answers: Answers | None = None,
    *,
    base_path: str = "",
    worker: int | None = None,
    tell: Sequence[Callable[[Answered], None]] = (),
) -> st.App:
    """Make the application that ``breakeven serve`` runs.

    Parameters
    ----------
    answers
        What a page answers to a link, for its preview; without it a preview has the page's title.
    base_path
        Path under which it is shown, without slashes around it.
    worker
        Number of this worker among several.
    tell
        Who is told of every request that was answered.
    """
    options = OPTIONS | ({"server.baseUrlPath": base_path} if base_path else {})
    _set(options)
    app = st.App(**parts(f"/{base_path}" if base_path else "", worker, tell, answers))
    # Again after the application is made: it is the one that may read the files of options.
    _set(options)
    return app


def parts(
    base: str = "",
    worker: int | None = None,
    tell: Sequence[Callable[[Answered], None]] = (),
    answers: Answers | None = None,
) -> dict[str, Any]:
    """What ``st.App`` is made of; ``streamlit run`` looks for that call by name in the script it is given."""
    # Until app.py has run once, Streamlit would serve files of pages/ without its frame: the first
    # visitor after a start may come by a link to a single page.
    PagesManager.uses_pages_directory = False
    upload_store.take_over()
    readers.start()
    return {
        "script_path": APP,
        "lifespan": _while_serving if machine.SERVES else None,
        "routes": upload_store.routes(_is_active),
        "middleware": _middleware(base, worker, tell, answers),
    }


def _set(options: Mapping[str, Any]) -> None:
    for option, value in options.items():
        config.set_option(option, value)


def _middleware(
    base: str,
    worker: int | None,
    tell: Sequence[Callable[[Answered], None]],
    answers: Answers | None,
) -> list[Middleware]:
    """What every request passes, the first one first."""
    if not machine.SERVES:
        return [Middleware(Guard)]  # nobody asks a tab how it is, or for the picture of a link
    preview = Middleware(Preview) if answers is None else Middleware(Preview, answers=answers)
    found = [Middleware(Guard), Middleware(Health, proof=Proof(), base=base), preview]
    if worker is not None:
        found.insert(0, Middleware(Sticky, number=worker, path=base or "/"))
    if tell:
        found.insert(0, Middleware(Watch, tell=tell, base=base))
    return found
