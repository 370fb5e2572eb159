"""The dashboard as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Thread

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from lib.ui.session import warm_up

APP = Path(__file__).parents[2] / "app.py"


@asynccontextmanager
async def _while_serving(_app: st.App) -> AsyncIterator[None]:
    """Build the tables while the first visitor is still on the way."""
    Thread(target=warm_up, daemon=True).start()
    yield


def dashboard() -> st.App:
    """Make the application that ``breakeven serve`` runs."""
    # Until app.py has run once, Streamlit would serve files of pages/ without its frame: the first
    # visitor after a start may come by a link to a single page.
    PagesManager.uses_pages_directory = False
    return st.App(APP, lifespan=_while_serving)
