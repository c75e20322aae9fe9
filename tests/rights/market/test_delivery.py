"""Delivery: a copy of one's own with the licence's id as its mark, its certificate, and the proofs."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import c2pa
import pytest
from market_for_tests import TALE, offered, painted, priced, written
from people import make_account

from luokuan.colophon.reference import locate
from luokuan.colophon.tlog.audit import audit
from luokuan.colophon.tlog.leaf import opens
from luokuan.colophon.tlog.proof import parse_proof
from luokuan.colophon.verification import verify_file
from luokuan.colophon.watermark.marking import marker_of
from luokuan.errors import UserError
from luokuan.media import Picture
from luokuan.rights import notices
from luokuan.rights.guard import now_utc
from luokuan.rights.market import buyers, delivery, orders, paper
from luokuan.rights.market.certificate import certificate, sheet_of
from luokuan.rights.market.reconcile import reconcile
from luokuan.store.blobs import Blobs
from luokuan.store.books import balances
from luokuan.store.database import open_database
from luokuan.store.grants import grants
from luokuan.store.home import Home
from luokuan.store.ownership import owner_of
from luokuan.store.secrets import watermark_key


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(UserError) as caught:
        call()
    return caught.value.code


def test_a_picture_is_bought_delivered_and_verified(home: Home, tmp_path: Path) -> None:
    with open_database(home) as database:
        bo = make_account(database, "bo")
    work = painted(home, credit="Ann Painter", brief="secret words")
    listing = offered(home, work.id, terms=priced("commercial", days=30), title="夜 Night")
    order = orders.place(listing.id, bo, home, licensee="Bo Ltd")
    assert refused(lambda: delivery.deliver(order.id, home)) == "delivery.none"
    assert refused(lambda: delivery.bundle(order.id, tmp_path / "x.zip", home)) == "delivery.none"
    orders.pay(order.id, home)
    assert refused(lambda: delivery.bundle(order.id, tmp_path / "x.zip", home)) == "delivery.waits"
    assert delivery.deliver(order.id, home) == 1 and delivery.deliver(order.id, home) == 0
    target = delivery.bundle(order.id, tmp_path / "bought.zip", home)
    with zipfile.ZipFile(target) as archive:
        archive.extractall(tmp_path / "got")
    names = {path.suffix: path for path in (tmp_path / "got").iterdir()}
    (copy,) = (tmp_path / "got").glob("*.png")
    with open_database(home) as database, database.read() as connection:
        (licence,) = grants(connection, order_id=order.id)
        assert owner_of(connection, licence.id) is None, "whose recipe it is doesn't show it to the buyer"
        (thing,) = delivery.bought(connection, bo.id)
        assert (thing.title, thing.order.state, thing.grants) == ("夜 Night", "delivered", (licence,))
        assert audit(connection, home).problem is None
        sheet = sheet_of(connection, licence, home, now_utc())
        late = sheet_of(connection, licence, home, now_utc() + timedelta(days=31))
    _says_its_terms(copy, home)
    verdict = verify_file(copy, home)
    assert (verdict.verdict, verdict.work) == ("ours", licence.id)
    row = locate(licence.id, home).row
    assert row is not None and Blobs(home).get(row.blob_sha256) == copy.read_bytes() != work.data
    marker = marker_of(Picture)
    assert marker is not None
    from luokuan.colophon.formats import format_of

    samples = format_of("image/png").samples(copy.read_bytes())
    assert isinstance(samples, Picture) and marker.detect(samples, watermark_key(home)).id == licence.id
    (told,) = (tmp_path / "got").glob("licence-*.json")
    proof = parse_proof((tmp_path / "got" / f"licence-{licence.id}.proof").read_bytes())
    opened = json.loads(told.read_text())
    assert proof.sound and opens(proof.entry, bytes.fromhex(opened["salt"]), opened["private"])
    assert opened["private"]["grant"] == licence.id and opened["private"]["terms"]["days"] == 30
    assert parse_proof(copy.with_name(copy.name + ".proof").read_bytes()).sound
    text = paper.to_text(sheet).decode()
    for words in (licence.id, "Bo Ltd", "夜 Night", "12.50 EUR", "Ann Painter", row.blob_sha256, "For 30 days"):
        assert words in text
    assert "secret words" not in text and "ended on" in paper.to_text(late).decode()
    if paper.can_pdf():
        assert names[".pdf"].read_bytes()[:5] == b"%PDF-" or ".txt" in names
    with pytest.raises(UserError) as caught:
        delivery.bundle(order.id, tmp_path / "late.zip", home, now=lambda: now_utc() + timedelta(days=31))
    assert caught.value.code == "delivery.ended" and not (tmp_path / "late.zip").exists()
    notices.withdraw(work.id, home, who="Ann", reason="a fault")
    assert refused(lambda: delivery.bundle(order.id, tmp_path / "y.zip", home)) == "work.withdrawn"
    orders.refund(order.id, home, reason="withdrawn")
    assert refused(lambda: delivery.bundle(order.id, tmp_path / "z.zip", home)) == "delivery.ended"
    assert reconcile(home).differences == []


def _says_its_terms(copy: Path, home: Home) -> None:
    """Read the delivered file by other programs than ours, as far as they are here."""
    with c2pa.Reader.try_create(str(copy)) as reader:  # type: ignore[union-attr]  # it has a manifest
        store = json.loads(reader.json())
    said = {one["label"]: one["data"] for one in store["manifests"][store["active_manifest"]]["assertions"]}
    assert {entry["use"] for entry in said["cawg.training-mining"]["entries"].values()} == {"notAllowed"}
    assert "30 days" in said["cawg.metadata"]["xmpRights:UsageTerms"]["en"]
    assert said["cawg.metadata"]["xmpRights:Owner"] == ["this studio"]
    if shutil.which("exiftool"):
        told = subprocess.run(["exiftool", "-j", "-XMP:all", str(copy)], capture_output=True, check=True)
        (tags,) = json.loads(told.stdout)
        assert "30 days" in tags["UsageTerms"] and "30 天" in tags["UsageTerms-zh-CN"]
        assert (tags["Owner"], tags["Rights"], tags["Marked"]) == ("this studio", "this studio: Licensed", True)
        assert tags["DataMining"].endswith("/DMI-PROHIBITED")
        assert tags["DigitalSourceType"].endswith("/trainedAlgorithmicMedia"), "one packet holds both"


def test_an_erased_buyer_leaves_books_and_licences(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "can_pdf", lambda: False)
    with open_database(home) as database:
        bo, _chief = make_account(database, "bo"), make_account(database, "chief", "admin")
    work = written(home, TALE)
    order = orders.place(offered(home, work.id).id, bo, home, licensee="Bo the Buyer")
    orders.pay(order.id, home)
    assert refused(lambda: buyers.erase_buyer("nobody", home)) == "account.missing"
    assert buyers.erase_buyer("Bo", home) == 1
    assert refused(lambda: buyers.account_of("bo", home)) == "account.missing"
    assert delivery.deliver(order.id, home) == 1, "what was bought is still delivered"
    with open_database(home) as database, database.read() as connection:
        (licence,) = grants(connection, order_id=order.id)
        data, suffix = certificate(connection, licence, home, now_utc())
        assert balances(connection, ["party:house"]) == {"party:house": {"EUR": 1250}}
    assert suffix == ".txt" and b"Bo the Buyer" not in data and b"erased at their wish" in data
    assert reconcile(home).differences == []
