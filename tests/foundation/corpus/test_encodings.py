"""Encodings are recognised where the evidence is strong, and doubted otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.foundation.corpus.encodings import encoding_of
from luokuan.foundation.corpus.texts import BrokenText

SIMPLE = "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。床前明月光，疑是地上霜。举头望明月，低头思故乡。"
FULL = "春眠不覺曉，處處聞啼鳥。夜來風雨聲，花落知多少。床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。"
KANA = "春はあけぼの。やうやう白くなりゆく山ぎは、すこしあかりて、紫だちたる雲のほそくたなびきたる。"
HANGUL = "안녕하세요 저는 한국 사람입니다 오늘은 날씨가 좋네요 우리는 학교에 갔습니다"


def wrote(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("text", "codec", "name", "mark"),
    [
        (SIMPLE, "utf-8", "utf-8", False),
        (SIMPLE, "utf-8-sig", "utf-8", True),
        (SIMPLE, "utf-16", "utf-16", True),
        (SIMPLE, "utf-32", "utf-32", True),
        (SIMPLE, "gb18030", "gb18030", False),
        (FULL, "gb18030", "gb18030", False),
        (FULL, "big5", "big5", False),
        (FULL + "裏恒", "cp950", "big5", False),
        ("plain", "ascii", "utf-8", False),
    ],
)
def test_encodings_are_recognised(tmp_path: Path, text: str, codec: str, name: str, mark: bool) -> None:
    path = wrote(tmp_path / "a.txt", text.encode(codec))
    found = encoding_of(path)
    assert (found.name, found.mark) == (name, mark)
    assert path.read_text(encoding=found.codec) == text


@pytest.mark.parametrize(
    "data",
    [
        b"caf\xe9",
        "Élève déjà vu, où était-il né ? ".encode("latin-1") * 20,
        "Привет мир, это русский текст. ".encode("cp1251") * 20,
        (HANGUL * 5).encode("euc-kr"),
        (KANA * 5).encode("euc-jp"),
        (KANA * 5).encode("shift-jis"),
        SIMPLE[:3].encode("gb18030"),  # too little to judge by
        SIMPLE.encode() + b"\xff",  # damaged UTF-8
        b"\xff\xfe\x00",
        bytes(range(256)) * 8,
    ],
)
def test_what_is_doubtful_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BrokenText):
        encoding_of(wrote(tmp_path / "a.txt", data))


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = wrote(tmp_path_factory.mktemp("e") / "a.txt", data)
    try:
        found = encoding_of(path)
    except BrokenText:
        return
    assert isinstance(data.decode(found.codec), str)
