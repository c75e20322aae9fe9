"""Refuse runtime dependencies whose licence would bind this project (GPL, AGPL, non-commercial).

    python scripts/check_licences.py [--list]

Reads the lock files and the metadata of the installed packages. A package of requirements.lock with such a licence,
or without any, is a fault; one that only development needs is named, because it isn't passed on. --list prints all.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
BAD = re.compile(r"\bA?GPL|Affero|GNU General Public|non-?commercial|\bCC-BY-NC", re.IGNORECASE)
FINE = re.compile(r"\bLGPL|(Library or )?Lesser General Public", re.IGNORECASE)
KNOWN: dict[str, str] = {}
"""Licences, read by hand, of packages whose metadata names none."""


def licence_of(name: str) -> str:
    """What the package's metadata says about its licence; empty when it says nothing.

    Raises:
        PackageNotFoundError: it is not installed.
    """
    meta = metadata.metadata(name)
    first = (meta.get("License") or "").strip().split("\n")[0]
    classifiers = [c.split("::")[-1].strip() for c in meta.get_all("Classifier") or [] if c.startswith("License ::")]
    named = [part for part in (meta.get("License-Expression"), first, *classifiers) if part]
    return "; ".join(dict.fromkeys(named)) or KNOWN.get(name, "")


def binds(licence: str) -> bool:
    """Whether the licence would bind this project, or forbids business. A choice (OR) with a free one doesn't."""
    choices = re.split(r"\bOR\b", licence) if ";" not in licence else [licence]
    return all(BAD.search(FINE.sub("", choice)) for choice in choices)


def locked(path: Path) -> list[str]:
    """Names of the packages in a lock file."""
    return [line.split("==")[0] for line in path.read_text(encoding="utf-8").splitlines() if "==" in line]


def main() -> int:
    """Check all locked packages."""
    runtime = set(locked(ROOT / "requirements.lock"))
    faults = 0
    names = sorted(runtime | set(locked(ROOT / "requirements-dev.lock")))
    for name in names:
        try:
            licence = licence_of(name)
        except metadata.PackageNotFoundError:
            print(f"{name}: not installed")
            faults += 1
            continue
        if "--list" in sys.argv:
            print(f"{name}: {licence}")
        if licence and not binds(licence):
            continue
        print(f"{name}: {licence or 'no licence in its metadata; read it and add it to KNOWN'}")
        if name in runtime:
            faults += 1
        else:
            print("  (needed for development only)")
    print(len(names), "packages,", faults, "faults")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
