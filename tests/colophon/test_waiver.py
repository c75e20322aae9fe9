"""A work without explicit label: allowed, acknowledged, logged, and still labelled in its metadata and signed."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from drafts import MEDIA_TYPES, TEXT_TYPES, draft, picture, text_draft
from PIL import Image

from luokuan.colophon.enlarge import enlarge
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.label import LabelOptions
from luokuan.colophon.manifest import build, read
from luokuan.colophon.schema import Work
from luokuan.colophon.tlog import log
from luokuan.colophon.tlog.audit import audit
from luokuan.colophon.tlog.entries import notice
from luokuan.colophon.verification import verify_file
from luokuan.colophon.waiver import Waiver, name_of
from luokuan.colophon.watermark.marking import marker_of
from luokuan.errors import UserError
from luokuan.media import Picture
from luokuan.store import logbook
from luokuan.store.database import open_database
from luokuan.store.home import Home, open_home
from luokuan.store.secrets import watermark_key
from luokuan.store.waivers import (
    KEPT,
    WaiverRow,
    allow_waivers,
    forbid_waivers,
    forget_waiver,
    insert_waiver,
    list_waivers,
)

WAIVED = LabelOptions(waiver=Waiver("the poster of a film", acknowledged=True))


def allow(home: Home, who: str = "Ann") -> None:
    with open_database(home) as database, database.write() as connection:
        allow_waivers(connection, who, datetime.now(UTC))


def logged(home: Home) -> list[WaiverRow]:
    with open_database(home) as database, database.read() as connection:
        return list_waivers(connection)


def works(home: Home) -> int:
    with open_database(home) as database, database.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM work").scalar_one())


def made(home: Home, media_type: str) -> Work:
    one = text_draft() if media_type in TEXT_TYPES else draft()
    return finish(one, home=home, media_type=media_type, label=WAIVED)


@pytest.mark.parametrize("media_type", [*MEDIA_TYPES, *TEXT_TYPES])
def test_only_the_explicit_label_goes(home: Home, tmp_path: Path, media_type: str) -> None:
    allow(home)
    work = made(home, media_type)
    assert work.label == ""
    verdict = verify_file(export_work(work, tmp_path / "w").path or "", home)
    assert (verdict.verdict, verdict.work, verdict.waived, verdict.explicit_label) == ("ours", work.id, True, None)
    assert verdict.label is not None
    assert verdict.label["ProduceID"] == work.id
    assert "Its maker waived the explicit label." in verdict.evidence
    assert not any("is written on it" in sentence for sentence in verdict.evidence)
    assert "人工智能生成".encode() not in work.data
    row = logged(home)[0]
    assert (row.work_id, row.who, row.reason) == (work.id, "Ann", "the poster of a film")
    assert row.acknowledged_at == work.created_at
    assert row.kept_until - row.acknowledged_at == KEPT
    assert b"poster" not in work.data and not any(b"poster" in data for data in work.sidecars.values())


def test_nothing_is_drawn(home: Home) -> None:
    allow(home)
    work = made(home, "image/png")
    marker = marker_of(Picture)
    assert marker is not None
    expected = marker.embed(enlarge(picture()), work.id, watermark_key(home))
    with Image.open(io.BytesIO(work.data)) as image:
        assert np.array_equal(np.asarray(image), expected.pixels)


def test_a_labelled_work_isnt_waived(home: Home, tmp_path: Path) -> None:
    allow(home)
    verdict = verify_file(export_work(finish(draft(), home=home), tmp_path / "w").path or "", home)
    assert (verdict.waived, verdict.explicit_label) == (False, "人工智能生成 AI generated")
    assert logged(home) == []


def test_a_home_allows_none_until_it_is_told(home: Home) -> None:
    for forbid in (False, True):
        if forbid:
            allow(home)
            with open_database(home) as database, database.write() as connection:
                forbid_waivers(connection)
        with pytest.raises(UserError, match=r"luokuan waiver allow") as caught:
            made(home, "text/plain")
        assert (caught.value.code, caught.value.status) == ("waiver.forbidden", 403)
        assert works(home) == 0
        assert not list(home.blobs.glob("??/*"))


def test_what_is_forbidden_meanwhile_isnt_recorded(home: Home) -> None:
    allow(home)
    with pytest.raises(UserError) as caught:
        finish(draft(), home=home, label=WAIVED, at_commit=forbid_waivers)
    assert caught.value.code == "waiver.forbidden"
    assert works(home) == 0
    assert logged(home) == []


def test_a_work_isnt_there_without_its_row(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(home)

    def fail(*_arguments: object) -> None:
        raise OSError("no log")

    monkeypatch.setattr("luokuan.colophon.waiver.insert_waiver", fail)
    with pytest.raises(OSError, match="no log"):
        made(home, "image/png")
    assert works(home) == 0


@pytest.mark.parametrize("reason", ["", "  ", "a" * 501, "two\nlines", "a\x1b[31m", "a\u202eb", "a\ud800", "a\u2028b"])
def test_a_reason_is_one_plain_line(reason: str) -> None:
    with pytest.raises(UserError) as caught:
        Waiver(reason, acknowledged=True)
    assert caught.value.code == "waiver.reason"


def test_reasons_and_names_at_their_limits() -> None:
    assert Waiver(" 海报 ", acknowledged=True).reason == "海报"
    assert len(Waiver("a" * 500, acknowledged=True).reason) == 500
    assert name_of(" 安 ") == "安"
    for name in ("", "a" * 201, "a\0b"):
        with pytest.raises(UserError) as caught:
            name_of(name)
        assert caught.value.code == "waiver.name"


def test_without_an_acknowledgement_nothing_is_waived() -> None:
    with pytest.raises(UserError, match="--acknowledge") as caught:
        Waiver("a film")
    assert caught.value.code == "waiver.acknowledge"


def test_the_manifest_says_so_and_only_then() -> None:
    recipe = draft().recipe
    for words in ("AI generated", None):
        manifest = build(
            media_type="image/png",
            recipe=recipe,
            work_id="0" * 16,
            commitment="c" * 64,
            explicit_label=words,
            created=datetime.now(UTC),
        )
        own = manifest["assertions"][2]["data"]
        assert (own["explicitLabel"], own.get("waived")) == (words, None if words else True)
        claim = read({"active_manifest": "a", "manifests": {"a": manifest}})
        assert (claim.explicit_label, claim.waived) == (words, None if words else True)
    for value in ("yes", 1, [], None):
        own["waived"] = value
        assert read({"active_manifest": "a", "manifests": {"a": manifest}}).waived is None


def test_others_see_what_the_maker_says(home: Home, tmp_path: Path) -> None:
    allow(home)
    path = export_work(made(home, "image/png"), tmp_path / "w.png").path
    verdict = verify_file(path or "", open_home(tmp_path / "other"))
    assert (verdict.verdict, verdict.waived) == ("unknown_signer", True)


def test_what_is_forgotten_is_forgotten_by_the_log_too(home: Home) -> None:
    work = finish(draft(), home=home)
    then = datetime.now(UTC).replace(microsecond=0) - KEPT - timedelta(days=1)
    row = WaiverRow(work.id, "Ann", "the poster of a film", then, then + KEPT)
    with open_database(home) as database:
        with database.write() as connection:
            insert_waiver(connection, row)
            about = {"who": row.who, "reason": row.reason}
            log.writer(connection, home).append([notice("waiver", work.id, about, then)])
        with database.write() as connection:
            forget_waiver(connection, work.id, datetime.now(UTC))
        with database.read() as connection:
            found = {one.entry.kind: one.entry.private for one in logbook.entries_of_work(connection, work.id)}
            assert found["waiver"] is None and found["work"] is not None
            assert audit(connection, home).problem is None
