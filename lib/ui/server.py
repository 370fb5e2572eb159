"""The dashboard as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Thread, Timer

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from lib.ui.session import warm_up

APP = Path(__file__).parents[2] / "app.py"


COMPILE_AFTER_S = 5.0
"""The first page comes first; compiling the replay takes seconds of the same processor."""


@asynccontextmanager
async def _while_serving(_app: st.App) -> AsyncIterator[None]:
    """Build the tables while the first visitor is still on the way, and compile the replay a little later."""
    Thread(target=warm_up, daemon=True).start()
    later = Timer(COMPILE_AFTER_S, _compile)
    later.daemon = True
    later.start()
    yield
    later.cancel()


def _compile() -> None:
    from lib.capacity import warm_up as compile_replay

    compile_replay()


def dashboard() -> st.App:
    """Make the application that ``breakeven serve`` runs."""
    # Until app.py has run once, Streamlit would serve files of pages/ without its frame: the first
    # visitor after a start may come by a link to a single page.
    PagesManager.uses_pages_directory = False
    return st.App(APP, lifespan=_while_serving)
