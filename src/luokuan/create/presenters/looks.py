"""What a drawn presenter looks like: attributes with names in both languages, chosen or drawn by a seed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from luokuan.errors import UserError
from luokuan.i18n import _

Colour = tuple[int, int, int]

SKINS: dict[str, Colour] = {
    "porcelain": (252, 226, 208),
    "fair": (246, 209, 183),
    "light": (236, 188, 155),
    "tan": (209, 154, 116),
    "brown": (162, 108, 76),
    "deep": (107, 68, 50),
}
HAIR_COLOURS: dict[str, Colour] = {
    "black": (38, 33, 40),
    "dark-brown": (66, 45, 38),
    "brown": (104, 70, 50),
    "auburn": (134, 66, 42),
    "blond": (218, 176, 112),
    "grey": (150, 150, 156),
    "white": (226, 224, 222),
}
EYE_COLOURS: dict[str, Colour] = {
    "dark": (58, 38, 32),
    "brown": (104, 66, 42),
    "hazel": (132, 100, 54),
    "green": (84, 118, 82),
    "blue": (76, 118, 158),
    "grey": (104, 116, 126),
}
CLOTHES_COLOURS: dict[str, Colour] = {
    "navy": (43, 58, 92),
    "charcoal": (62, 64, 74),
    "teal": (38, 110, 112),
    "burgundy": (124, 44, 60),
    "olive": (98, 106, 66),
    "sky": (118, 164, 204),
    "rose": (206, 126, 134),
    "mustard": (206, 154, 62),
    "cream": (234, 222, 200),
    "white": (240, 240, 240),
    "plum": (92, 58, 104),
    "black": (40, 40, 46),
}
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "skin": tuple(SKINS),
    "face": ("oval", "round", "square"),
    "hair": ("short", "parted", "bob", "long", "wavy", "bun", "curly", "buzz", "bald", "headscarf"),
    "hair-colour": tuple(HAIR_COLOURS),
    "eyes": tuple(EYE_COLOURS),
    "lashes": ("plain", "long"),
    "brows": ("straight", "arched", "thick"),
    "lips": ("natural", "rose", "red"),
    "beard": ("none", "stubble", "moustache", "goatee", "full"),
    "glasses": ("none", "round", "square"),
    "earrings": ("none", "studs", "drops"),
    "clothes": ("suit", "blazer", "shirt", "sweater", "blouse"),
    "clothes-colour": tuple(CLOTHES_COLOURS),
}
"""Every attribute and its values."""
_PAIRS = (
    "肤色=skin 瓷白=porcelain 白皙=fair 浅色=light 小麦色=tan 棕色=brown 深色=deep 脸型=face 椭圆=oval "
    "圆形=round 圆脸=round 方形=square 方脸=square 发型=hair 短发=short 分头=parted 波波头=bob 长发=long "
    "卷长发=wavy 丸子头=bun 卷发=curly 寸头=buzz 光头=bald 头巾=headscarf 发色=hair-colour 黑色=black "
    "深棕=dark-brown 红棕=auburn 金色=blond 灰色=grey 白色=white 眼睛=eyes 深褐=dark 榛色=hazel 绿色=green 蓝色=blue "
    "睫毛=lashes 普通=plain 长=long 眉毛=brows 平直=straight 弯=arched 浓=thick 嘴唇=lips 自然=natural "
    "玫瑰色=rose 红色=red 胡须=beard 无=none 胡茬=stubble 八字胡=moustache 山羊胡=goatee 络腮胡=full "
    "眼镜=glasses 耳环=earrings 耳钉=studs 耳坠=drops 服装=clothes 西装=suit 休闲西装=blazer 衬衫=shirt "
    "毛衣=sweater 女式衬衫=blouse 服装颜色=clothes-colour 藏青=navy 炭灰=charcoal 青色=teal 酒红=burgundy "
    "橄榄绿=olive 天蓝=sky 芥末黄=mustard 米色=cream 紫色=plum"
)
CHINESE: dict[str, str] = dict(pair.split("=") for pair in _PAIRS.split())
"""Chinese names of attributes and values."""
_ALIASES = {"hair-color": "hair-colour", "clothes-color": "clothes-colour", "eyebrows": "brows", "gray": "grey"}
_MALE, _FEMALE = ("short", "parted", "buzz", "curly", "bald"), ("bob", "long", "wavy", "bun", "headscarf")


@dataclass(frozen=True, slots=True)
class Look:
    """A drawn presenter: one value of each of ``ATTRIBUTES``."""

    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values[name]


def look_of(given: Mapping[str, str], seed: int) -> Look:
    """A look as ``given``, in either language; what isn't given is drawn by ``seed``, so that it goes together.

    Raises:
        UserError: an unknown attribute or value; the nearest known ones are suggested.
    """
    chosen: dict[str, str] = {}
    for raw_name, raw_value in given.items():
        name = _known(raw_name, tuple(ATTRIBUTES), None)
        value = _known(raw_value, ATTRIBUTES[name], name)
        if chosen.setdefault(name, value) != value:
            raise UserError(
                _("The attribute '{name}' is given twice.", name=name), _("Give it once."), code="presenter.attribute"
            )
    drawn = _drawn(np.random.default_rng([seed, 0x10C]), chosen)
    return Look({name: chosen.get(name, drawn[name]) for name in ATTRIBUTES})


def parsed(pairs: Sequence[str]) -> dict[str, str]:
    """``ATTR=VALUE`` as a dictionary.

    Raises:
        UserError: one is no such pair, or two name the same attribute.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        name, sign, value = pair.replace("＝", "=").partition("=")
        if not sign or not name.strip() or not value.strip():
            raise UserError(
                _("'{pair}' says nothing about a portrait.", pair=pair[:60]),
                _("Write NAME=VALUE, such as hair=bob. Names: {names}.", names=", ".join(ATTRIBUTES)),
                code="presenter.attribute",
            )
        if name.strip() in found:
            raise UserError(
                _("The attribute '{name}' is given twice.", name=name.strip()[:40]),
                _("Give it once."),
                code="presenter.attribute",
            )
        found[name.strip()] = value.strip()
    return found


def _known(word: str, known: Sequence[str], attribute: str | None) -> str:
    plain = re.sub(r"[\s_]+", "-", word.strip().casefold())
    plain = _ALIASES.get(plain, CHINESE.get(word.strip(), plain))
    if plain in known:
        return plain
    chinese = [name for name, english in CHINESE.items() if english in known]
    near = difflib.get_close_matches(word.strip().casefold(), [*known, *chinese], n=3, cutoff=0.4) or list(known)
    what = (
        _("A portrait has no attribute '{name}'.", name=word[:40])
        if attribute is None
        else _("The attribute '{name}' has no value '{value}'.", name=attribute, value=word[:40])
    )
    raise UserError(what, _("Did you mean {nearest}?", nearest=", ".join(near)), code="presenter.attribute")


def _drawn(random: np.random.Generator, chosen: Mapping[str, str]) -> dict[str, str]:
    """A look that goes together: beards and long lashes are drawn by what the hair says."""

    def one(values: Sequence[str], weights: Sequence[float] | None = None) -> str:
        share = None if weights is None else np.asarray(weights) / sum(weights)
        return str(random.choice(list(values), p=share))

    bearded = chosen.get("beard", "none") != "none"
    first = one(("female", "male"))
    if bearded or chosen.get("hair") in ("buzz", "bald"):
        first = "male"
    elif chosen.get("hair") in _FEMALE or chosen.get("lashes") == "long" or chosen.get("lips") in ("rose", "red"):
        first = "female"
    female = first == "female"
    skin = one(tuple(SKINS), (1, 2, 2, 2, 2, 1.5))
    dark = chosen.get("skin", skin) in ("tan", "brown", "deep")
    hair = one(_FEMALE, (2, 2, 2, 1.5, 0.5)) if female else one(_MALE, (3, 3, 1, 1.5, 0.5))
    return {
        "skin": skin,
        "face": one(ATTRIBUTES["face"], (3, 2, 0.5) if female else (2, 1, 2)),
        "hair": hair,
        "hair-colour": one(tuple(HAIR_COLOURS), (6, 3, 0.5, 0, 0, 1, 0) if dark else (3, 3, 3, 1.5, 1.5, 1, 0.3)),
        "eyes": one(tuple(EYE_COLOURS), (4, 3, 0.5, 0, 0, 0) if dark else (3, 3, 1, 1, 1, 0.5)),
        "lashes": "long" if female else "plain",
        "brows": one(("straight", "arched"), (1, 3)) if female else one(("straight", "thick")),
        "lips": one(("natural", "rose", "red"), (1, 3, 1)) if female else "natural",
        "beard": "none" if female else one(ATTRIBUTES["beard"], (5, 2, 0.4, 0.6, 1.2)),
        "glasses": one(ATTRIBUTES["glasses"], (3, 1, 1)),
        "earrings": one(ATTRIBUTES["earrings"], (1, 2, 1)) if female else "none",
        "clothes": one(("blazer", "blouse", "sweater", "shirt"), (3, 2, 1, 1))
        if female
        else one(("suit", "blazer", "shirt", "sweater"), (2, 2, 1, 1)),
        "clothes-colour": one(("navy", "charcoal", "teal", "burgundy", "olive", "plum", "mustard", "rose", "sky")),
    }
