"""Hair: what is behind the head and what is before it, one pair of functions a style."""

from __future__ import annotations

import numpy as np

from luokuan.create.presenters.canvas import Canvas, darker, lighter
from luokuan.create.presenters.curves import ellipse, flipped, joined, mirrored, moved, points_of, through
from luokuan.create.presenters.faces import Paints
from luokuan.create.presenters.looks import CLOTHES_COLOURS, Look

_BACK, _FRONT = -0.3, 0.45

_BACKS: dict[str, str] = {
    "bob": "0,-226 96,-214 166,-146 190,-40 196,70 184,150 140,176 84,160 0,150",
    "long": "0,-226 94,-214 162,-146 184,-30 192,110 204,250 206,368 150,404 90,350 0,330",
    "wavy": "0,-230 100,-216 170,-150 186,-50 214,40 194,130 226,220 204,310 214,380 150,404 84,350 0,330",
    "bun": "0,-210 88,-200 146,-140 160,-50 146,40 100,90 0,90",
}
"""Right halves, as points of SVG."""
_FRONTS: dict[str, tuple[str, str]] = {
    # The outer edge from the left ear over the top to the right one, and the hair line back.
    "short": (
        "-146,8 -158,-70 -148,-150 -96,-206 -20,-228 66,-222 128,-180 158,-110 156,-40 146,8",
        "140,4 134,-52 120,-92 84,-116 30,-112 -26,-122 -84,-112 -120,-86 -134,-48 -140,4",
    ),
    "parted": (
        "-146,8 -156,-60 -148,-140 -104,-196 -72,-206 -10,-240 74,-230 136,-184 160,-112 157,-40 146,8",
        "140,4 135,-50 126,-84 96,-100 40,-112 -20,-136 -72,-176 -96,-128 -122,-88 -134,-46 -140,4",
    ),
    "buzz": (
        "-143,-22 -150,-80 -134,-142 -84,-184 0,-198 84,-184 134,-142 150,-80 143,-22",
        "138,-24 133,-66 114,-106 62,-126 0,-130 -62,-126 -114,-106 -133,-66 -138,-24",
    ),
    "bob": (
        "-172,120 -190,20 -180,-90 -130,-186 -40,-230 50,-228 134,-184 182,-90 190,20 172,120",
        "140,96 146,10 138,-56 116,-92 60,-84 0,-78 -60,-84 -116,-92 -138,-56 -146,10 -140,96",
    ),
    "long": (
        "-176,130 -184,0 -170,-110 -118,-194 -30,-230 40,-230 122,-194 172,-110 184,0 176,130",
        "146,120 148,20 134,-56 92,-118 40,-152 -26,-186 -60,-142 -104,-104 -134,-50 -148,20 -146,120",
    ),
    "wavy": (
        "-182,140 -196,50 -178,-30 -180,-110 -124,-200 -34,-238 44,-236 126,-200 180,-110 180,-30 196,50 182,140",
        "148,120 140,40 146,-20 124,-80 78,-128 20,-172 -34,-150 -84,-116 -128,-70 -146,-20 -140,40 -148,120",
    ),
    "bun": (
        "-144,10 -154,-64 -140,-140 -88,-196 0,-214 88,-196 140,-140 154,-64 144,10",
        "140,6 136,-46 118,-92 70,-128 10,-146 -60,-130 -114,-94 -136,-46 -140,6",
    ),
}
_STRANDS: dict[str, tuple[str, ...]] = {
    "short": (
        "-96,-170 -40,-200 40,-206 92,-184",
        "-118,-130 -80,-160 -30,-170",
    ),
    "parted": (
        "-58,-186 10,-212 90,-196 132,-140",
        "-40,-158 30,-176 96,-158 136,-106",
    ),
    "bob": (
        "-120,-150 -70,-196 0,-208 60,-200",
        "-164,-60 -172,10 -160,90",
    ),
    "long": (
        "-30,-196 50,-196 116,-150 150,-70",
        "-168,-40 -172,40 -164,110",
    ),
    "wavy": (
        "-20,-190 60,-190 124,-140 156,-70",
        "-160,-70 -180,0 -166,90",
    ),
    "bun": ("-100,-130 -50,-176 20,-190 70,-180",),
}


def draw_back(canvas: Canvas, look: Look, paints: Paints) -> None:
    """What is behind head and neck."""
    style, colour = look["hair"], darker(paints.hair, 0.22)
    if style == "headscarf":
        cloth = _scarf(look)
        shape = mirrored(
            [(0, -222), (92, -210), (156, -140), (176, -30), (160, 80), (140, 170), (150, 260), (110, 330), (0, 350)]
        )
        canvas.fill(canvas.head(shape, _BACK), darker(cloth, 0.2))
    if style == "bun":
        canvas.fill(canvas.head(ellipse(6, -236, 66, 58), _BACK), paints.hair)
        swirl = through([(-34, -232), (-6, -266), (42, -258), (50, -224)])
        canvas.line(canvas.head(swirl, _BACK), lighter(paints.hair, 0.14), 2, 7, 2)
    if style in _BACKS:
        canvas.fill(canvas.head(mirrored(points_of(_BACKS[style])), _BACK), colour)
    if style == "curly":
        for x, y, size in _curls(back=True):
            canvas.fill(canvas.head(ellipse(x, y, size, size), _BACK), colour)


def draw_front(canvas: Canvas, look: Look, paints: Paints) -> None:
    """What is before the head, with its shadow on the forehead."""
    style, colour = look["hair"], paints.hair
    if style == "bald":
        shine = through([(-70, -140), (-40, -158), (-6, -164)])
        canvas.line(canvas.head(shine, 0.4), paints.light, 2, 12, 2)
        return
    if style == "headscarf":
        _draw_scarf(canvas, look, paints)
        return
    if style == "curly":
        for x, y, size in _curls(back=False):
            canvas.fill(canvas.head(ellipse(x, y + 9, size, size), _FRONT), paints.shade)
        for x, y, size in _curls(back=False):
            canvas.fill(canvas.head(ellipse(x, y, size, size), _FRONT), colour)
        for x, y, size in _curls(back=False)[1::2]:
            curl = ellipse(x - 5, y - 6, size * 0.5, size * 0.5)[24:44]
            canvas.line(canvas.head(curl, _FRONT), lighter(colour, 0.12), 2, 5, 2)
        return
    outer, line = _FRONTS[style]
    top, edge = through(points_of(outer)), through(points_of(line))
    shade = edge.copy()
    shade[:, 1] += np.where(np.abs(shade[:, 0]) < 118, 11.0, 0.0)
    low = joined(top, shade)
    if style != "buzz":
        canvas.fill(canvas.head(low, _FRONT), paints.shade)
    if style == "buzz":
        colour = darker(paints.skin, 0.1) if sum(colour) > 500 else _between(paints)
    canvas.fill(canvas.head(joined(top, edge), _FRONT), colour)
    for strand in _STRANDS.get(style, ()):
        canvas.line(canvas.head(through(points_of(strand)), _FRONT), lighter(colour, 0.13), 1, 10, 12, 8, 1)


def draw_locks(canvas: Canvas, look: Look, paints: Paints) -> None:
    """What falls over the shoulders."""
    if look["hair"] not in ("long", "wavy"):
        return
    wave = 14.0 if look["hair"] == "wavy" else 0.0
    outer = through([(166, 60), (190 + wave, 150), (196 - wave, 240), (206 + wave, 330), (176, 412)])
    inner = through([(176, 412), (128, 380), (132 - wave, 290), (122 + wave, 200), (136, 120), (140, 60)])
    lock = joined(outer, inner)
    strand = through([(158, 110), (168 + wave, 190), (162 - wave, 280), (172, 366)])
    for points, line in ((lock, strand), (flipped(lock), flipped(strand))):
        share = np.clip(1 - (points[:, 1:] - 60) / 300, 0, 1)
        canvas.fill(canvas.head(points) * share + points * (1 - share), paints.hair)
        share = np.clip(1 - (line[:, 1:] - 60) / 300, 0, 1)
        canvas.line(canvas.head(line) * share + line * (1 - share), lighter(paints.hair, 0.13), 1, 8, 8, 1)


def _between(paints: Paints) -> tuple[int, int, int]:
    red, green, blue = (round(0.3 * a + 0.7 * b) for a, b in zip(paints.skin, paints.hair, strict=True))
    return (red, green, blue)


def _curls(*, back: bool) -> list[tuple[float, float, float]]:
    """Middles and sizes of curls around the head."""
    if back:
        angles = np.linspace(-200, 20, 17)
        return [(168 * np.cos(a), -62 + 158 * np.sin(a), 44.0) for a in np.deg2rad(angles)]
    found = [(138 * np.cos(a), -76 + 122 * np.sin(a), 40.0) for a in np.deg2rad(np.linspace(-176, -4, 12))]
    return [*found, *((x, -138 - 8 * (x / 90) ** 2, 34.0) for x in (-78.0, -28.0, 24.0, 74.0))]


def _scarf(look: Look) -> tuple[int, int, int]:
    return lighter(CLOTHES_COLOURS[look["clothes-colour"]], 0.35)


def _draw_scarf(canvas: Canvas, look: Look, paints: Paints) -> None:
    cloth = _scarf(look)
    outer = through(
        [(-150, 150), (-170, 60), (-172, -60), (-132, -172), (0, -220), (132, -172), (172, -60), (170, 60), (150, 150)]
    )
    inner = through(
        [
            (76, 176),
            (122, 100),
            (138, 10),
            (130, -70),
            (84, -126),
            (0, -140),
            (-84, -126),
            (-130, -70),
            (-138, 10),
            (-122, 100),
            (-76, 176),
        ]
    )
    canvas.fill(canvas.head(joined(outer, moved(inner, 0, 7)), _FRONT), paints.shade)
    canvas.fill(canvas.head(joined(outer, inner), _FRONT), cloth)
    under = joined(
        canvas.head(through(points_of("-132,60 -112,122 -70,166 0,184 70,166 112,122 132,60")), 0.3),
        through(points_of("150,120 176,250 120,340 0,372 -120,340 -176,250 -150,120")),
    )
    canvas.fill(under, cloth)
    for fold in ([(-110, 170), (-60, 244), (50, 300), (120, 318)], [(120, 176), (70, 240), (-20, 270), (-90, 280)]):
        canvas.line(through(fold), darker(cloth, 0.14), 2, 6, 2)
    crease = through([(-120, -150), (-60, -180), (30, -186), (110, -150)])
    canvas.line(canvas.head(crease, _FRONT), lighter(cloth, 0.25), 2, 7, 2)
