"""Places in a long list go into an address and come back."""

from __future__ import annotations

import pytest
from people import Place, keep_row

from luokuan.store.library import Mark
from luokuan.studio.marks import mark_of, text_of

pytestmark = pytest.mark.usefixtures("each_database")


def test_a_mark_survives_the_address_and_a_broken_one_begins_anew(place: Place) -> None:
    row = keep_row(place.database)
    mark = Mark(row.created_at, row.id)
    assert mark_of(text_of(mark)) == mark
    for wrong in ("", "x", "AAAA", "é", text_of(mark)[:-4] + "!!!!", text_of(Mark(row.created_at, "short"))):
        assert mark_of(wrong) is None
