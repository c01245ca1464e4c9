"""Child processes under limits: the lowest floor for work that may crash, hang or eat memory.

A call runs in a child that is forked from a small, clean template process (a fork server), so
that a child starts in milliseconds and inherits neither threads nor database connections. The
parent can kill it at any moment, which is how cancelling, deadlines and bombs are dealt with.

``ChildProcess`` is the door; ``Limits`` says what a child may use; ``preload`` names modules
that the template imports once, so that children need not.
"""

from studyq.processes.child import CallFailed, CallTimeout, ChildDied, ChildProcess
from studyq.processes.limits import Limits
from studyq.processes.template import preload

__all__ = ["CallFailed", "CallTimeout", "ChildDied", "ChildProcess", "Limits", "preload"]
