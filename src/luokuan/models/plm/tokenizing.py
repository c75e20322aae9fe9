"""The process that turns a text into tokens: started by ``listening``, one JSON line in, one JSON line out.

A ``tokenizer.json`` comes with a model, and so from anybody. A library in another language builds a program of it, and
that has crashed and stalled before: here it costs this process, which has limits and knows no secret.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan.foundation.child import limit_memory, limit_time

if TYPE_CHECKING:
    from tokenizers import Tokenizer

CPU_SECONDS = 10
MEMORY = 3 << 30


def main() -> None:
    """For each line, ``[path, text, count]``, answer with the numbers of the first tokens, or null where there is no
    tokenizer."""
    limit_memory(MEMORY)
    known: dict[str, Tokenizer | None] = {}
    for line in sys.stdin:
        limit_time(CPU_SECONDS)
        path, text, count = json.loads(line)
        if path not in known:
            known[path] = _built(Path(path).read_bytes())
        tokenizer = known[path]
        tokens = None if tokenizer is None else tokenizer.encode(text, add_special_tokens=False).ids[:count]
        sys.stdout.write(json.dumps(tokens) + "\n")
        sys.stdout.flush()


def _built(data: bytes) -> Tokenizer | None:
    from tokenizers import Tokenizer

    try:
        found = Tokenizer.from_buffer(data)
    except Exception:  # the library raises plain exceptions; such a model has written nothing here
        return None
    found.encode_special_tokens = True
    found.no_truncation()
    found.no_padding()
    return found


if __name__ == "__main__":
    main()
