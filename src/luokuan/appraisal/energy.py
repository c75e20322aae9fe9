"""Energy: read from the processor's own counters (RAPL) where the system shows them, else estimated and marked so."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")
"""Where Linux shows the counters (Documentation/power/powercap); many systems let root alone read them."""
LOAD_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Counter:
    """One package's counter: energy so far, and where it starts again, in microjoules."""

    path: Path
    wraps_at: int

    def read(self) -> int:
        """Microjoules so far."""
        return int((self.path / "energy_uj").read_text(encoding="ascii"))


def counters(root: Path = POWERCAP) -> list[Counter]:
    """The packages whose energy may be read; empty: none. Parts of a package (core, uncore, dram) are left out, as they
    are counted in it."""
    found = []
    with suppress(OSError):
        for path in sorted(root.iterdir()):
            if ":" not in path.name or path.name.count(":") > 1 or not path.name.startswith(("intel-rapl:", "amd")):
                continue
            with suppress(OSError, ValueError):
                counter = Counter(path, int((path / "max_energy_range_uj").read_text(encoding="ascii")))
                counter.read()
                found.append(counter)
    return found


def joules(before: list[int], after: list[int], found: list[Counter]) -> float:
    """Energy between two readings; a counter that has started again since is put right once."""
    spent = 0
    for first, last, counter in zip(before, after, found, strict=True):
        spent += last - first if last >= first else last + counter.wraps_at - first
    return spent / 1e6


def watts_under_load(seconds: float = LOAD_SECONDS, root: Path = POWERCAP) -> float | None:
    """Power of the packages while all cores multiply matrices; None where nothing can be read.

    What else runs on the machine is in it. Memory outside the package, disks and the power supply's loss are not.

    Args:
        seconds: How long.
        root: The folder of the counters.
    """
    found = counters(root)
    if not found:
        return None
    import numpy as np

    matrix: np.ndarray = np.full((512, 512), 0.5, dtype=np.float32)
    before, start = [counter.read() for counter in found], time.perf_counter()
    while time.perf_counter() - start < seconds:
        matrix = matrix @ matrix / 128
    after, took = [counter.read() for counter in found], time.perf_counter() - start
    return joules(before, after, found) / took
