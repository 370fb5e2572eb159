"""The server's log as JSON, a line an event, without anything of a visitor's.

A line of ours is what its place in the code says, filled in; one of another package is shown only where
its text stands in that package's code, for a text put together may hold a link or a name. Of an exception its
type and where it was, never its message, which may repeat what was typed.
"""

from __future__ import annotations

import json
import linecache
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

OURS = "breakeven"
FIELDS = "fields"
"""Name of what a record has beside its text: ``logger.info("request", extra={FIELDS: {…}})``."""
DEEPEST = 20
"""Places of an exception that are written, the last ones."""
_LEFT_OUT = "(text left out: it may hold what a visitor gave)"


class Line(logging.Formatter):
    """A record as one line of JSON."""

    def __init__(self, worker: int | None = None) -> None:
        """Note the number of the worker, where there are several."""
        super().__init__()
        self._always = {} if worker is None else {"worker": worker}

    def format(self, record: logging.LogRecord) -> str:
        """Write the line."""
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": _text(record),
            **self._always,
            **getattr(record, FIELDS, {}),
        }
        if not record.name.startswith(OURS):
            said["from"] = f"{record.name}:{record.lineno}"
        if record.exc_info and record.exc_info[0] is not None:
            said["fault"] = record.exc_info[0].__name__
            said["at"] = _places(record.exc_info[2])
        return json.dumps(said, ensure_ascii=True, default=str)


def _text(record: logging.LogRecord) -> str:
    if record.name.split(".")[0] == OURS:
        return record.getMessage()
    text = str(record.msg)
    return text.strip() if text.strip() in "".join(linecache.getlines(record.pathname)) else _LEFT_OUT


def _places(begin: TracebackType | None) -> list[str]:
    return [
        f"{'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(begin)[-DEEPEST:]
    ]


def write_lines(worker: int | None = None) -> None:
    """Have everything that is logged in this process written as such lines to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(Line(worker))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(OURS).setLevel(logging.INFO)
    logging.captureWarnings(True)
    threading.excepthook = lambda fault: _fault(
        "a thread ended", fault.exc_type, fault.exc_value, fault.exc_traceback
    )
    sys.excepthook = lambda kind, value, begin: _fault("the server ended", kind, value, begin)


def take_over_streamlit() -> None:
    """Have Streamlit's loggers write through ours; each of them would bring an own form."""
    from streamlit import logger

    def plain(one: logging.Logger) -> None:
        one.handlers.clear()
        one.propagate = True

    # get_logger forbids to pass records on before it asks for the form.
    logger.setup_formatter = plain  # type: ignore[assignment]
    logger.update_formatter()


def _fault(
    event: str, kind: type[BaseException], value: BaseException | None, begin: TracebackType | None
) -> None:
    if value is not None and not issubclass(kind, KeyboardInterrupt):
        logging.getLogger(OURS).error(event, exc_info=(kind, value, begin))
