"""How many cores this process may use; apart from ``compute`` so that reading pictures needn't load PyTorch."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Cores that this process may run on (its affinity, which a container may have narrowed)."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
