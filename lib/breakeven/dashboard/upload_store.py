"""Uploads on disk: streamed there, deleted with their session, never held in memory.

Streamlit's own manager keeps every upload in memory about twice. This one takes its place when
``breakeven serve`` makes the application; ``st.file_uploader`` and its clean-up stay as they are. Under
``streamlit run`` the manager of Streamlit is in use, and :func:`path_of` knows no file.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeAlias
from uuid import uuid4

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message
from streamlit.runtime import memory_uploaded_file_manager
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec
from streamlit.web.server.server_util import is_xsrf_enabled
from streamlit.web.server.starlette.starlette_app_utils import validate_xsrf_token
from streamlit.web.server.starlette.starlette_server_config import XSRF_COOKIE_NAME

from breakeven.usage.limits import Limits, limits_from
from breakeven.usage.packed import shown_name
from breakeven.usage.spool import MEGABYTE, Unreadable

ENDPOINT = "/uploads"
_FRAME_BYTES = 64_000
"""What a browser writes around a file: the boundary and the name."""
Key: TypeAlias = tuple[str, str]
"""Session and number of an upload: the number alone is chosen by the browser, and may be anyone's."""
_log = logging.getLogger(__name__)
LONGEST_NAME = 255
"""Characters that are kept of a file's name."""
UNNAMED_S = 3600.0
"""A file that no record names for so long is nobody's. [s]"""


class UploadStore(MemoryUploadedFileManager):
    """Keeps the bytes of uploads in a private folder and gives Streamlit records without them.

    What ``st.file_uploader`` returns is therefore empty: a page asks :func:`path_of` or :func:`content_of`.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        """Make the folder; it goes with the process."""
        super().__init__(ENDPOINT)
        self.limits = limits or limits_from()
        self._folder = tempfile.TemporaryDirectory(prefix="breakeven-uploads-", ignore_cleanup_errors=True)
        self._paths: dict[Key, Path] = {}
        self._sizes: dict[Key, int] = {}
        self._refusals: dict[Key, str] = {}
        self.coming = 0
        """What has come so far of uploads that are on their way. [B]"""
        self._left: dict[str, float] = {}
        """When a session was first seen to be away."""

    def close(self) -> None:
        """Delete everything."""
        self._folder.cleanup()

    def keep(self, session_id: str, file_id: str, name: str, kind: str, content: BinaryIO) -> None:
        """Copy an upload to disk and tell Streamlit of it; without room, keep the reason instead."""
        content.seek(0, 2)
        size = content.tell()
        content.seek(0)
        self.remove_file(session_id, file_id)
        key = (session_id, file_id)
        with self._lock:
            reason = self._full(session_id, name, size)
            if reason is None:
                self._sizes[key] = size
        reason = reason or self._copy(key, content)
        if reason:
            self._refusals[key] = reason
        self.add_file(session_id, UploadedFileRec(file_id=file_id, name=name, type=kind, data=b""))

    def add_file(self, session_id: str, file: UploadedFileRec) -> None:
        """Note a file; bytes that come by Streamlit's own route, which stays open, go to disk as well."""
        if file.data:
            self.keep(session_id, file.file_id, file.name, file.type, BytesIO(file.data))
        else:
            super().add_file(session_id, file)

    def _full(self, session_id: str, name: str, size: int) -> str | None:
        """Why there is no room for an upload; the operator is told what raises the limit."""
        mine = sum(kept for (session, _), kept in self._sizes.items() if session == session_id)
        if mine + size > self.limits.visitor_mb * MEGABYTE:
            return (
                f"There is no room for {name}: your uploads together may have "
                f"{self.limits.visitor_mb:,} MB. Remove one, or reload the page to remove all."
            )
        if self.kept + size > self.limits.uploads_mb * MEGABYTE:
            _log.warning(
                "uploads are full: %d MB are kept; %s raises the limit",
                self.kept // MEGABYTE,
                self.limits.variable("uploads_mb"),
            )
            return f"There is no room for {name} just now: other visitors' uploads fill it. Try again later."
        return None

    def _copy(self, key: Key, content: BinaryIO) -> str | None:
        """Write an upload to disk; a sentence if that is not possible."""
        # Neither the name of the file nor its number, which come from outside, becomes a path.
        path = Path(self._folder.name) / uuid4().hex
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with path.open("wb") as copy:
                shutil.copyfileobj(content, copy, 1 << 20)
        except OSError:
            path.unlink(missing_ok=True)
            self._sizes.pop(key, None)
            return "There is no room on the disk of the dashboard for the upload. Try again later."
        self._paths[key] = path
        return None

    @property
    def kept(self) -> int:
        """All that is kept. [B]"""
        return sum(list(self._sizes.values()))

    def refusal_of(self, session_id: str, file_id: str) -> str | None:
        """Why an upload was not kept."""
        return self._refusals.get((session_id, file_id))

    def sweep(self, active: Callable[[str], bool], after_s: float, now: float) -> None:
        """Delete the uploads of sessions that have been away for a while.

        Streamlit ends such a session only when the next visitor comes.
        """
        for session_id in list(self.file_storage):
            if active(session_id):
                self._left.pop(session_id, None)
            elif now - self._left.setdefault(session_id, now) >= after_s:
                self.remove_session_files(session_id)
        known = set(self._paths.values())
        for path in Path(self._folder.name).glob("*"):
            with suppress(OSError):
                if path not in known and time.time() - path.stat().st_mtime > UNNAMED_S:
                    path.unlink()

    def path_of(self, session_id: str, file_id: str) -> Path | None:
        """Where an upload lies; None: it is not here."""
        return self._paths.get((session_id, file_id))

    def discard(self, session_id: str, file_id: str) -> None:
        """Delete the bytes of an upload."""
        path = self._paths.pop((session_id, file_id), None)
        self._sizes.pop((session_id, file_id), None)
        self._refusals.pop((session_id, file_id), None)
        if path is not None:
            path.unlink(missing_ok=True)

    def remove_file(self, session_id: str, file_id: str) -> None:
        """Forget an upload of a session, and no other's."""
        self.discard(session_id, file_id)
        super().remove_file(session_id, file_id)

    def remove_session_files(self, session_id: str) -> None:
        """Forget everything that a session uploaded."""
        for session, file_id in [*self._paths, *self._refusals]:
            if session == session_id:
                self.discard(session, file_id)
        self._left.pop(session_id, None)
        super().remove_session_files(session_id)


_store: list[UploadStore] = []
"""The one of this process, once there is one."""


def path_of(session: str, file_id: str) -> Path | None:
    """Where an upload lies on disk; None: its bytes are in the record.

    Raises
    ------
    Unreadable
        If it was not kept; the text says why.
    """
    if not _store:
        return None
    refusal = _store[-1].refusal_of(session, file_id)
    if refusal:
        raise Unreadable(refusal)
    return _store[-1].path_of(session, file_id)


def session_id() -> str:
    """Secret number of the visitor's session whose page is being run; empty: there is none."""
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context is not None else ""


def close() -> None:
    """Delete all uploads."""
    for one in _store:
        one.close()


def held() -> tuple[int, int]:
    """How much is kept, and how much is on its way. [B]"""
    return (_store[-1].kept, _store[-1].coming) if _store else (0, 0)


def sweep(active: Callable[[str], bool], after_s: float) -> None:
    """Delete the uploads of sessions that have been away for a while."""
    if _store:
        _store[-1].sweep(active, after_s, time.monotonic())


def content_of(file: UploadedFile, most_mb: int) -> bytes:
    """Bytes of a small upload, wherever it lies.

    Raises
    ------
    Unreadable
        If it was not kept, or is larger than that; the text says so.
    """
    path = path_of(session_id(), file.file_id)
    size = path.stat().st_size if path is not None else file.size
    if size > most_mb * MEGABYTE:
        raise Unreadable(f"{file.name} has {size / MEGABYTE:,.0f} MB; at most {most_mb} MB are read here.")
    return path.read_bytes() if path is not None else file.getvalue()


def discard(session: str, file_id: str) -> None:
    """Delete the bytes of an upload that is not wanted any more."""
    if _store:
        _store[-1].discard(session, file_id)


def most_mb(otherwise: int) -> int:
    """Largest upload that is taken. [MB]"""
    return _store[-1].limits.upload_mb if _store else otherwise


def _made(_endpoint: str) -> UploadStore:
    """Make the store where Streamlit would make its own; it has an endpoint of its own."""
    _store[:] = [UploadStore()]
    return _store[-1]


def take_over() -> None:
    """Have the next Streamlit application keep its uploads here."""
    memory_uploaded_file_manager.MemoryUploadedFileManager = _made  # type: ignore[assignment,misc]


# --- the route ------------------------------------------------------------------------------------


def routes(
    active: Callable[[str], bool], store: Callable[[], UploadStore] = lambda: _store[-1]
) -> list[Route]:
    """Routes that take an upload and delete it.

    Parameters
    ----------
    active
        Whether a session, named by its secret number, is running.
    store
        Where uploads are kept.
    """

    async def put(request: Request) -> Response:
        _same_site(request)
        session_id, file_id = request.path_params["session_id"], request.path_params["file_id"]
        _running(active, session_id)
        kept = store()
        body = _Body(request, kept)
        try:
            async with Request(request.scope, body.receive).form(max_files=1, max_fields=10) as form:
                files = [one for one in form.values() if isinstance(one, UploadFile)]
                if len(files) != 1:
                    raise HTTPException(400, "one file is expected")
                (file,) = files
                name = shown_name(file.filename or "")[:LONGEST_NAME]
                kind = shown_name(file.content_type or "application/octet-stream")[:LONGEST_NAME]
                await run_in_threadpool(kept.keep, session_id, file_id, name, kind, file.file)
        except ClientDisconnect:
            raise HTTPException(408, "the upload stopped half-way") from None
        except OSError:  # it is written to the disk as it comes
            raise HTTPException(507, "there is no room on the disk; try again later") from None
        finally:
            kept.coming -= body.seen
        if not active(session_id):  # it ended meanwhile, and nobody would delete the file
            kept.remove_session_files(session_id)
        return Response(status_code=204)

    async def delete(request: Request) -> Response:
        _same_site(request)
        _running(active, request.path_params["session_id"])
        store().remove_file(request.path_params["session_id"], request.path_params["file_id"])
        return Response(status_code=204)

    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    path = f"{'/' if base else ''}{base}{ENDPOINT}/{{session_id}}/{{file_id}}"
    return [Route(path, put, methods=["PUT"]), Route(path, delete, methods=["DELETE"])]


def _same_site(request: Request) -> None:
    """Refuse what another site sends in a visitor's name: it cannot read the cookie."""
    if is_xsrf_enabled() and not validate_xsrf_token(
        request.headers.get("X-Xsrftoken"), request.cookies.get(XSRF_COOKIE_NAME)
    ):
        raise HTTPException(403, "the token of the page is missing or wrong")


def _running(active: Callable[[str], bool], session_id: str) -> None:
    if not active(session_id):
        raise HTTPException(400, "the session is over; reload the page")


class _Body:
    """The body of an upload, up to a size, whatever its head says.

    What is on its way lies on the disk too: all of it together may be as much as is kept.
    """

    def __init__(self, request: Request, store: UploadStore) -> None:
        self.request, self.store, self.seen = request, store, 0

    async def receive(self) -> Message:
        """Take the next piece."""
        message: Message = await self.request.receive()
        size = len(message.get("body", b""))
        self.seen += size
        self.store.coming += size
        limits = self.store.limits
        if self.seen > limits.upload_mb * MEGABYTE + _FRAME_BYTES:
            raise HTTPException(413, "the file is too large")
        if self.store.coming > limits.uploads_mb * MEGABYTE + _FRAME_BYTES:
            raise HTTPException(507, "too many uploads are on their way; try again later")
        return message
