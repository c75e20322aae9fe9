"""Works of renewed, revoked, expired, stamped and foreign identities, as verification judges them."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import c2pa
import encypher_c2pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from drafts import draft, home_with_leaf, text_draft
from owncerts import KEYS, Office, pem
from stamping import ANSWERS, Authority, authority

from luokuan.colophon import c2pa_sign, verification, xmp
from luokuan.colophon.facts import EXPIRED, Facts
from luokuan.colophon.finish import export_work, finish
from luokuan.colophon.formats import Encoding, format_of
from luokuan.colophon.inspection import Inspector
from luokuan.colophon.sandbox import Limits
from luokuan.colophon.searching import searched
from luokuan.colophon.trial import try_signing
from luokuan.colophon.trust import HOME, revocations, trust_of
from luokuan.colophon.verdict import Verdict
from luokuan.colophon.verification import verify_file
from luokuan.errors import UserError
from luokuan.store import authority as authorities
from luokuan.store.authority import Certified
from luokuan.store.home import Home, open_home
from luokuan.store.identity import export, find_identity, set_stamps, with_callback
from luokuan.store.keys import Signing, signing, signing_from
from luokuan.store.renewal import forget, revoke, rotate, rotate_authority, use
from luokuan.store.revocation import Revocation, list_pem
from luokuan.store.usercert import read_owned

OFFICE = Office()
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with authority(tmp_path_factory.mktemp("tsa") / "a") as made:
        yield made


@pytest.fixture(autouse=True)
def _near(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at files in this process, but for the test of the way through the child: starting it takes long."""

    class Near:
        def __init__(
            self, home_root: bytes, anchors: bytes, limits: Limits, *more: object, glances: bool, secret: bytes
        ) -> None:
            self.look = Inspector(home_root, anchors, *more, glances=glances, traces=bool(secret))  # type: ignore[arg-type]
            self.secret = secret
            self.limits = limits

        def inspect(self, path: Path) -> Facts:
            return searched(self.look.inspect(path, self.limits.file_bytes), self.secret)

        def __enter__(self) -> Near:
            return self

        def __exit__(self, *_error: object) -> None:
            pass

    if "through_the_child" not in request.node.name:
        monkeypatch.setattr(verification, "Sandbox", Near)


def work(home: Home, path: Path, **choices: object) -> Path:
    """A work in WebP, the smallest, at ``path``."""
    found = export_work(finish(draft(), home=home, media_type="image/webp", **choices), path).path  # type: ignore[arg-type]
    assert found is not None
    return found


def serial(home: Home) -> str:
    found = find_identity(home)
    assert found is not None
    return found.leaf.serial


def said(verdict: Verdict, words: str) -> bool:
    return any(words in sentence for sentence in verdict.evidence)


def test_works_of_old_leaves_and_old_authorities_stay_ours(home: Home, tmp_path: Path) -> None:
    paths = []
    for renew in (rotate, rotate, rotate_authority, rotate):
        paths.append(work(home, tmp_path / str(len(paths))))
        renew(home)
    paths.append(work(home, tmp_path / "last"))
    assert [verify_file(path, home).verdict for path in paths] == ["ours"] * 5
    stranger, handed = open_home(tmp_path / "stranger"), export(home, tmp_path / "out")
    assert {verify_file(path, stranger, [handed["root"]], lists=[handed["crl"]]).verdict for path in paths} == {
        "trusted"
    }
    assert {verify_file(path, stranger).verdict for path in paths} == {"unknown_signer"}


def test_a_stolen_leaf_makes_all_of_its_works_doubtful(home: Home, tmp_path: Path) -> None:
    before = work(home, tmp_path / "before")
    revoke(home, serial(home), reason="keyCompromise")
    after = work(home, tmp_path / "after")
    verdict = verify_file(before, home)
    assert (verdict.verdict, verdict.unchanged, verdict.trusted, verdict.exit_code) == ("revoked", True, False, 1)
    assert said(verdict, "(keyCompromise)") and "revoked" in verdict.summary
    assert verify_file(after, home).verdict == "ours"
    handed = export(home, tmp_path / "out")
    stranger = open_home(tmp_path / "stranger")
    assert verify_file(before, stranger, [handed["root"]], lists=[handed["crl"]]).verdict == "revoked"
    assert verify_file(after, stranger, [handed["root"]], lists=[handed["crl"]]).verdict == "trusted"
    assert verify_file(before, stranger, [handed["root"]]).verdict == "trusted", "who has no list can't know"
    changed = bytearray(before.read_bytes())
    changed[200] ^= 1
    before.write_bytes(bytes(changed))
    assert verify_file(before, home).verdict == "ours_changed"


def test_all_of_it_crosses_through_the_child(home: Home, tmp_path: Path, tsa: Authority) -> None:
    signing(home)
    set_stamps(home, tsa.url, tsa.root)
    path, number = work(home, tmp_path / "w"), serial(home)
    time.sleep(1.1)
    revoke(home, number, reason="keyCompromise")
    assert said(verify_file(path, home), "a time-stamp shows that this is older")
    use(home, read_owned(*OFFICE.write(tmp_path / "c")), try_signing)
    assert verify_file(work(home, tmp_path / "u"), home).verdict == "ours"


@pytest.mark.parametrize("reason", ["superseded", "cessationOfOperation"])
def test_a_leaf_that_went_out_of_use_leaves_its_earlier_works(home: Home, tmp_path: Path, reason: str) -> None:
    path, number = work(home, tmp_path / "w"), serial(home)
    time.sleep(1.1)  # certificates and claims count whole seconds
    revoke(home, number, reason=reason)
    verdict = verify_file(path, home)
    assert (verdict.verdict, verdict.exit_code) == ("ours", 0)
    assert said(verdict, f"({reason}), but its key stayed")
    revoke(home, number, reason=reason, at=datetime.now(UTC) - HOUR)
    assert verify_file(path, home).verdict == "revoked", "signed after it, says the signer's own clock"


def test_a_stamp_shows_what_is_older_than_the_theft(home: Home, tmp_path: Path, tsa: Authority) -> None:
    signing(home)
    set_stamps(home, tsa.url, tsa.root)
    stamped, number = work(home, tmp_path / "stamped"), serial(home)
    set_stamps(home, "")
    plain = work(home, tmp_path / "plain")
    time.sleep(1.1)
    revoke(home, number, reason="keyCompromise")
    verdict = verify_file(stamped, home)
    assert verdict.verdict == "ours" and verdict.stamped and said(verdict, "a time-stamp shows that this is older")
    assert verify_file(plain, home).verdict == "revoked"
    handed = export(home, tmp_path / "out")
    stranger = open_home(tmp_path / "stranger")
    lists, roots = [handed["crl"]], [handed["root"]]
    assert verify_file(stamped, stranger, roots, lists=lists, stamp_anchors=[handed["stamp_root"]]).verdict == "trusted"
    doubtful = verify_file(stamped, stranger, roots, lists=lists)
    assert doubtful.verdict == "revoked" and doubtful.stamped is None
    assert said(doubtful, "nobody whom you trust vouches"), "a thief can ask an authority of his own"
    revoke(home, number, reason="keyCompromise", since=datetime.now(UTC) - HOUR)
    assert verify_file(stamped, home).verdict == "revoked", "the key was lost before the stamp"


def test_lists_speak_of_whom_their_issuer_issued(home: Home, tmp_path: Path) -> None:
    stranger, root = open_home(tmp_path / "stranger"), OFFICE.root.certificate_pem()
    use(home, read_owned(*OFFICE.write(tmp_path / "mine")), try_signing)
    path, number = work(home, tmp_path / "w"), int(serial(home), 16)
    now = datetime.now(UTC).replace(microsecond=0)
    entry = Revocation(number, "keyCompromise", now)
    good = list_pem(OFFICE.mid, [entry], now)
    assert verify_file(path, stranger, [root], lists=[good]).verdict == "revoked"
    assert verify_file(path, home, [root], lists=[good]).verdict == "revoked", "its issuer tells the home too"
    # Another authority under the same root, of the same name, revokes one of its own that has this number.
    sister = authorities.issue("Office intermediate", timedelta(days=999), by=OFFICE.root, depth=0)
    verdict = verify_file(path, stranger, [root], lists=[list_pem(sister, [entry], now)])
    assert verdict.verdict == "trusted" and said(verdict, "No revocation list that was given is by the authority")
    # The root revokes the intermediate.
    above = Revocation(OFFICE.mid.certificate.serial_number, "cACompromise", now)
    assert verify_file(path, stranger, [root], lists=[list_pem(OFFICE.root, [above], now)]).verdict == "revoked"


def test_a_list_that_is_out_of_date_is_said_to_be(home: Home, tmp_path: Path) -> None:
    stranger, root = open_home(tmp_path / "stranger"), OFFICE.root.certificate_pem()
    use(home, read_owned(*OFFICE.write(tmp_path / "mine")), try_signing)
    path, now = work(home, tmp_path / "w"), datetime.now(UTC).replace(microsecond=0)
    old, new = (list_pem(OFFICE.mid, [], now - timedelta(days=days)) for days in (366, 1))
    verdict = verify_file(path, stranger, [root], lists=[old])
    assert verdict.verdict == "trusted" and said(verdict, "out of date: a newer one was due on")
    assert not said(verify_file(path, stranger, [root], lists=[old, new]), "out of date")
    entry = Revocation(int(serial(home), 16), "keyCompromise", now)
    old = list_pem(OFFICE.mid, [entry], now - timedelta(days=366))
    assert verify_file(path, stranger, [root], lists=[old]).verdict == "revoked", "what it says still holds"


@pytest.mark.parametrize("which", [0, 1])
def test_a_stolen_authority(home: Home, tmp_path: Path, tsa: Authority, which: int) -> None:
    signing(home)
    set_stamps(home, tsa.url, tsa.root)
    stamped = work(home, tmp_path / "stamped")
    set_stamps(home, "")
    plain = work(home, tmp_path / "plain")
    found = find_identity(home)
    assert found is not None
    time.sleep(1.1)
    revoke(home, found.above[which].serial, reason="cACompromise")
    after = work(home, tmp_path / "after")
    assert [verify_file(path, home).verdict for path in (stamped, plain, after)] == ["ours", "revoked", "ours"]
    rotate_authority(home)
    assert [verify_file(path, home).verdict for path in (stamped, plain, after)] == ["ours", "revoked", "ours"]
    # What the thief makes with it, under a number that the home never gave.
    folder = home.keys / "ca"
    mid = Certified(
        x509.load_pem_x509_certificate((folder / "intermediate.pem").read_bytes()),
        serialization.load_pem_private_key((folder / "intermediate.key").read_bytes(), None),  # type: ignore[arg-type]
    )
    forged = authorities.issue("Luokuan home CA", timedelta(days=99), by=mid)
    thief = Signing(
        forged.certificate_pem() + mid.certificate_pem(), forged.key_pem(), (folder / "root.pem").read_bytes()
    )
    assert verify_file(work(open_home(tmp_path / "t"), tmp_path / "f", signer=thief), home).verdict == "revoked"


def test_an_expired_leaf_with_and_without_a_stamp(tmp_path: Path, tsa: Authority) -> None:
    home = home_with_leaf(tmp_path / "short", timedelta(seconds=8))
    began = time.monotonic()
    set_stamps(home, tsa.url, tsa.root)
    stamped = work(home, tmp_path / "stamped")
    set_stamps(home, "")
    plain = work(home, tmp_path / "plain")
    assert {verify_file(path, home).verdict for path in (stamped, plain)} == {"ours"}
    time.sleep(max(0.0, 9.2 - (time.monotonic() - began)))  # a certificate is valid through its last second
    assert verify_file(stamped, home).verdict == "ours"
    assert verify_file(stamped, home).stamped is not None
    assert verify_file(plain, home).verdict == "expired_in_time"
    stranger = open_home(tmp_path / "stranger")
    root = home.root_certificate
    assert verify_file(stamped, stranger, [root], stamp_anchors=[tsa.root]).verdict == "trusted"
    assert verify_file(stamped, stranger, [root]).verdict == "expired", "a stamp of nobody whom we know proves nothing"


def test_an_independent_verifier_takes_the_stamp(home: Home, tmp_path: Path, tsa: Authority) -> None:
    set_stamps(home, tsa.url, tsa.root)
    path = work(home, tmp_path / "w")
    report = encypher_c2pa.verify(
        path.read_bytes(), "image/webp", trust_pem=(signing(home).root + tsa.root).decode(),
        no_default_trust=True, telemetry=False, online=False,
    )  # fmt: skip
    assert report["validation_state"] == "Trusted"


@pytest.mark.parametrize("name", ["stamper", "x, trust list: system_anchors"])
def test_a_root_for_signatures_is_no_root_for_time(home: Home, tmp_path: Path, tsa: Authority, name: str) -> None:
    # A thief of the root lets an authority of his own, under it, stamp what he makes, at any time.
    set_stamps(home, "", tsa.root)
    good = signing(home)
    folder = home.keys / "ca"
    root = Certified(
        x509.load_pem_x509_certificate((folder / "root.pem").read_bytes()),
        serialization.load_pem_private_key((folder / "root.key").read_bytes(), None),  # type: ignore[arg-type]
    )
    action = {"action": "c2pa.created", "digitalSourceType": xmp.GENERATED}
    claim = {
        "claim_generator_info": [{"name": "t", "version": "1"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
    }
    bare, path = format_of("image/jpeg").encode(draft().media, Encoding()), tmp_path / "w"
    with authority(tmp_path / "thief", root, name) as clock:
        path.write_bytes(c2pa_sign.sign(bare, "image/jpeg", claim, replace(good, stamp_url=clock.url)))
    reading = c2pa_sign.read(path.read_bytes(), "image/jpeg", c2pa_sign.context(good.root, tsa.root))
    told = reading.store["validation_results"]["activeManifest"]["success"]
    assert any(item["code"] == "timeStamp.trusted" for item in told), "c2pa-rs takes it"
    verdict = verify_file(path, home)
    assert (verdict.verdict, verdict.stamped) == ("ours", None)
    time.sleep(1.1)
    found = find_identity(home)
    assert found is not None
    revoke(home, found.above[1].serial, reason="cACompromise")
    assert verify_file(path, home).verdict == "revoked"
    stranger = open_home(tmp_path / "stranger")
    assert verify_file(path, stranger, [good.root], stamp_anchors=[tsa.root]).stamped is None


def test_no_clock_under_a_signers_root_outlives_a_certificate(home: Home, tmp_path: Path, tsa: Authority) -> None:
    root, mid, _leaf = authorities.make_authority("short")
    leaf = authorities.issue("short", timedelta(seconds=8), by=mid)
    action = {"action": "c2pa.created", "digitalSourceType": xmp.GENERATED}
    claim = {
        "claim_generator_info": [{"name": "t", "version": "1"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
    }
    bare = format_of("image/jpeg").encode(draft().media, Encoding())
    with authority(tmp_path / "thief", root) as clock:
        signer = replace(signing_from(root, mid, leaf), stamp_url=clock.url)
        data = c2pa_sign.sign(bare, "image/jpeg", claim, signer)
    time.sleep(max(0.0, (leaf.certificate.not_valid_after_utc - datetime.now(UTC)).total_seconds() + 1.2))
    trust = c2pa_sign.context(root.certificate_pem(), tsa.root)
    reading = c2pa_sign.read(data, "image/jpeg", trust)
    assert (reading.state, reading.failures, reading.stamped) == ("Invalid", (EXPIRED,), False)
    assert c2pa_sign.read(data, "image/jpeg", c2pa_sign.context(root.certificate_pem())).state == "Invalid"
    (tmp_path / "w").write_bytes(data)
    assert verify_file(tmp_path / "w", home, [root.certificate_pem()]).verdict == "expired"


def test_a_root_for_time_is_no_root_for_signatures(home: Home, tmp_path: Path, tsa: Authority) -> None:
    other = open_home(tmp_path / "other")
    path = work(other, tmp_path / "w")
    set_stamps(home, tsa.url, tsa.root + other.root_certificate.read_bytes())
    assert verify_file(path, home).verdict == "unknown_signer"
    assert (
        verify_file(path, open_home(tmp_path / "x"), stamp_anchors=[other.root_certificate]).verdict == "unknown_signer"
    )


def test_an_ingredient_of_ours_makes_no_signer_ours(home: Home, tmp_path: Path) -> None:
    # c2pa-rs names one trust list for a whole file: that in which it found the signer whom it checked last.
    ours = finish(draft(), home=home).data
    other = signing(open_home(tmp_path / "other"))
    set_stamps(home, "", other.root)
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["p"]}}
    claim = {
        "claim_generator_info": [{"name": "t", "version": "1"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [opened]}}],
    }
    out = io.BytesIO()
    info = c2pa.C2paSignerInfo(b"es256", other.chain, other.key, None)
    with (
        c2pa.Signer.from_info(info) as signer,
        c2pa.Builder(claim, context=c2pa_sign.context(other.root)) as builder,
    ):
        parent = json.dumps({"title": "p", "relationship": "parentOf", "label": "p"})
        builder.add_ingredient(parent, "image/png", io.BytesIO(ours))
        builder.sign(signer, "image/png", io.BytesIO(ours), out)
    (tmp_path / "w").write_bytes(out.getvalue())
    assert verify_file(tmp_path / "w", home).verdict == "unknown_signer"
    assert verify_file(tmp_path / "w", open_home(tmp_path / "x"), [other.root]).verdict == "trusted"


def test_a_signer_without_a_number_may_be_any_that_was_revoked(home: Home) -> None:
    signing(home)
    revoke(home, serial(home), reason="keyCompromise")
    facts = Facts(state="Trusted", home=True, group=HOME)
    assert len(revocations(facts, trust_of(home), [])) == 1


@pytest.mark.parametrize("mood", [*ANSWERS, "away", "another's"])
@pytest.mark.parametrize("kind", ["image/png", "text/plain"])
def test_no_work_leaves_without_the_stamp_that_was_asked_for(home: Home, tsa: Authority, mood: str, kind: str) -> None:
    made = draft() if kind == "image/png" else text_draft()
    other = authorities.issue("o", timedelta(days=1), depth=0).certificate_pem()
    set_stamps(home, tsa.url, tsa.root)
    finish(made, home=home, media_type=kind)
    if mood == "away":
        set_stamps(home, "http://127.0.0.1:1/")
    roots = other if mood == "another's" else None
    if roots is not None:
        home = open_home(home.path / "other")
        set_stamps(home, tsa.url, roots)
    blobs = sum(path.is_file() for path in home.blobs.rglob("*"))
    tsa.mood = mood if mood in ANSWERS else "fine"
    try:
        with pytest.raises(UserError) as caught:
            finish(made, home=home, media_type=kind)
    finally:
        tsa.mood = "fine"
    assert caught.value.code == "identity.stamp_failed" and "tsa none" in caught.value.do
    assert sum(path.is_file() for path in home.blobs.rglob("*")) == blobs, "nothing half-made"


@pytest.mark.parametrize("algorithm", KEYS)
def test_your_own_certificate_signs(home: Home, tmp_path: Path, algorithm: str) -> None:
    own = work(home, tmp_path / "own")
    use(home, read_owned(*OFFICE.write(tmp_path / "c", algorithm)), try_signing)
    path = work(home, tmp_path / "w")
    verdict = verify_file(path, home)
    assert (verdict.verdict, verdict.signer) == ("ours", "Atelier")
    assert verify_file(path, open_home(tmp_path / "x"), [OFFICE.root.certificate_pem()]).verdict == "trusted"
    forget(home)
    assert [verify_file(found, home).verdict for found in (own, path)] == ["ours", "ours"]
    assert verify_file(work(home, tmp_path / "n"), home).signer != "Atelier"
    handed = find_identity(home)
    assert handed is not None
    revoke(home, handed.earlier[-1].serial, reason="keyCompromise")
    assert verify_file(path, home).verdict == "revoked"


def test_others_under_the_same_office_are_not_us(home: Home, tmp_path: Path) -> None:
    use(home, read_owned(*OFFICE.write(tmp_path / "mine")), try_signing)
    neighbour = open_home(tmp_path / "neighbour")
    use(neighbour, read_owned(*OFFICE.write(tmp_path / "theirs")), try_signing)
    assert verify_file(work(neighbour, tmp_path / "w"), home).verdict == "unknown_signer"
    # A sister office under the same root gives the same number away.
    sister = Office()
    sister.root = OFFICE.root
    sister.mid = authorities.issue("Office intermediate", timedelta(days=999), by=OFFICE.root, depth=0)
    same = int(serial(home), 16)
    use(neighbour, read_owned(*sister.write(tmp_path / "sister", serial=same)), try_signing)
    assert verify_file(work(neighbour, tmp_path / "s"), home).verdict == "unknown_signer"


def test_a_certificate_is_known_by_its_bytes_and_not_by_issuer_and_number(home: Home, tmp_path: Path) -> None:
    key = KEYS["es256"]()
    mine = OFFICE.issue(key)
    chain = pem(mine) + OFFICE.mid.certificate_pem()
    with_callback(home, chain, lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())))
    thief = KEYS["es256"]()
    # The office itself, or whoever it lets issue in its name, gives the same number to somebody else.
    theirs = OFFICE.issue(thief, serial=mine.serial_number)
    signer = with_callback(
        open_home(tmp_path / "thief"),
        pem(theirs) + OFFICE.mid.certificate_pem(),
        lambda data: thief.sign(data, ec.ECDSA(hashes.SHA256())),
    )
    forged = work(open_home(tmp_path / "t"), tmp_path / "f", signer=signer)
    assert verify_file(forged, home).verdict == "unknown_signer"
    assert verify_file(forged, home, [OFFICE.root.certificate_pem()]).verdict == "trusted"
    # Renewed by the same office for the same key: another certificate, and the earlier one stays ours.
    signers = [
        with_callback(home, one + OFFICE.mid.certificate_pem(), lambda data: key.sign(data, ec.ECDSA(hashes.SHA256())))
        for one in (pem(mine), pem(OFFICE.issue(key)))
    ]
    paths = [work(home, tmp_path / str(number), signer=one) for number, one in enumerate(signers)]
    assert [verify_file(path, home).verdict for path in paths] == ["ours", "ours"]


def test_a_key_that_never_leaves_its_device(home: Home, tmp_path: Path, tsa: Authority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    chain = pem(OFFICE.issue(key)) + OFFICE.mid.certificate_pem()
    asked: list[int] = []

    def device(data: bytes) -> bytes:
        asked.append(len(data))
        return key.sign(data, ec.ECDSA(hashes.SHA256()))

    before = signing(home)
    signer = with_callback(home, chain, device)
    assert verify_file(work(home, tmp_path / "w", signer=signer), home).verdict == "ours"
    assert asked and signing(home) == before
    set_stamps(home, tsa.url, tsa.root)
    verdict = verify_file(work(home, tmp_path / "s", signer=with_callback(home, chain, device)), home)
    assert verdict.verdict == "ours" and verdict.stamped

    def broken(_data: bytes) -> bytes:
        raise ConnectionError("the device is gone")

    for failing in (signer, with_callback(home, chain, broken)):
        with pytest.raises(UserError, match="the device is gone") as caught:
            finish(draft(), home=home, signer=replace(failing, callback=broken))
        assert caught.value.code == "identity.callback"


def test_a_trial_finds_what_a_verifier_would_refuse(home: Home) -> None:
    good = signing(home)
    try_signing(good)
    other = authorities.issue("o", timedelta(days=1), depth=0).certificate_pem()
    for bad in (replace(good, root=other), replace(good, algorithm="es384"), replace(good, key=b"x")):
        with pytest.raises(UserError) as caught:
            try_signing(bad)
        assert caught.value.code == "identity.unfit"


def test_a_certificate_that_isnt_valid_yet(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # No signer makes such a file; a reader meets one whose clock is slow. The leaf in the manifest is exchanged for one
    # of the same key and length that begins tomorrow, and the signature is made over that.
    folder = home.keys / "ca"
    now = signing(home)
    mid = Certified(
        x509.load_pem_x509_certificate((folder / "intermediate.pem").read_bytes()),
        serialization.load_pem_private_key((folder / "intermediate.key").read_bytes(), None),  # type: ignore[arg-type]
    )
    key = serialization.load_pem_private_key(now.key, None)
    office = Office()
    while True:
        present = office.issue(key, by=mid).public_bytes(serialization.Encoding.DER)
        later = office.issue(key, by=mid, life=(timedelta(days=1), timedelta(days=400)))
        tomorrow = later.public_bytes(serialization.Encoding.DER)
        if len(present) == len(tomorrow):
            break
    chain = pem(x509.load_der_x509_certificate(present)) + mid.certificate_pem()

    def device(data: bytes) -> bytes:
        assert present in data
        return key.sign(data.replace(present, tomorrow), ec.ECDSA(hashes.SHA256()))  # type: ignore[union-attr,call-arg]

    action = {"action": "c2pa.created", "digitalSourceType": xmp.GENERATED}
    claim = {
        "claim_generator_info": [{"name": "t", "version": "1"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
    }
    bare = format_of("image/jpeg").encode(draft().media, Encoding())  # no checksum of chunks, unlike PNG
    signer = replace(now, chain=chain, key=b"", callback=device)
    data = c2pa_sign.sign(bare, "image/jpeg", claim, signer).replace(present, tomorrow)
    (tmp_path / "w").write_bytes(data)
    verdict = verify_file(tmp_path / "w", home)
    assert (verdict.verdict, verdict.exit_code) == ("expired", 1)
    assert "isn't valid yet" in verdict.summary and said(verdict, "this clock is slow")
