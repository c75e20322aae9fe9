"""The process that checks one file for the studio: the libraries that this takes stay out of the server.

One JSON object comes on standard input, one goes to standard output. The file itself is read by a child of this one,
with limits, as ``colophon.sandbox`` does always.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from luokuan.errors import UserError
from luokuan.i18n import speaking
from luokuan.store.home import Home


def main() -> None:
    """Check it."""
    asked = json.load(sys.stdin)
    # Only the answer may go there, whatever a library prints.
    out, sys.stdout = os.fdopen(os.dup(sys.stdout.fileno()), "w"), sys.stderr
    with speaking(asked["language"]):
        try:
            answer = _checked(Path(asked["path"]), Home(Path(asked["home"])))
        except UserError as error:
            answer = {"error": [error.what, error.do, error.code, error.status]}
    out.write(json.dumps(answer, default=str))
    out.close()


def _checked(path: Path, home: Home) -> dict[str, object]:
    from luokuan.colophon.verification import verify_file
    from luokuan.models.plm.listening import listener

    return verify_file(path, home=home, listen=listener(home)).to_json()


if __name__ == "__main__":
    main()
