"""Where an archive on its way stands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from luokuan.errors import UserError
from luokuan.store.uploads import UploadRow
from luokuan.studio.material.errands import Errand
from luokuan.studio.material.modelarchives import NO_LICENCE
from luokuan.studio.uploading import Coming

ROW = UploadRow("u1", "ann", "model", "mine", 10, datetime.now(UTC))


@pytest.mark.parametrize(("at", "stands"), [(0, "part"), (9, "part"), (10, "whole")])
def test_before_it_is_unpacked(at: int, stands: str) -> None:
    assert Coming(ROW, at, None).stands == stands


@pytest.mark.parametrize(("running", "stands"), [(False, "queued"), (True, "running")])
def test_while_it_is_unpacked(running: bool, stands: str) -> None:
    assert Coming(ROW, 10, Errand("unpack", running=running)).stands == stands


@pytest.mark.parametrize(
    ("code", "stands"),
    [(NO_LICENCE, "asks"), ("errand.failed", "failed"), ("disk.full", "failed"), ("archive.name", "refused")],
)
def test_what_became_of_it(code: str, stands: str) -> None:
    error = UserError("It can't be.", "Do something else.", code=code)
    assert Coming(ROW, 10, Errand("unpack", running=True, error=error)).stands == stands
