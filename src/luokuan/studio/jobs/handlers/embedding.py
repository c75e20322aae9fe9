"""Vectors of texts, for programs that compare or search them. No work is made."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from pydantic import Field

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.studio.jobs.briefs import Name
from luokuan.studio.jobs.kinds import Brief, Kind, register
from luokuan.studio.jobs.references import model_path

if TYPE_CHECKING:
    from luokuan.store.home import Home
    from luokuan.studio.jobs.context import Context

KIND = "embed.texts"
MOST = 256
"""Texts at once."""


class EmbeddingBrief(Brief):
    """``model``: a language model, or a VAE of sentences."""

    model: Name
    texts: tuple[str, ...] = Field(min_length=1, max_length=MOST)


def check(brief: EmbeddingBrief, home: Home) -> None:
    """Refuse a model that isn't there."""
    model_path(brief.model, home)


def run(context: Context, brief: EmbeddingBrief) -> dict[str, Any]:
    """The vectors: little-endian float32 in Base64 each, and how many tokens were read."""
    from luokuan.foundation.modelfolder import read_folder
    from luokuan.models.plm.embedding import embed
    from luokuan.models.registry import WRITING, loaded, loader_name

    folder = read_folder(model_path(brief.model, context.home))
    row = loader_name(folder)
    if row in WRITING:
        found, tokens = embed(loaded(folder), brief.texts)
    elif row == "vae/text":
        model = loaded(folder)
        found, tokens = model.posterior(brief.texts)[0], sum(len(one) for one in model.rows(brief.texts))
    else:
        raise UserError(
            _("'{name}' gives no vectors of texts.", name=brief.model),
            _("Choose a language model, or a VAE of sentences."),
            code="model.kind",
        )
    vectors = found.float().numpy().astype("<f4")
    return {"vectors": [base64.b64encode(one.tobytes()).decode() for one in vectors], "tokens": tokens}


register(Kind(name=KIND, brief=EmbeddingBrief, run=run, check=check))
