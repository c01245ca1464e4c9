"""Child processes: answers, limits, and every way to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import process_targets
from studyq.processes import CallFailed, CallTimeout, ChildDied, ChildProcess, Limits

MIB = 1024 * 1024


@pytest.fixture
def child() -> Iterator[ChildProcess]:
    with ChildProcess(Limits(), name="test child") as process:
        yield process


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def wait_until_gone(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_running(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_answers_one_call_after_the_other_in_the_same_process(child: ChildProcess) -> None:
    assert [child.call(process_targets.add, n, 1, timeout=5) for n in range(5)] == [1, 2, 3, 4, 5]
    assert child.call(os.getpid, timeout=5) == child.pid != os.getpid()


def test_large_arguments_and_results_travel(child: ChildProcess) -> None:
    data = bytes(range(256)) * 40_000
    assert child.call(process_targets.echo, data, timeout=10) == data


def test_an_exception_is_raised_again_with_the_childs_traceback(child: ChildProcess) -> None:
    with pytest.raises(ValueError, match="not this one") as caught:
        child.call(process_targets.refuse, "not this one", timeout=5)
    assert "process_targets.py" in caught.value.__notes__[0]
    assert child.call(process_targets.add, 1, 1, timeout=5) == 2


def test_an_exception_that_cannot_travel_is_described(child: ChildProcess) -> None:
    with pytest.raises(CallFailed, match="cannot travel"):
        child.call(process_targets.refuse_badly, timeout=5)


def test_check_kills_the_child_quickly_and_its_exception_goes_up(child: ChildProcess) -> None:
    pid = child.pid
    assert pid is not None
    cancelled_at = time.monotonic() + 0.2

    def check() -> None:
        if time.monotonic() >= cancelled_at:
            raise InterruptedError("cancelled")

    with pytest.raises(InterruptedError, match="cancelled"):
        child.call(process_targets.spin, timeout=30, check=check)
    assert time.monotonic() - cancelled_at < 0.5
    assert not is_running(pid)
    child.start()
    assert child.call(process_targets.add, 2, 2, timeout=5) == 4


def test_a_call_over_its_time_is_killed(child: ChildProcess) -> None:
    pid = child.pid
    assert pid is not None
    with pytest.raises(CallTimeout, match=r"test child took longer than 0\.2 seconds"):
        child.call(process_targets.sleep, 30.0, timeout=0.2)
    assert not is_running(pid)
    assert child.pid is None


def test_memory_beyond_the_limit_is_refused_and_the_child_goes_on() -> None:
    limits = Limits(address_space=512 * MIB)
    with ChildProcess(limits, name="small child") as child:
        with pytest.raises(MemoryError):
            child.call(process_targets.allocate, 1024 * MIB, timeout=10)
        assert child.call(process_targets.allocate, 16 * MIB, timeout=10) == 16 * MIB


def test_cpu_time_beyond_the_limit_ends_the_child() -> None:
    with ChildProcess(Limits(cpu_seconds=1), name="busy child") as child:
        with pytest.raises(ChildDied, match="busy child used up its CPU time") as caught:
            child.call(process_targets.spin, timeout=30)
        assert caught.value.exit_code == -signal.SIGXCPU


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_a_crash_is_reported_and_the_child_can_be_started_anew(
    child: ChildProcess, number: signal.Signals
) -> None:
    with pytest.raises(ChildDied) as caught:
        child.call(process_targets.crash, int(number), timeout=10)
    assert caught.value.exit_code == -number
    with pytest.raises(ChildDied, match="not running"):
        child.call(process_targets.add, 1, 1, timeout=5)
    child.start()
    assert child.call(process_targets.add, 1, 1, timeout=5) == 2


def test_a_child_that_leaves_by_itself_is_reported(child: ChildProcess) -> None:
    with pytest.raises(ChildDied, match="status 3") as caught:
        child.call(process_targets.leave, 3, timeout=5)
    assert caught.value.exit_code == 3


def test_a_child_that_died_between_calls_is_reported_by_the_next(child: ChildProcess) -> None:
    pid = child.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert wait_until_gone(pid, 2)
    with pytest.raises(ChildDied) as caught:
        child.call(process_targets.add, 1, 1, timeout=5)
    assert caught.value.exit_code == -signal.SIGKILL


def test_polite_signals_are_left_to_the_parent(child: ChildProcess) -> None:
    pid = child.pid
    assert pid is not None
    assert child.call(process_targets.add, 1, 1, timeout=5) == 2  # its limits are on
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(pid, number)
    assert child.call(process_targets.add, 1, 2, timeout=5) == 3


def test_children_are_nice_dump_no_core_and_inherit_no_descriptors(child: ChildProcess) -> None:
    with ChildProcess(Limits(nice=7), name="other child") as other:
        nice, core, descriptors = other.call(process_targets.describe, timeout=5)
    assert (nice, core) == (os.nice(0) + 7, 0)
    assert descriptors <= 2  # the conversation, and the listing itself


def test_what_a_child_prints_goes_nowhere(
    child: ChildProcess, capfd: pytest.CaptureFixture[str]
) -> None:
    child.call(process_targets.shout, timeout=5)
    assert capfd.readouterr() == ("", "")


def test_close_may_be_repeated_and_ends_the_child(child: ChildProcess) -> None:
    pid = child.pid
    assert pid is not None
    started = time.monotonic()
    child.close()
    child.close()
    assert time.monotonic() - started < 1
    assert not is_running(pid)


def test_close_from_another_thread_ends_a_call(child: ChildProcess) -> None:
    closer = threading.Timer(0.2, child.close)
    closer.start()
    with pytest.raises(ChildDied):
        child.call(process_targets.sleep, 30.0, timeout=20)
    closer.join()


def test_several_threads_each_own_a_child() -> None:
    def work(number: int) -> list[int]:
        with ChildProcess(Limits(), name=f"child {number}") as child:
            return [child.call(process_targets.add, number, n, timeout=20) for n in range(50)]

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(work, range(12)))
    assert results == [[number + n for n in range(50)] for number in range(12)]


_PARENT = """
import sys
import process_targets
from studyq.processes import ChildProcess, Limits
child = ChildProcess(Limits(), name="orphan")
child.start()
print(child.pid, flush=True)
child.call(process_targets.spin, timeout=60)
"""


def test_a_killed_parent_takes_its_busy_child_along() -> None:
    command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}\n{_PARENT}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        time.sleep(0.1)
        parent.kill()
        assert wait_until_gone(pid, 2)
