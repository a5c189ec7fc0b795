"""How long threads of this process were ready to run and got no processor, which is nobody's fault in the process."""

from __future__ import annotations

from pathlib import Path

_TASKS = Path("/proc/self/task")
_OWN = Path("/proc/thread-self/schedstat")


def of_this_thread() -> float:
    """Seconds since the thread began; 0 where the system does not count them."""
    return _waited(_OWN)


def of_all_threads() -> float:
    """The same, over all threads that there are."""
    try:
        return sum(_waited(task / "schedstat") for task in _TASKS.iterdir())
    except OSError:
        return 0.0


def _waited(file: Path) -> float:
    """The second field of schedstat (proc(5)): time spent waiting on a run queue, nanoseconds."""
    try:
        return int(file.read_text("ascii").split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0
