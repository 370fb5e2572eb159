"""Figures for Prometheus, on a port of their own.

Counts and times of requests, Streamlit's figures of sessions, what uploads hold, and what the process takes.
Labels come from short fixed lists: nothing of a visitor becomes one.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from threading import Thread

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from streamlit.runtime import exists, get_instance
from streamlit.runtime.stats import CACHE_MEMORY_FAMILY, CounterStat, GaugeStat

from breakeven.dashboard import session, upload_store
from breakeven.dashboard.watch import Answered

AGAIN_S = 0.5
"""Between two tries to take the port, which the worker before may still have. [s]"""
BUCKETS = (0.005, 0.02, 0.1, 0.5, 1.0, 5.0, 30.0)


class Figures:
    """The figures of this process."""

    def __init__(self) -> None:
        """Count from nothing."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.registry.register(_State())
        self._requests = Counter(
            "breakeven_requests",
            "Requests that were answered.",
            ("kind", "method", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "breakeven_request_seconds",
            "Time to the end of an answer; of a session, how long it was open.",
            ("kind",),
            buckets=BUCKETS,
            registry=self.registry,
        )

    def tell(self, answered: Answered) -> None:
        """Count a request."""
        self._requests.labels(answered.kind, answered.method, str(answered.status)).inc()
        self._seconds.labels(answered.kind).observe(answered.seconds)

    def serve(self, address: str, port: int, *, patient: bool = False) -> None:
        """Answer at a port, from a thread.

        Parameters
        ----------
        address
            Where to listen.
        port
            The port.
        patient
            Whether to wait until a port that is taken becomes free, as it does when a worker is replaced.

        Raises
        ------
        OSError
            If the port cannot be taken.
        """

        def begin() -> None:
            start_http_server(port, address, self.registry)

        try:
            begin()
        except OSError as reason:
            if not patient or reason.errno != errno.EADDRINUSE:
                raise
            Thread(target=_until_done, args=(begin,), daemon=True).start()


def _until_done(begin: Callable[[], None]) -> None:
    while True:
        time.sleep(AGAIN_S)
        try:
            begin()
        except OSError:
            continue
        return


class _State(Collector):
    """What is so at the moment."""

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """Ask Streamlit, the uploads and the tables."""
        yield GaugeMetricFamily(
            "breakeven_tables_open", "1: the tables can be asked.", int(session.opened() is not None)
        )
        kept, coming = upload_store.held()
        yield GaugeMetricFamily("breakeven_uploads_bytes", "Uploads on the disk.", kept)
        yield GaugeMetricFamily("breakeven_uploads_coming_bytes", "Uploads that are on their way.", coming)
        if not exists():
            return
        statistics = get_instance().stats_mgr
        # The memory of caches is left out: to measure it walks all that they hold.
        families = [name for name in statistics.registered_families() if name != CACHE_MEMORY_FAMILY]
        for name, found in statistics.get_stats(family_names=families).items():
            rows = [one for one in found if isinstance(one, CounterStat | GaugeStat)]
            if not rows:
                continue
            names = sorted(rows[0].labels or {})
            family = CounterMetricFamily if isinstance(rows[0], CounterStat) else GaugeMetricFamily
            made = family(f"streamlit_{name}", rows[0].help, labels=names)
            for row in rows:
                made.add_metric([str((row.labels or {})[label]) for label in names], row.value)
            yield made
