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
from luokuan.foundation.child import limit_memory, limit_time


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
