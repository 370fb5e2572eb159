"""Long work in a thread of its own, with a button that cancels it; whoever leaves cancels it too."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Thread
from typing import Any, TypeVar

import streamlit as st

from breakeven.dashboard.apart import readers, wire
from breakeven.dashboard.upload_store import session_id
from breakeven.usage.stop import Stop, Stopped
from breakeven.words.numbers import seconds

Result = TypeVar("Result")

CANCELLED = "Reading was cancelled, and nothing of the file is kept. Upload it again to start over."
_ASKED = "cancel_asked"
QUICK_S, STEP_S = 0.4, 0.2
"""Work shorter than this shows nothing; how often a longer one is looked at. [s]"""


def _ask() -> None:
    """Remember the press of the button for the rerun that it starts."""
    st.session_state[_ASKED] = True


def cancellable(work: Callable[[Stop], Result], words: Sequence[str], key: str = "read") -> Result:
    """Do work that heeds a stop, and show its progress once it takes long.

    Parameters
    ----------
    work
        Is given the stop to heed; runs without Streamlit.
    words
        What is being done, the last one now; the work may add to it.
    key
        Tells it from other work of the same run of a page.

    Raises
    ------
    Stopped
        If the visitor cancelled. A visitor who leaves, or changes something, stops the script at its next
        word on the page, and with it the work.
    """
    if st.session_state.pop(_ASKED, False):
        raise Stopped
    stop, done = Stop(), Future[Result]()

    def run() -> None:
        try:
            done.set_result(work(stop))
        except BaseException as fault:  # handed to the thread that waits
            done.set_exception(fault)

    thread = Thread(target=run, daemon=True)
    start = time.monotonic()
    thread.start()
    place = st.empty()
    try:
        thread.join(QUICK_S)
        if thread.is_alive():
            with place.container(border=True):
                said = st.empty()
                st.button("Cancel", key=f"cancel_{key}_button", icon=":material/cancel:", on_click=_ask)
            while thread.is_alive():
                said.text(f"{words[-1]}: {seconds(time.monotonic() - start)}")
                thread.join(STEP_S)
    finally:
        while thread.is_alive():  # the script was stopped: end the work before its files are deleted
            stop.ask()
            thread.join(STEP_S / 4)
    place.empty()
    return done.result()


def in_a_reader(job: Callable[..., Result], *arguments: Any, size: float, words: str) -> Result:
    """Have a job done by a reader of its own, and show its progress once it takes long.

    Parameters
    ----------
    job, arguments, size
        As :func:`breakeven.dashboard.apart.readers.do` takes them.
    words
        What is being done.

    Raises
    ------
    Stopped
        If the visitor cancelled.
    Unreadable
        If the job needs more than it may have; or whatever the job raises.
    """
    said, visitor = [words], session_id()  # the thread that waits knows no session

    def told(message: object) -> None:
        if isinstance(message, wire.Said):
            said.append(message.words)

    def work(stop: Stop) -> Result:
        return readers.do(job, *arguments, size=size, visitor=visitor, told=told, heed=stop.heed)

    return cancellable(work, said, job.__name__)
