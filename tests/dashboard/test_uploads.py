"""Large files take turns; small ones do not wait."""

import threading
from contextlib import ExitStack

import pytest

from breakeven.dashboard.uploads import AT_ONCE, turn
from breakeven.usage.stop import Stop, Stopped


@pytest.fixture
def large(tmp_path):
    path = tmp_path / "large.csv"
    path.write_bytes(b"x" * 2_000_001)
    return path


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.csv"
    path.write_bytes(b"x" * 2_000_000)
    return path


def test_large_file_waits_for_its_turn_and_says_so(large, small):
    words, done = ["Reading"], threading.Event()

    def visitor():
        with turn([large], words, Stop()):
            done.set()

    with ExitStack() as others:
        for _ in range(AT_ONCE):
            others.enter_context(turn([large], [], Stop()))
        with turn([small], [], Stop()):  # does not wait
            pass
        thread = threading.Thread(target=visitor)
        thread.start()
        assert not done.wait(0.5)
        assert words[-1] == "Waiting until the files of other visitors are read"
    assert done.wait(5)
    thread.join()


def test_whoever_waits_can_cancel_and_takes_no_turn_away(large):
    stop = Stop()
    stop.ask()
    with ExitStack() as others:
        for _ in range(AT_ONCE):
            others.enter_context(turn([large], [], Stop()))
        with pytest.raises(Stopped), turn([large], [], stop):
            pass
    with ExitStack() as again:
        for _ in range(AT_ONCE):
            again.enter_context(turn([large], [], Stop()))


def test_turn_comes_back_when_the_read_fails(large):
    for _ in range(AT_ONCE + 1):
        with pytest.raises(ValueError, match="broken"), turn([large], [], Stop()):
            raise ValueError("broken")


def test_several_small_files_count_together(small):
    words = []
    with ExitStack() as others:
        for _ in range(AT_ONCE):
            others.enter_context(turn([small, small], words, Stop()))
        stop = Stop()
        stop.ask()
        with pytest.raises(Stopped), turn([small, small], words, stop):
            pass
