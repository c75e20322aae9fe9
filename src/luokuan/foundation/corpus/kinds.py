"""What a folder holds, pictures or text: by the endings of its files."""

from __future__ import annotations

from pathlib import Path

from luokuan.errors import UserError
from luokuan.files import expand
from luokuan.foundation.corpus.pictures import ENDINGS
from luokuan.foundation.corpus.reader import METADATA, SPLIT_NAMES, walk
from luokuan.foundation.corpus.texts import ABOUT, LINES, PROSE
from luokuan.i18n import _

PICTURES, TEXT = "pictures", "text"


def kind_of(path: Path | str) -> str:
    """``pictures`` or ``text``; a file is text if its ending says so.

    metadata.jsonl and files that tell of a corpus (README.md and the like) don't count, nor does text beside a picture
    of the same name, as other programs keep captions.

    Raises:
        UserError: there is nothing at ``path``, or it holds both, or neither.
    """
    place = expand(path)
    if place.is_file() and place.suffix.lower() in (*PROSE, *LINES):
        return TEXT
    if not place.is_dir():
        raise UserError(
            _("{path} is not a folder.", path=place),
            _("Give a folder of pictures or of text, or one file of text."),
            code="corpus.not_folder",
        )
    # Pictures that metadata.jsonl lists may all be missing: it still says what the folder is for.
    first = {PICTURES: METADATA} if any((place / part / METADATA).is_file() for part in ("", *SPLIT_NAMES)) else {}
    files = list(walk(place))
    pictures = {file.with_suffix("") for file in files if file.suffix.lower() in ENDINGS}
    for file in files:
        ending = file.suffix.lower()
        if ending in ENDINGS:
            first.setdefault(PICTURES, file.name)
        elif ending in (*PROSE, *LINES) and file.stem.lower() not in ABOUT and file.with_suffix("") not in pictures:
            first.setdefault(TEXT, file.name)
    if len(first) == 2:
        raise UserError(
            _("{path} holds both pictures and text: {first}, {second}.", path=place, first=first[PICTURES],
              second=first[TEXT]),
            _("Put them into folders of their own."),
            code="corpus.both",
        )  # fmt: skip
    if not first:
        raise UserError(
            _("{path} holds neither pictures nor text.", path=place),
            _("Put JPEG, PNG or WebP files into it, or .txt, .md or .jsonl files."),
            code="corpus.empty",
        )
    return next(iter(first))
