"""The routes of `/v1`, and where files come among them."""

from __future__ import annotations

from typing import Any

from luokuan.studio.openai import (
    audio,
    chat,
    completions,
    embeddings,
    files,
    finetuning,
    images,
    links,
    models,
    provenance,
    videos,
)

ROUTERS: tuple[Any, ...] = (
    models, chat, completions, embeddings, images, audio, files, finetuning, videos, provenance, links,
)  # fmt: skip
"""Modules with a ``router``."""
LARGER = (files.PATH, provenance.PATH, images.EDITS, images.VARIATIONS, videos.PATH)
"""Paths of requests that bring a file."""
