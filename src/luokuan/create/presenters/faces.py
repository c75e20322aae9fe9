"""The face: head, ears, eyes, brows, nose, mouth, beard, glasses. Units: a head is some 280 wide and 360 high."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from luokuan.create.presenters.canvas import Canvas, darker, lighter, mix
from luokuan.create.presenters.curves import (
    Pair,
    Points,
    between,
    ellipse,
    flipped,
    joined,
    mirrored,
    moved,
    points_of,
    through,
)
from luokuan.create.presenters.looks import EYE_COLOURS, HAIR_COLOURS, SKINS, Colour, Look

_JAWS: dict[str, tuple[Pair, ...]] = {
    "oval": ((0, -180), (72, -172), (122, -132), (143, -62), (141, 12), (130, 76), (103, 132), (58, 170), (0, 183)),
    "round": ((0, -180), (74, -171), (126, -130), (146, -60), (146, 14), (138, 82), (113, 136), (64, 168), (0, 179)),
    "square": ((0, -180), (74, -172), (124, -132), (143, -62), (142, 14), (136, 84), (118, 140), (72, 174), (0, 184)),
}
_LIPS: dict[str, Colour] = {"natural": (178, 92, 84), "rose": (198, 84, 96), "red": (186, 38, 50)}
_INSIDE, _TEETH, _TONGUE = (96, 30, 36), (250, 248, 244), (206, 98, 100)
_MOUTH = 100.0
_EYE = (59.0, -6.0)


@dataclass(frozen=True, slots=True)
class Paints:
    """The colours of a look."""

    skin: Colour
    shade: Colour
    light: Colour
    blush: Colour
    hair: Colour
    iris: Colour
    lips: Colour
    line: Colour

    @classmethod
    def of(cls, look: Look) -> Paints:
        """Those of ``look``."""
        skin, hair = SKINS[look["skin"]], HAIR_COLOURS[look["hair-colour"]]
        natural = look["lips"] == "natural"
        return cls(
            skin=skin,
            shade=darker(skin, 0.15),
            light=lighter(skin, 0.22),
            blush=mix(skin, (226, 92, 84), 0.12),
            hair=hair,
            iris=EYE_COLOURS[look["eyes"]],
            lips=mix(darker(skin, 0.22), _LIPS[look["lips"]], 0.45 if natural else 0.85),
            line=mix(darker(skin, 0.55), (44, 30, 34), 0.6),
        )


def outline(look: Look, jaw: float) -> Points:
    """The head, its chin lowered as the mouth opens."""
    half = np.array(_JAWS[look["face"]], np.float64)
    half[:, 1] += jaw * np.clip((half[:, 1] - 40) / 140, 0, 1) * 13
    return mirrored(half)


def draw_neck(canvas: Canvas, paints: Paints) -> None:
    """The neck, with the shadow of the head on it; it joins the head, which moves, and the chest, which doesn't."""
    top = canvas.head(np.array([(-64.0, 100.0), (64.0, 100.0)]), 0.1)
    right = through([tuple(top[1]), (66, 190), (84, 240), (140, 296)])
    left = through([(-140, 296), (-84, 240), (-66, 190), tuple(top[0])])
    canvas.fill(joined(right, np.array([(96.0, 330.0), (0.0, 430.0), (-96.0, 330.0)]), left), paints.skin)
    low = canvas.head(
        np.array([(-70.0, 120.0), (-66.0, 176.0), (-20.0, 214.0), (26.0, 222.0), (70.0, 200.0), (70.0, 120.0)]), 0.3
    )
    low[:, 0] = np.clip(low[:, 0], -66, 66)
    canvas.fill(joined(through(low), top), paints.shade)


def draw_head(canvas: Canvas, look: Look, paints: Paints) -> None:
    """Ears and head."""
    for side in (-1, 1):
        ear = ellipse(side * 143, 16, 23, 37, side * 0.14)
        canvas.fill(canvas.head(ear, -0.35), paints.skin)
        inner = through([(side * 150, -4), (side * 157, 14), (side * 149, 36)])
        canvas.line(canvas.head(inner, -0.35), paints.shade, 4, 7, 4)
    head = outline(look, canvas.pose.open)
    canvas.fill(canvas.head(head, 0.25), mix(paints.skin, paints.shade, 0.55))
    # Light comes from the left: the head again, a little narrower at its right side.
    lit = head.copy()
    lit[:, 0] -= np.where(head[:, 0] > 0, 15.0, 0.0) * np.clip(head[:, 0] / 90, 0, 1)
    canvas.fill(canvas.head(lit, 0.25), paints.skin)
    for side in (-1, 1):
        canvas.fill(canvas.head(ellipse(side * 88, 58, 27, 17), 0.75), paints.blush)


def draw_eyes(canvas: Canvas, look: Look, paints: Paints) -> None:
    """Eyes and brows."""
    long = look["lashes"] == "long"
    squint = 0.12 * max(0.0, canvas.pose.smile - 0.4)
    for side in (-1, 1):
        _eye(canvas, paints, side, min(1.0, canvas.pose.blink + squint * (1 - canvas.pose.blink)), long=long)
        _brow(canvas, look, paints, side)


def _eye(canvas: Canvas, paints: Paints, side: int, shut: float, *, long: bool) -> None:
    x, y = side * _EYE[0], _EYE[1]
    inner, outer = x - side * 30, x + side * 32

    def put(points: Points) -> Points:
        return canvas.head(points, 0.85)

    lower = through([(inner, y + 5), (x - side * 12, y + 15), (x + side * 9, y + 17), (outer, y + 1)])
    wide_open = through([(inner, y + 5), (x - side * 15, y - 16), (x + side * 7, y - 21), (outer, y + 1)])
    upper = wide_open + (lower - wide_open) * shut
    canvas.fill(put(between(upper, lower)), (252, 250, 248))
    look_x, look_y = canvas.pose.gaze_x, canvas.pose.gaze_y
    at = (x + 5.5 * look_x - side * 1.0 - 2.5 * canvas.pose.yaw, y - 1 + 3.0 * look_y)
    if shut < 0.9:
        canvas.fill(put(ellipse(*at, 17, 17)), darker(paints.iris, 0.35))
        canvas.fill(put(ellipse(*at, 14.5, 14.5)), paints.iris)
        canvas.fill(put(ellipse(at[0], at[1] + 5, 8.5, 6.5)), lighter(paints.iris, 0.22))
        canvas.fill(put(ellipse(*at, 7, 7)), (28, 22, 26))
        canvas.fill(put(ellipse(at[0] - 4.5, at[1] - 5.5, 4.2, 4.2)), (255, 255, 255))
    # Lids of skin cover what of the iris is outside.
    over = np.stack([np.linspace(inner, outer, len(upper)), np.full(len(upper), y - 29)], axis=1)
    under = np.stack([np.linspace(inner, outer, len(lower)), np.full(len(lower), y + 26)], axis=1)
    canvas.fill(put(between(over, upper)), paints.skin)
    canvas.fill(put(between(lower, under)), paints.skin)
    lid = np.concatenate([upper, [(outer + side * (5 if long else 2), y - (4 - 6 * shut if long else 0))]])
    canvas.line(put(lid), paints.line, 3.0, 6.5 if long else 5.0, 7.5 if long else 5.0, 2.5)
    if long:
        for start, dx, dy in ((0.97, 8, -6), (0.82, 6, -8)):
            root = upper[int(start * (len(upper) - 1))]
            tip = root + np.array([side * dx, dy * (1 - 1.6 * shut)])
            canvas.line(put(np.array([root, (root + tip) / 2, tip])), paints.line, 4.5, 3.0, 1.0)
    crease = through([(inner + side * 3, y - 10), (x - side * 6, y - 28), (x + side * 14, y - 28), (outer, y - 12)])
    canvas.line(put(moved(crease, 0, 4 * shut)), paints.shade, 1.5, 3.5, 3.5, 1.5)


def _brow(canvas: Canvas, look: Look, paints: Paints, side: int) -> None:
    kind = look["brows"]
    arch = {"straight": 2.0, "arched": 7.0, "thick": 3.0}[kind]
    width = {"straight": 11.0, "arched": 8.5, "thick": 15.0}[kind]
    lift = -3.0 - 9.0 * canvas.pose.brows
    points = through([(side * 31, -51), (side * 54, -55 - arch), (side * 78, -54 - arch), (side * 101, -43)])
    points = points + np.stack([np.zeros(len(points)), lift * np.linspace(1.0, 0.7, len(points))], axis=1)
    colour = darker(paints.hair, 0.25) if sum(paints.hair) > 330 else paints.hair
    canvas.line(canvas.head(points, 0.8), colour, width * 0.75, width, width * 0.8, width * 0.25)


def draw_nose(canvas: Canvas, paints: Paints) -> None:
    """The nose: its shadow and its wings."""
    side = through([(-7, -18), (-10, 20), (-19, 42)])
    tip = through([(-19, 42), (-14, 54), (0, 58), (15, 54), (20, 43)])
    body = joined(side, tip, through([(20, 43), (12, 34), (4, 10), (2, -18)]))
    canvas.fill(canvas.head(body, 1.1), mix(paints.skin, paints.shade, 0.45))
    canvas.fill(canvas.head(ellipse(-2, 38, 7, 9), 1.25), mix(paints.skin, paints.light, 0.45))
    canvas.line(canvas.head(tip, 1.2), darker(paints.shade, 0.13), 2.5, 4.5, 4.5, 4.5, 2.5)


def draw_mouth(canvas: Canvas, look: Look, paints: Paints) -> None:
    """Lips, teeth, tongue."""
    draw_lips(canvas, paints.lips, full=look["lips"] != "natural", line=darker(paints.lips, 0.5))


def draw_lips(canvas: Canvas, lips: Colour, *, full: bool, line: Colour) -> None:
    """A mouth in the colour ``lips`` around (0, 100), as the pose says."""
    pose = canvas.pose
    width = 44.0 * (1 + (0.16 if pose.wide > 0 else 0.4) * pose.wide)
    opening = 47.0 * pose.open
    rise, pout = 0.16 * opening, max(0.0, -pose.wide)
    above = (8.5 if full else 6.5) + 3.0 * pout
    below = (13.0 if full else 10.0) + 3.5 * pout
    tuck = pose.tuck * (1 - min(1.0, pose.open * 2.5))
    below *= 1 - 0.55 * tuck
    corner = -12.0 * pose.smile * (1 - 0.6 * pout) + 0.22 * opening
    x = np.linspace(-1, 1, 41)
    base = _MOUTH + corner * np.abs(x) ** 1.8
    arch = np.sqrt(np.clip(1 - np.abs(x) ** 2.4, 0, 1))
    bow = arch - 0.30 * np.exp(-((x / 0.17) ** 2)) + 0.10 * np.exp(-(((np.abs(x) - 0.24) / 0.16) ** 2))
    top = base - rise * arch
    bottom = np.maximum(base + opening * arch**1.15, top)
    across = x * width

    def put(rows: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Points:
        return canvas.head(np.stack([across, rows], axis=1), 0.95)

    outer_top = top - above * np.clip(bow, 0, None)
    outer_bottom = bottom + below * arch**0.9
    canvas.fill(put(base)[[0, -1, -1]], lips)
    canvas.fill(between(put(outer_top), put(base)), darker(lips, 0.12))
    canvas.fill(between(put(outer_top), put(outer_bottom)), darker(lips, 0.12))
    canvas.fill(between(put(bottom), put(outer_bottom)), lips)
    shine = np.stack([np.linspace(-0.3, 0.3, 9) * width, np.full(9, float(bottom[20]) + below * 0.5)], axis=1)
    canvas.line(canvas.head(shine, 0.95), lighter(lips, 0.22), 1.0, 0.35 * below, 0.35 * below, 1.0)
    if opening > 1.5:
        canvas.fill(between(put(top), put(bottom)), _INSIDE)
        tongue = bottom - (0.34 + 0.3 * pose.tongue) * opening * np.clip(1 - (x / 0.72) ** 2, 0, None) ** 0.5
        canvas.fill(between(put(np.maximum(tongue, top)), put(bottom)), _TONGUE)
        shown = (0.35 + 0.65 * pose.teeth) * min(1.0, max(0.0, (opening - 3.0) / 5.0))
        edge = np.minimum(top + min(0.42 * opening, 11.0) * shown, bottom)
        canvas.fill(between(put(top)[4:-4], put(edge)[4:-4]), _TEETH)
        lower = np.maximum(bottom - min(0.12 * opening, 4.5) * pose.teeth * (pose.wide > 0), edge)
        canvas.fill(between(put(lower)[8:-8], put(bottom)[8:-8]), darker(_TEETH, 0.08))
    if tuck > 0.15:
        edge = np.minimum(top + 8.0 * tuck * arch, outer_bottom)
        canvas.fill(between(put(top)[8:-8], put(edge)[8:-8]), _TEETH)
    if opening <= 1.5 and tuck <= 0.15:
        canvas.line(put(top), line, 2.0, 3.8, 3.0, 3.8, 2.0)
    for side in (0, -1):
        dot = np.array([[across[side], base[side]]])
        canvas.fill(canvas.head(ellipse(float(dot[0, 0]), float(dot[0, 1]), 2.0, 1.8), 0.95), line)


def draw_beard(canvas: Canvas, look: Look, paints: Paints) -> None:
    """What grows around the mouth; drawn before it."""
    kind = look["beard"]
    if kind == "none":
        return
    jaw = 13.0 * canvas.pose.open
    colour = mix(paints.skin, paints.hair, 0.2) if kind == "stubble" else mix(paints.hair, paints.skin, 0.08)
    if kind in ("stubble", "full"):
        grow = 6.0 if kind == "full" else -2.0
        out = through([
            (-141, 0), (-136, 70), (-108 - grow * 0.6, 136 + jaw * 0.7), (-60, 176 + grow + jaw), (0, 188 + grow + jaw),
            (60, 176 + grow + jaw), (108 + grow * 0.6, 136 + jaw * 0.7), (136, 70), (141, 0),
        ])  # fmt: skip
        inside = through([
            (131, 2), (118, 58), (84, 82), (46, 70), (16, 68), (0, 71), (-16, 68), (-46, 70), (-84, 82), (-118, 58),
            (-131, 2),
        ])  # fmt: skip
        canvas.fill(canvas.head(joined(out, inside), 0.45), colour)
    if kind == "goatee":
        canvas.fill(
            canvas.head(mirrored([(0, 132), (26, 136), (36, 152 + jaw), (26, 180 + jaw), (0, 188 + jaw)]), 0.7), colour
        )
        for side in (-1, 1):
            strand = through([(side * 44, 84), (side * 55, 110), (side * 40, 150 + jaw)])
            canvas.line(canvas.head(strand, 0.75), colour, 6, 11, 9)
    if kind in ("moustache", "goatee", "full"):
        half = through([(0, 72), (26, 70), (50, 84), (62, 100)])
        back = through([(62, 100), (40, 94), (18, 88), (0, 86)])
        wing = joined(half, back)
        for points in (wing, flipped(wing)):
            canvas.fill(canvas.head(points, 1.0), paints.hair if kind != "full" else darker(colour, 0.08))


def draw_glasses(canvas: Canvas, look: Look, paints: Paints) -> None:
    """Frames, bridge and temples."""
    kind = look["glasses"]
    if kind == "none":
        return
    deep = sum(paints.skin) < 400
    frame = (222, 196, 150) if deep else (46, 42, 48) if sum(paints.hair) > 260 else (112, 78, 56)
    for side in (-1, 1):
        x, y = side * 59, 0
        if kind == "round":
            rim = ellipse(x, y, 43, 41)
        else:
            square = points_of("-42,-24 -30,-32 30,-32 42,-24 41,16 28,31 -28,31 -41,16")
            rim = moved(through(square, closed=True), x, y)
        canvas.ring(canvas.head(rim, 1.15), frame, 6.0)
        temple = np.array([(side * 101.0, -8.0), (side * 122.0, -9.0), (side * 141.0, -4.0)])
        placed = np.concatenate(
            [canvas.head(temple[:1], 1.1), canvas.head(temple[1:2], 0.6), canvas.head(temple[2:], 0)]
        )
        canvas.line(placed, frame, 7.0, 6.0)
    canvas.line(canvas.head(through([(-17, -6), (0, -13), (17, -6)]), 1.3), frame, 6.0, 6.0)


def draw_earrings(canvas: Canvas, look: Look) -> None:
    """Studs or drops below the ears."""
    kind = look["earrings"]
    if kind == "none":
        return
    for side in (-1, 1):
        canvas.fill(canvas.head(ellipse(side * 147, 56, 6.5, 6.5), -0.3), (226, 186, 96))
        if kind == "drops":
            canvas.fill(canvas.head(ellipse(side * 148, 76, 6, 13), -0.3), (226, 186, 96))
        canvas.fill(canvas.head(ellipse(side * 147 - 2, 54, 2.2, 2.2), -0.3), (255, 240, 204))
