"""What a picture shows, cut out of its background: GrabCut (Rother, Kolmogorov and Blake 2004,
doi 10.1145/1015706.1015720) by OpenCV.

Colours of the border are background, those within may be either; two mixtures of normal distributions of colours and a
minimal cut along edges are sought in turn. It is done on a small picture, and then once more in the strip along the
edge of the full one. Colours along the edge are then taken from within the subject, so that none of the old background
shines through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from luokuan.errors import UserError
from luokuan.i18n import _

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 360
"""Longest side in pixels at which the subject is sought."""
BORDER = 0.03
"""The outermost part of a picture that is background, as a share of its shorter side."""
ROUNDS, AGAIN = 5, 2
"""Of GrabCut: from nothing, and with the colours that are known then."""
LEAST, MOST = 0.02, 0.9
"""Shares of the picture that a subject covers."""
APART = 1.5
"""How much more probable the subject's colours must be as its own than as the background's: the mean of the logarithms
over its pixels; and likewise the background's."""
PARTS, HOLES = 0.1, 0.003
"""Smallest part of a subject, and largest hole in it that is closed, as shares of its largest part."""
SOFTEST = 0.008
"""Of the edge, as a share of the shorter side, for a strength of 1."""
Box = tuple[float, float, float, float]


def cut_out(picture: NDArray[np.uint8], inside: Box | None = None, softness: float = 0.5) -> NDArray[np.float32]:
    """How much of each pixel is the subject's, float32 (H, W), 0 to 1.

    Args:
        picture: uint8 (H, W, 3).
        inside: A box that holds the whole subject: left, top, width and height as shares of the picture, 0 to 1.
        softness: Of the edge, 0 (hard) to 1.

    Raises:
        UserError: OpenCV isn't installed, or no subject stands out from the background.
    """
    cv2 = _opencv()
    height, width = picture.shape[:2]
    times = min(1.0, SIDE / max(height, width))
    small = (max(1, round(width * times)), max(1, round(height * times)))
    # OpenCV's order of channels is blue, green, red; the mixtures don't care, but its examples do.
    seen = cv2.resize(picture[..., ::-1], small, interpolation=cv2.INTER_AREA)
    mask, models = _sought(cv2, seen, inside)
    subject = _whole(mask & 1 == 1)
    _check(seen, subject, models)
    if times < 1:
        subject = _finer(cv2, picture, subject, models)
    if softness == 0:
        return subject.astype(np.float32)
    reach = max(0.6, softness * SOFTEST * min(height, width))
    soft = cv2.GaussianBlur(subject.astype(np.float32), (0, 0), reach)
    # A little to the inside: what lies on the very edge is a mixture of both.
    return np.clip(soft * 2 - 0.8, 0, 1).astype(np.float32)


def laid_over(picture: NDArray[np.uint8], subject: NDArray[np.float32], ground: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The subject on another ground.

    Args:
        picture: uint8 (H, W, 3).
        subject: float32 (H, W), see ``cut_out``.
        ground: uint8 (H, W, 3).
    """
    from scipy.ndimage import distance_transform_edt

    sure = subject > 0.98
    own = picture
    if sure.any():
        places = distance_transform_edt(~sure, return_distances=False, return_indices=True)
        own = np.where((subject > 0)[..., None], picture[tuple(places)], picture)
    share = subject[..., None]
    return np.rint(own * share + ground * (1 - share)).astype(np.uint8)


def _opencv() -> Any:
    try:
        import cv2
    except ImportError as error:
        raise UserError(
            _("Replacing a background needs the package opencv-python-headless, which isn't installed."),
            _("Run: pip install opencv-python-headless."),
            code="effect.opencv",
        ) from error
    return cv2


def _sought(cv2: Any, seen: NDArray[np.uint8], inside: Box | None) -> tuple[NDArray[np.uint8], tuple[Any, Any]]:
    height, width = seen.shape[:2]
    edge = max(1, round(BORDER * min(height, width)))
    rows, columns = slice(edge, height - edge), slice(edge, width - edge)
    if inside is not None:
        left, top, wide, high = inside
        rows = slice(max(1, round(top * height)), min(height - 1, round((top + high) * height)))
        columns = slice(max(1, round(left * width)), min(width - 1, round((left + wide) * width)))
    mask = np.full((height, width), cv2.GC_BGD, np.uint8)
    mask[rows, columns] = cv2.GC_PR_FGD
    models = (np.zeros((1, 65)), np.zeros((1, 65)))
    if not (mask == cv2.GC_PR_FGD).any() or seen.std(axis=(0, 1)).max() < 2:
        raise _nothing()
    cv2.setRNGSeed(0)
    cv2.grabCut(seen, mask, None, *models, ROUNDS, cv2.GC_INIT_WITH_MASK)
    if inside is None and (mask & 1).any():
        # A subject may run out of the picture: where it reaches the border, the border may be its own.
        near = cv2.dilate(mask & 1, np.ones((2 * edge + 1, 2 * edge + 1), np.uint8)) == 1
        mask[(mask == cv2.GC_BGD) & near] = cv2.GC_PR_BGD
        cv2.grabCut(seen, mask, None, *models, AGAIN, cv2.GC_EVAL)
    return mask, models


def _finer(
    cv2: Any, picture: NDArray[np.uint8], subject: NDArray[np.bool_], models: tuple[Any, Any]
) -> NDArray[np.bool_]:
    """The edge of a subject that was found in a small picture, in the full one."""
    height, width = picture.shape[:2]
    reach = 2 * int(np.ceil(1.5 * max(height / subject.shape[0], 1))) + 1
    large = cv2.resize(subject.astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
    block = np.ones((reach, reach), np.uint8)
    mask = np.where(large == 1, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    mask[cv2.erode(large, block) == 1] = cv2.GC_FGD
    mask[cv2.dilate(large, block) == 0] = cv2.GC_BGD
    cv2.grabCut(np.ascontiguousarray(picture[..., ::-1]), mask, None, *(one.copy() for one in models), 1, cv2.GC_EVAL)
    return _whole(mask & 1 == 1)


def _whole(subject: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without specks and hairlines, and without holes that are no larger than specks."""
    from scipy.ndimage import binary_opening, label

    subject = binary_opening(subject, np.ones((3, 3), bool)) if subject.sum() > 100 else subject
    parts, _count = label(subject)
    areas = np.bincount(parts.ravel())
    areas[0] = 0
    largest = areas.max(initial=0)
    kept = (areas >= PARTS * largest)[parts] & subject
    gaps, _count = label(~kept)
    sizes = np.bincount(gaps.ravel())
    outer = np.unique(np.concatenate([gaps[0], gaps[-1], gaps[:, 0], gaps[:, -1]]))
    closed = sizes <= HOLES * largest
    closed[outer] = False
    return kept | (closed[gaps] & ~kept)


def _check(seen: NDArray[np.uint8], subject: NDArray[np.bool_], models: tuple[Any, Any]) -> None:
    if not LEAST <= subject.mean() <= MOST or separation(seen, subject, models) < APART:
        raise _nothing()


def separation(seen: NDArray[np.uint8], subject: NDArray[np.bool_], models: tuple[Any, Any]) -> float:
    """The smaller of two means over pixels: how much more probable (natural logarithm) a pixel of the subject is by the
    subject's mixture than by the background's, and the other way round."""
    flat = seen.reshape(-1, 3).astype(float)
    more = _probable(flat, models[1]) - _probable(flat, models[0])
    own = subject.ravel()
    return float(min(more[own].mean(), -more[~own].mean()))


def _probable(colours: NDArray[np.float64], model: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms of the density of colours (n, 3) in a mixture of five, as OpenCV lays it out."""
    from scipy.special import logsumexp

    flat = model.ravel()
    count = len(flat) // 13
    shares, means, spreads = flat[:count], flat[count : 4 * count].reshape(-1, 3), flat[4 * count :].reshape(-1, 3, 3)
    found = []
    for share, mean, spread in zip(shares, means, spreads, strict=True):
        if share <= 0:
            continue
        own, off = spread + np.eye(3), colours - mean
        apart = np.einsum("ni,ij,nj->n", off, np.linalg.inv(own), off)
        found.append(np.log(share) - 0.5 * (apart + np.linalg.slogdet(2 * np.pi * own)[1]))
    return np.asarray(logsumexp(found, axis=0))


def _nothing() -> UserError:
    return UserError(
        _("Nothing in the picture stands out from its background."),
        _("Give --inside, a box around what is to stay, or a picture with a plainer background."),
        code="effect.subject",
    )
