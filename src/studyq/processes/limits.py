"""What a child process may use, and how the child puts these limits on itself."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

# <linux/prctl.h>: the signal that the kernel sends to this process when its parent dies.
_PR_SET_PDEATHSIG = 1
# proc(5): -1000 (never) to 1000 (first); children are to be chosen before the server.
_OOM_SCORE_ADJ = "500"


@dataclass(frozen=True)
class Limits:
    """What one child may use during its whole life.

    Attributes:
        address_space: Bytes of virtual memory (``RLIMIT_AS``), or None for no limit. Not
            enforced by macOS.
        cpu_seconds: Seconds of CPU time, after which the kernel ends the child, or None.
        nice: Added to the scheduling niceness. 10 leaves an API server beside two busy children
            75 to 99 % of its idle throughput, 0 leaves it a quarter.
    """

    address_space: int | None = None
    cpu_seconds: int | None = None
    nice: int = 10


def confine_this_process(limits: Limits, parent_pid: int) -> None:
    """Put this (just forked) process under limits and tie its life to its parent's.

    Args:
        limits: What this process may use from now on.
        parent_pid: Process that must be alive; when it dies, this process is killed.
    """
    _die_with(parent_pid)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the parent decides when a child ends
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # C libraries print what nobody can read in a server's log
        os.dup2(null, descriptor)
    os.close(null)
    os.nice(limits.nice)
    _lower(resource.RLIMIT_CORE, 0)
    if limits.cpu_seconds is not None:
        _lower(resource.RLIMIT_CPU, limits.cpu_seconds)
    if limits.address_space is not None and sys.platform != "darwin":
        _lower(resource.RLIMIT_AS, limits.address_space)


def _lower(kind: int, wanted: int) -> None:
    """Set a soft limit, as far as the hard limit allows it."""
    hard = resource.getrlimit(kind)[1]
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    # CPU time keeps a second between soft (SIGXCPU, which says why) and hard (SIGKILL).
    margin = 1 if kind == resource.RLIMIT_CPU else 0
    ceiling = soft + margin if hard == resource.RLIM_INFINITY else min(soft + margin, hard)
    resource.setrlimit(kind, (soft, ceiling))


def _die_with(parent_pid: int) -> None:
    """Make sure that this process does not outlive its parent, even when the parent is killed."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE_ADJ)
    else:
        threading.Thread(target=_watch, args=(parent_pid,), daemon=True).start()
    if os.getppid() != parent_pid:  # it died before we asked to be told
        os._exit(1)


def _watch(parent_pid: int) -> None:
    """Where the kernel has no parent-death signal: look once a second."""
    while os.getppid() == parent_pid:
        time.sleep(1)
    os._exit(1)
