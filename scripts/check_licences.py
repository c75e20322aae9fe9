"""Refuse runtime dependencies whose licence would bind this project (GPL, AGPL, non-commercial).

Reads requirements.lock and the metadata of the installed packages; prints one line for each fault.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"
BAD = re.compile(r"\b(A?GPL|Affero|GNU General Public|non-?commercial|CC-BY-NC)", re.IGNORECASE)
FINE = re.compile(r"\b(LGPL|Lesser General Public)", re.IGNORECASE)
KNOWN = {
    # Packages whose metadata names no licence, read by hand.
    "pdqhash": "MIT",
}


def licence_of(name: str) -> str:
    """What the package's metadata says about its licence."""
    meta = metadata.metadata(name)
    parts = [meta.get("License-Expression") or "", (meta.get("License") or "").split("\n")[0]]
    parts += [c for c in meta.get_all("Classifier") or [] if c.startswith("License ::")]
    return "; ".join(p for p in parts if p) or KNOWN.get(name.lower(), "")


def main() -> int:
    """Check all locked packages."""
    faults = 0
    names = [line.split("==")[0] for line in LOCK.read_text(encoding="utf-8").splitlines() if "==" in line]
    for name in names:
        try:
            licence = licence_of(name)
        except metadata.PackageNotFoundError:
            print(f"{name}: not installed")
            faults += 1
            continue
        if not licence:
            print(f"{name}: no licence in its metadata; read it and add it to KNOWN")
            faults += 1
        elif BAD.search(FINE.sub("", licence)):
            print(f"{name}: {licence}")
            faults += 1
    print(len(names), "packages,", faults, "faults")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
