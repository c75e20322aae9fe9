"""Files from a Hub repository."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.store.home import Home


def fetch(reference: str, patterns: Sequence[str], home: Home) -> Path:
    """Download those files of a Hub repository; the folder that holds them.

    Raises:
        UserError: the Hub client isn't installed, or the repository can't be fetched.
    """
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise UserError(
            _("'{name}' looks like a Hub id, but the Hub client is not installed.", name=reference),
            _("Install luokuan[hub], or give a local folder."),
            code="model.hub_missing",
        ) from error
    try:
        folder = snapshot_download(reference, allow_patterns=list(patterns), local_dir=home.cache / "hub" / reference)
    except Exception as error:  # the client raises many kinds: offline, unknown, gated, time-out
        raise UserError(
            _("'{name}' can't be fetched from the Hub: {why}.", name=reference, why=str(error).split("\n")[0][:200]),
            _("Check the id and the connection, or give a local folder."),
            code="model.hub",
        ) from error
    return Path(folder)
