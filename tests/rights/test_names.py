"""Protected names: found in whatever clothes, and not where they aren't."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.errors import UserError
from luokuan.rights.names import fold, mentions, protect, protect_no_more, protected
from luokuan.store.database import open_database
from luokuan.store.home import Home
from luokuan.store.rights import NameRow

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def found(name: str, text: str) -> bool:
    return bool(mentions([("text", text)], [NameRow(fold(name).letters, name, "name", "", NOW)]))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Nike", "a NIKE shoe"), ("Nike", "Nike!"), ("Nike", "(nike)"), ("Nike", "n i k e"), ("Nike", "N-i-k-e"),
        ("Nike", "Ｎｉｋｅ"), ("Nike", "Nіkе"), ("Nike", "Ν1ke"), ("Nike", "N!ke"), ("Nike", "Ni\u200bke"),
        ("Nike", "N\u0301ike"), ("Nike", "ℕ𝕚𝕜𝕖"), ("Nike", "穿Nike的人"), ("Nike", "Nike2024"),
        ("Nike", "@nike, #nike"), ("Νίκη", "ΝΙΚΗ"), ("Nike", "ΝΙΚΕ"),
        ("Ke$ha", "a song of Kesha"), ("Adidas", "Ad1das"), ("Müller", "Frau Muller"), ("Muller", "Müller"),
        ("耐克", "穿着耐克的鞋"), ("耐 克", "耐克"), ("林语堂", "林 语 堂著"), ("Coca-Cola", "cocacola"),
        ("Coca Cola", "COCA–COLA"),
        ("Straße", "STRASSE"), ("Samsung", "Sаmsung"), ("ミッキー", "ミツキーとﾐｯｷｰ"), ("3M", "by 3M."),
    ],
)  # fmt: skip
def test_in_whatever_clothes(name: str, text: str) -> None:
    assert found(name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("art", "a party of artists"), ("Nike", "Nikes"), ("Nike", "Dunnike"), ("Nike", "nik, e is the number"[:3]),
        ("耐克", "忍耐,不克"[:3]), ("Ann", "annual"), ("Li", "Lisa"), ("Nike", ""), ("林语堂", "林语"),
    ],
)  # fmt: skip
def test_not_inside_other_words(name: str, text: str) -> None:
    assert not found(name, text)


@given(st.text(max_size=80))
def test_any_text_can_be_searched(text: str) -> None:
    folded = fold(text)
    assert folded.starts <= set(range(len(folded.letters) + 1))
    assert max(folded.ends) == len(folded.letters)


@given(
    st.text("abcdefghijklmnopqrstuvwxyzäöü0189 -", min_size=3, max_size=20).filter(lambda t: len(fold(t).letters) > 1)
)
def test_a_name_is_found_in_itself_and_in_a_sentence(name: str) -> None:
    assert found(name, name.upper())
    assert found(name, f"说：“{name}”")


def test_the_list(home: Home) -> None:
    with open_database(home) as database, database.write() as connection:
        protect(connection, "Nike", NOW, kind="mark", note="of others")
        protect(connection, "林语堂", NOW)
        for name, code in (("NIKE", "names.there"), ("Nіke", "names.there"), ("x", "names.name"), ("!!", "names.name"),
                           ("a\nb\x00", "names.name"), ("a" * 101, "names.name")):  # fmt: skip
            with pytest.raises(UserError) as caught:
                protect(connection, name, NOW)
            assert caught.value.code == code, name
        assert [(row.name, row.kind, row.note) for row in protected(connection)] == [
            ("Nike", "mark", "of others"), ("林语堂", "name", ""),
        ]  # fmt: skip
        hits = mentions([("text", "林语堂穿Nike，nike"), ("brief", "nike")], protected(connection))
        assert {(one.name, one.place) for one in hits} == {("Nike", "text"), ("林语堂", "text"), ("Nike", "brief")}
        protect_no_more(connection, "nike")
        with pytest.raises(UserError) as caught:
            protect_no_more(connection, "nike")
        assert caught.value.code == "names.missing"
