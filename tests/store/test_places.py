"""The file that names the keys in use: what is written reads back, and nothing else passes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from luokuan.errors import UserError
from luokuan.store.home import Home, open_home
from luokuan.store.places import Places, changing, read_places, write_places
from luokuan.store.revocation import REASONS, Revocation

NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,12}", fullmatch=True)
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
ENTRIES = st.builds(Revocation, st.integers(1, 2**159), st.sampled_from(REASONS), TIMES, st.none() | TIMES)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
GOOD = {
    "version": 1, "authority": "ca", "authorities": ["ca"], "leaf": "", "user": "", "users": [], "stamp_url": "",
    "stamp_roots": [], "revoked": [],
}  # fmt: skip
quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _handle: None)


@given(st.lists(NAMES, min_size=1, max_size=3), st.lists(NAMES, max_size=2), st.lists(ENTRIES, max_size=3), st.data())
@quick
def test_what_is_written_reads_back(
    home: Home, authorities: list[str], users: list[str], revoked: list[Revocation], data: st.DataObject
) -> None:
    places = Places(
        authority=data.draw(st.sampled_from(authorities)),
        authorities=tuple(authorities),
        leaf=data.draw(st.just("") | st.from_regex(r"[0-9a-f]{1,40}", fullmatch=True)),
        user=data.draw(st.sampled_from(["", *users])),
        users=tuple(users),
        stamp_url=data.draw(st.sampled_from(["", "http://a/"])),
        revoked=tuple(revoked),
    )
    with changing(home):
        write_places(home, places)
    assert read_places(home) == places
    assert (home.keys / "current.json").stat().st_mode & 0o777 == 0o600
    assert home.root_certificate == home.keys / places.authority / "root.pem"
    for entry in revoked:
        assert places.find_revocation(entry.serial) == places.find_revocation(f"{entry.serial:x}") is not None


@given(st.sampled_from(sorted(GOOD)), JSON)
@quick
def test_wrong_values_are_named_and_lead_nowhere(home: Home, name: str, value: object) -> None:
    (home.keys / "current.json").write_text(json.dumps({**GOOD, name: value}))
    try:
        places = read_places(home)
    except UserError as error:
        assert error.code == "keys.damaged"
    else:
        for part in (places.authority, *places.authorities, *places.users):
            assert part == Path(part).name and not part.startswith(".")
    assert home.root_certificate.parent.parent == home.keys


def test_a_home_without_the_file_has_the_first_authority(tmp_path: Path) -> None:
    assert read_places(open_home(tmp_path / "new")) == Places()
