"""Figures for Prometheus: on a port of their own, of this process, without visitors."""

import socket
import urllib.request

import pytest

from breakeven.dashboard.metrics import Figures
from breakeven.dashboard.watch import Answered
from tests.servers import free_port, serving, until

UPLOAD = Answered("upload", "PUT", 204, 0.3, "203.0.113.9")


def read(port: int) -> str:
    """What Prometheus would get."""
    with urllib.request.urlopen(f"http://localhost:{port}/metrics") as answer:
        return str(answer.read().decode())


def test_requests_are_counted_by_kind_and_no_address_is_kept() -> None:
    figures, port = Figures(), free_port()
    figures.serve("localhost", port)
    for _ in range(3):
        figures.tell(UPLOAD)
    text = read(port)
    assert 'breakeven_requests_total{kind="upload",method="PUT",status="204"} 3.0' in text
    assert 'breakeven_request_seconds_bucket{kind="upload",le="0.5"} 3.0' in text
    assert 'breakeven_request_seconds_bucket{kind="upload",le="0.1"} 0.0' in text
    assert "process_resident_memory_bytes" in text
    assert "203.0.113.9" not in text


def test_a_port_that_is_taken_is_refused_unless_its_owner_is_about_to_leave() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        with pytest.raises(OSError, match="in use"):
            Figures().serve("127.0.0.1", port)
        late = Figures()
        late.serve("127.0.0.1", port, patient=True)
    late.tell(UPLOAD)

    def answers() -> bool:
        try:
            return 'status="204"} 1.0' in read(port)
        except OSError:
            return False

    until(answers, seconds=20)


@pytest.mark.slow
def test_the_figures_of_a_dashboard_are_on_their_port_and_not_on_the_public_one() -> None:
    port = free_port()
    with serving(f"--metrics-port={port}") as server:
        text = read(port)
        assert "breakeven_tables_open 1.0" in text
        assert "breakeven_uploads_bytes 0.0" in text
        assert "streamlit_active_sessions 0.0" in text
        with urllib.request.urlopen(f"{server.address}/metrics") as answer:
            assert b"process_resident" not in answer.read()
        with socket.socket() as elsewhere:
            elsewhere.bind(("127.0.0.2", port))  # only localhost is taken
