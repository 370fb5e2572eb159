"""Readers: one process for each piece of work, ended by its limits, and the next one works at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from breakeven.calibration.own import BadRuns
from breakeven.dashboard.apart import jobs
from breakeven.dashboard.apart import readers as module
from breakeven.dashboard.apart.readers import WAITING, Allowance, Readers, allowance, size_of
from breakeven.dashboard.apart.wire import Kept, Said, packed, unpacked
from breakeven.paths import DATA
from breakeven.question.calibrated import USUAL as NO_CALIBRATION
from breakeven.question.pages.capacity import USUAL as OPTIONS
from breakeven.question.scenario import Scenario
from breakeven.tables.day import read_tables
from breakeven.tables.queries import benchmark_notes
from breakeven.usage.formats import parse_mapping
from breakeven.usage.limits import Limits, for_visitors
from breakeven.usage.read import read_workload
from breakeven.usage.spool import Unreadable
from breakeven.usage.sql import Edges
from breakeven.usage.sums import Tokens
from tests.dashboard.apart import work

pytestmark = pytest.mark.skipif(os.name != "posix", reason="readers are forked")

ENOUGH = Allowance(megabytes=300, cpu_s=20)
ONE_SECOND = Allowance(megabytes=300, cpu_s=1)


@pytest.fixture(scope="module")
def readers():
    opened = Readers(Limits(readers_mb=900))
    opened.warm_up()
    yield opened
    opened.close()


class Asked(Exception):
    """Somebody does not wait."""


def do(readers: Readers, job: Any, *arguments: Any, allowed: Allowance = ENOUGH, visitor="me", **more: Any):
    more = {"told": lambda _message: None, "heed": lambda: None} | more
    return readers.do(job, arguments, allowed=allowed, visitor=visitor, **more)


def gone(process: int) -> bool:
    """Whether a process has ended, or does within ten seconds."""
    for _ in range(200):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def until(condition) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen within half a minute")


def test_a_result_comes_back_and_words_on_the_way(readers):
    said: list[Any] = []
    assert do(readers, work.add, 2, 3, told=said.append) == 5
    assert said == [Said(words="Adding")]


def test_what_the_server_has_comes_back_as_the_same_object(readers):
    tokens = Tokens(requests=3)
    assert do(readers, work.echo, tokens)["given"] is tokens
    kept = Kept(tokens, packed(tokens))
    assert do(readers, work.echo, kept)["given"] is tokens


@pytest.mark.parametrize(
    ("job", "arguments"),
    [
        (work.take, (1000,)),
        (work.spin, ()),
        (work.backtrack, ()),
        (work.sleep, ()),
        (work.crash, ()),
        (work.answer_rubbish, ()),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_work_that_takes_too_much_ends_in_a_sentence_and_the_next_works(readers, job, arguments):
    with pytest.raises(Unreadable, match=r"\(1 s of computing, 300 MB\)") as refused:
        do(readers, job, *arguments, allowed=ONE_SECOND)
    assert "BREAKEVEN" not in str(refused.value)
    assert do(readers, work.add, 1, 1) == 2


def test_memory_within_the_allowance_is_given(readers):
    assert do(readers, work.take, 200) == 200_000_000


def test_a_refusal_is_raised_as_it_was_and_a_fault_of_ours_with_its_trace(readers):
    with pytest.raises(Unreadable, match=r"^The file is empty\.$"):
        do(readers, work.refuse)
    with pytest.raises(RuntimeError, match="KeyError: 'nothing'"):
        do(readers, work.fail)


def test_an_answer_that_would_run_something_is_refused(readers, tmp_path, caplog):
    with pytest.raises(Unreadable):
        do(readers, work.answer_evil, str(tmp_path / "made"))
    assert not (tmp_path / "made").exists()
    assert "posix.mkdir is no plain record" in caplog.text


def test_whoever_stops_ends_the_process_and_its_copies(readers):
    said: list[Any] = []

    def heed() -> None:
        if said:
            raise Asked

    with pytest.raises(Asked):
        do(readers, work.sleep, told=said.append, heed=heed)
    process, folder = said[0].words.split(" ", 1)
    assert gone(int(process))
    assert not Path(folder).exists()


def test_one_visitor_waits_for_oneself_and_not_for_another(readers):
    said: list[Any] = []
    leave = threading.Event()

    def heed() -> None:
        if leave.is_set():
            raise Asked

    def first() -> None:
        with pytest.raises(Asked):
            do(readers, work.sleep, told=said.append, heed=heed)

    thread = threading.Thread(target=first)
    thread.start()
    until(lambda: said)
    assert do(readers, work.add, 1, 2, visitor="another") == 3
    waited: list[Any] = []

    def told(message: Any) -> None:
        waited.append(message)
        leave.set()  # who waits makes room

    assert do(readers, work.add, 1, 2, told=told) == 3
    thread.join(timeout=20)
    assert waited[0] == Said(words=WAITING)


def test_all_readers_together_have_one_budget(readers):
    running, leave, most = [], threading.Event(), []

    def visitor(number: int) -> None:
        def told(message: Any) -> None:
            if message != Said(words=WAITING):
                running.append(number)
                most.append(len(running))

        def heed() -> None:
            if number in running and leave.is_set():
                running.remove(number)
                raise Asked

        with pytest.raises(Asked):
            do(readers, work.sleep, visitor=str(number), told=told, heed=heed)

    threads = [threading.Thread(target=visitor, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    until(lambda: len(running) == 3)
    time.sleep(0.3)
    leave.set()
    for thread in threads:
        thread.join(timeout=60)
    assert len(most) == 6
    assert max(most) == 3  # 3 × 300 MB of 900 MB


def test_readers_go_on_where_what_they_are_forked_from_was_killed(readers):
    assert readers._nursery is not None
    readers._nursery.kill()
    readers._nursery.wait()
    assert do(readers, work.add, 4, 4) == 8


def test_no_reader_outlives_its_server():
    opened = Readers(Limits())
    said: list[Any] = []

    def visitor() -> None:
        with pytest.raises(Unreadable):
            do(opened, work.sleep, told=said.append)

    thread = threading.Thread(target=visitor)
    thread.start()
    until(lambda: said)
    opened.close()
    assert gone(int(said[0].words.split(" ", 1)[0]))
    thread.join(timeout=20)
    assert not thread.is_alive()


def test_a_server_that_is_killed_takes_its_readers_along(tmp_path):
    """What readers are forked from sees its socket close."""
    script = tmp_path / "server.py"
    script.write_text(
        "from breakeven.dashboard.apart.readers import Allowance, Readers\n"
        "from breakeven.usage.limits import Limits\n"
        "from tests.dashboard.apart import work\n"
        "Readers(Limits()).do(work.sleep, (), allowed=Allowance(megabytes=300, cpu_s=60), visitor='me',\n"
        "    told=lambda said: print(said.words.split()[0], flush=True), heed=lambda: None)\n"
    )
    where = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, env=where) as server:
        assert server.stdout is not None
        reader = int(server.stdout.readline())
        server.send_signal(signal.SIGKILL)
    assert gone(reader)


def test_packed_files_count_for_what_they_may_hold(tmp_path):
    plain, zipped = tmp_path / "a.csv", tmp_path / "a.csv.gz"
    plain.write_bytes(b"input_tokens\n1\n")
    zipped.write_bytes(b"\x1f\x8b" + b"0" * 13)
    assert size_of([plain]) == 15
    assert size_of([plain, zipped]) == 165


def test_without_being_started_nothing_is_read_apart():
    assert not module.apart()


@pytest.mark.parametrize("platform", ["emscripten", "win32"])
def test_where_there_are_no_processes_to_be_had_nothing_of_them_is_loaded(platform):
    script = (
        "import sys\n"
        "import breakeven.dashboard.apart.jobs\n"  # what it needs asks for the platform, too
        "sys.modules['resource'] = sys.modules['_multiprocessing'] = None\n"
        f"sys.platform = '{platform}'\n"
        "import breakeven, breakeven.machine, importlib\n"
        "importlib.reload(breakeven.machine)\n"
        "from breakeven.dashboard.apart import readers\n"
        "readers.start()\n"
        "assert not readers.apart()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_sample_read_apart_is_the_sample_read_here(readers):
    path = DATA / "samples" / "month_openai.csv"
    found = do(readers, jobs.read, [path], [path.name], path.name, Edges(), parse_mapping(""), Limits())
    here = read_workload(path, name=path.name)
    read = unpacked(found.workload)
    for name in ("cells", "minutes", "tenants"):  # whose order a database does not promise
        assert sorted(map(str, getattr(read, name))) == sorted(map(str, getattr(here, name)))
    assert (read.tokens, read.rows_read, read.by_model) == (here.tokens, here.rows_read, here.by_model)
    assert found.digest == jobs.digest_of(here)


@pytest.mark.slow
def test_runs_fitted_apart_are_fitted_as_here_and_a_bad_file_is_refused(readers, tmp_path, connection):
    path = tmp_path / "runs.csv"
    path.write_text(
        "prompt,completion,concurrency,ttft_ms,tpot_ms\n"
        + "".join(f"1024,256,{n},{180 + 9 * n},{12 + 0.2 * n}\n" for n in (1, 2, 4, 8, 16, 32))
    )
    usual = allowance(1000, Limits())
    day, runs_on = date(2026, 11, 21), ("llama-3.1-8b", "h100-sxm", 1, "bf16", "fp16")
    apart = do(readers, jobs.fit, [path], ["runs.csv"], day, *runs_on, allowed=usual)
    here = jobs.fitted(
        read_tables(connection, day), benchmark_notes(connection), [path], ["runs.csv"], *runs_on
    )
    assert apart.efficiency == here.efficiency
    assert apart.covered == here.covered
    path.write_text("prompt,completion\n1,2\n")
    with pytest.raises(BadRuns, match=r"runs\.csv"):
        do(readers, jobs.fit, [path], ["runs.csv"], day, *runs_on, allowed=usual)


@pytest.mark.slow
@pytest.mark.parametrize("sample", ["cursor_usage.csv", "month_openai.csv", "litellm_spend_logs.csv"])
def test_a_small_file_is_priced_and_replayed_with_room_to_spare(readers, sample):
    """A quarter of what it may have must be left: another machine has other libraries and threads."""
    path = DATA / "samples" / sample
    usual = allowance(path.stat().st_size, Limits())
    tight = Allowance(megabytes=usual.megabytes * 3 // 4, cpu_s=usual.cpu_s)
    limits, mapping = for_visitors(Limits()), parse_mapping("")
    found = do(readers, jobs.read, [path], [sample], sample, Edges(), mapping, limits, allowed=tight)
    workload = Kept(unpacked(found.workload), found.workload)
    scenario = Scenario(as_of=date(2026, 11, 21))
    answer = do(readers, jobs.answer, workload, scenario, NO_CALIBRATION, {}, "used", "a,1\n", allowed=tight)
    assert answer.priced.workload is workload.value
    assert len(answer.priced.offers) > 100
    assert answer.own.problems
    rows = do(readers, jobs.costs, workload, scenario.as_of, "tenant", {}, allowed=tight)
    assert sum(row.tokens.requests for row in rows) in (0, workload.value.tokens.requests)
    offer = answer.priced.offers[0].offer.api_offer_id
    assert do(readers, jobs.changes, workload, scenario.as_of, {}, offer, allowed=tight)


@pytest.mark.slow
def test_single_requests_are_replayed_apart_and_counted_on_the_way(readers):
    path = DATA / "samples" / "azure_2024_week.csv"
    limits, mapping = for_visitors(Limits()), parse_mapping("")
    usual = allowance(path.stat().st_size, Limits())
    found = do(readers, jobs.read, [path], ["a"], "a", Edges(), mapping, limits, allowed=usual)
    workload = Kept(unpacked(found.workload), found.workload)
    scenario = Scenario(as_of=date(2026, 11, 21), gpu="h100-sxm", gpus=2)
    requests = do(readers, jobs.arrivals, [path], mapping, limits, allowed=usual)
    answer = do(readers, jobs.answer, workload, scenario, NO_CALIBRATION, {}, "used", "", allowed=usual)
    said: list[Any] = []
    plan = do(
        readers,
        jobs.plan,
        *(requests, workload, answer.hosting, scenario, NO_CALIBRATION, {}, OPTIONS),
        allowed=usual,
        told=said.append,
    )
    assert plan.arrivals is requests
    assert plan.feasible
    assert any(isinstance(one, Said) for one in said)
    with pytest.raises(Unreadable, match="above the limit of 10 requests"):
        do(readers, jobs.arrivals, [path], mapping, for_visitors(Limits(replayed=10)), allowed=usual)
