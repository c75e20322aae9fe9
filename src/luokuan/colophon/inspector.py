"""The process that looks at files: started by ``sandbox``, one JSON line in, one JSON line out.

Parsers of hostile files have crashed before. Here such a file costs this process and nothing else; it starts with
limits on memory and time, it loads neither torch nor the database, and no secret of the home's is ever in it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from luokuan.colophon.inspection import Inspector
from luokuan.colophon.trust import Group


def limit_memory(max_bytes: int) -> None:
    """Cap the address space, and write no core file. Where the system has no such limits, nothing happens."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or hard >= max_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (max_bytes, hard))


def limit_time(seconds: int) -> None:
    """Let the next file use ``seconds`` of CPU time; then the system ends this process."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = int(used.ru_utime + used.ru_stime) + 1 + seconds
    if hard == resource.RLIM_INFINITY or hard >= wanted:
        resource.setrlimit(resource.RLIMIT_CPU, (wanted, hard))


def main() -> None:
    """Read the settings from the first line, then a path from each line; answer with the facts."""
    settings = json.loads(sys.stdin.readline())
    limit_memory(settings["memory_bytes"])
    home_root, anchors, stamps = (settings[name].encode("ascii") for name in ("home_root", "anchors", "stamp_anchors"))
    groups = [Group(name, anchors, tuple(leaves)) for name, anchors, leaves in settings["groups"]]
    looks = {name: settings[name] for name in ("glances", "traces")}
    inspector = Inspector(home_root, anchors, groups, stamps, **looks)
    for line in sys.stdin:
        limit_time(settings["cpu_seconds"])
        facts = inspector.inspect(Path(json.loads(line)), settings["file_bytes"])
        sys.stdout.write(json.dumps(asdict(facts)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
