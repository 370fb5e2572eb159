"""Names of Python's ``ssl`` that are named where nothing is encrypted: a tab opens no connection of its own.

AnyIO's streams name them in annotations and ``except`` clauses when they are imported.
"""

from __future__ import annotations


class SSLError(OSError):
    """Never raised here."""


class SSLZeroReturnError(SSLError):
    """Never raised here."""


class SSLWantReadError(SSLError):
    """Never raised here."""


class SSLSyscallError(SSLError):
    """Never raised here."""


class SSLContext:
    """Never made here."""


class SSLObject:
    """Never made here."""


class SSLSocket:
    """Never made here."""


class MemoryBIO:
    """Never made here."""


CERT_NONE = 0
PROTOCOL_TLS_SERVER = 17
VerifyMode = int
Purpose = int
