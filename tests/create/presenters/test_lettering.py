"""Letters on frames are seen, each of them."""

from __future__ import annotations

import numpy as np
import pytest

from luokuan.create.presenters.lettering import as_drawn, caption, lower_third


@pytest.mark.parametrize("sign", "℃ⅤⅩ￥°5")
def test_signs_of_sums_are_seen(sign: str) -> None:
    assert caption((256, 256), [sign], 10).colours.max() > 100  # the plate alone has 24
    named, empty = (lower_third((256, 256), text, "", (1, 2, 3), 10).colours for text in (f"a{sign}", "a"))
    assert named.shape[1] > empty.shape[1] and np.any(named[:, empty.shape[1] - 4 : -4] < 100)
    assert as_drawn("12") == "12"
