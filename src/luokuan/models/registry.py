"""Families by name. A new family is one row here and one package beside ``gan``."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.errors import UserError
from luokuan.foundation.modelfolder import ModelFolder, resolve
from luokuan.i18n import _
from luokuan.models.codec.config import FACTOR
from luokuan.models.interface import PictureModel

if TYPE_CHECKING:
    from luokuan.models.clip.model import ClipModel
    from luokuan.models.gan.music.model import MusicGan
    from luokuan.models.gan.text.model import TextGan
    from luokuan.models.plm.model import PlmModel
    from luokuan.models.plm.music.model import MusicPlm
    from luokuan.models.seq2seq.model import Seq2SeqModel
    from luokuan.models.sound.model import SoundModel
    from luokuan.models.speech.model import SpeechModel
    from luokuan.models.vae.music.model import MusicVae
    from luokuan.models.vae.text.model import TextVae
    from luokuan.models.vits.model import VitsVoice

FAMILIES: dict[str, str] = {
    "gan": "luokuan.models.gan.model:GanModel",
    "gan/text": "luokuan.models.gan.text.model:TextGan",
    "gan/music": "luokuan.models.gan.music.model:MusicGan",
    "codec": "luokuan.models.codec.model:Codec",
    "prior": "luokuan.models.prior.model:PriorModel",
    "upscaler": "luokuan.models.upscaler.model:Upscaler",
    "vae": "luokuan.models.vae.model:Vae",
    "vae/text": "luokuan.models.vae.text.model:TextVae",
    "vae/music": "luokuan.models.vae.music.model:MusicVae",
    "plm": "luokuan.models.plm.model:PlmModel",
    "plm/music": "luokuan.models.plm.music.model:MusicPlm",
    "seq2seq": "luokuan.models.seq2seq.model:Seq2SeqModel",
    "sound": "luokuan.models.sound.model:SoundModel",
    "clip": "luokuan.models.clip.model:ClipModel",
    "speech": "luokuan.models.speech.model:SpeechModel",
    "vits": "luokuan.models.vits.model:VitsVoice",
}
"""Family name (``config.json``'s ``family``), or ``family/kind`` where a kind has a loader of its own, to
``module:class``; the class has ``from_folder(folder)``."""

TRAINERS: dict[str, str] = {
    "gan": "luokuan.models.gan.kinds:train_gan",
    "codec": "luokuan.models.codec.train:train_codec",
    "prior": "luokuan.models.prior.train:train_prior",
    "upscaler": "luokuan.models.upscaler.train:train_upscaler",
    "vae": "luokuan.models.vae.kinds:train_vae",
    "plm": "luokuan.models.plm.train:train_plm",
    "seq2seq": "luokuan.models.seq2seq.train:train_seq2seq",
    "sound": "luokuan.models.sound.train:train_sound",
    "clip": "luokuan.models.clip.train:train_clip",
    "speech": "luokuan.models.speech.train:train_speech",
}
"""Family name to ``module:function``: (corpus or corpora, name=…, choices of its run) to a model folder."""
SEVERAL = ("codec", "upscaler", "seq2seq")
"""Families that learn from several corpora at once."""

TOOLS = ("codec", "upscaler")
"""Families that make nothing by themselves: other models work in a codec's space, an upscaler enlarges what they make.
"""
WRITING = ("plm",)
"""Families that make text."""
TRANSLATING = ("seq2seq",)
"""Families that turn one text into another."""
LATENT_TEXT = ("vae/text", "gan/text")
"""Those that make text from a latent vector."""
MUSIC = ("vae/music", "gan/music", "plm/music")
"""Those that make music."""
SOUNDS = ("sound",)
"""Families that make sound effects."""
CLIPS = ("clip",)
"""Families that make clips."""
VOICES = ("speech", "vits")
"""Families that speak."""
OTHERS = (*TOOLS, *WRITING, *TRANSLATING, *LATENT_TEXT, *MUSIC, *SOUNDS, *CLIPS, *VOICES)
"""All that make no pictures."""


def loader_name(folder: ModelFolder) -> str:
    """The row of ``FAMILIES`` that loads the folder: its family, with its kind where that has a row of its own."""
    of_kind = f"{folder.family}/{folder.config.get('kind')}"
    return of_kind if of_kind in FAMILIES else folder.family


def makes_pictures(reference: str | Path) -> bool:
    """Whether the model makes pictures from a brief.

    Raises:
        UserError: no such model.
    """
    return loader_name(resolve(reference)) not in OTHERS


def load_picture_model(reference: str | Path) -> PictureModel:
    """``load_model`` of a model that makes pictures.

    Raises:
        UserError: it makes none; or see ``load_model``.
    """
    if loader_name(resolve(reference)) in MUSIC:
        raise UserError(
            _("'{name}' makes music and no pictures.", name=reference),
            _("Choose another --model; see `luokuan models list`."),
            code="model.tool",
        )
    if loader_name(resolve(reference)) in SOUNDS:
        raise UserError(
            _("'{name}' makes sounds and no pictures.", name=reference),
            _("Choose another --model; see `luokuan models list`."),
            code="model.tool",
        )
    if loader_name(resolve(reference)) in CLIPS:
        raise UserError(
            _("'{name}' makes clips and no pictures.", name=reference),
            _("Choose another --model; see `luokuan models list`."),
            code="model.tool",
        )
    if loader_name(resolve(reference)) in VOICES:
        raise UserError(
            _("'{name}' makes speech and no pictures.", name=reference),
            _("Choose another --model; see `luokuan models list`."),
            code="model.tool",
        )
    if not makes_pictures(reference):
        writes = loader_name(resolve(reference)) in (*WRITING, *TRANSLATING, *LATENT_TEXT)
        raise UserError(
            _("'{name}' makes text and no pictures.", name=reference)
            if writes
            else _("'{name}' makes no pictures by itself: it serves other models.", name=reference),
            _("Choose another --model; see `luokuan models list`."),
            code="model.tool",
        )
    model: PictureModel = load_model(reference)
    return model


def load_writing_model(reference: str | Path) -> PlmModel:
    """``load_model`` of a language model. A folder that says nothing of a family is taken for one of transformers.

    Raises:
        UserError: it is a model of another kind; or see ``load_model``.
    """
    family = loader_name(resolve(reference))
    if family not in WRITING:
        raise UserError(
            _("'{name}' is a model of the family '{family}' and writes no text.", name=reference, family=family),
            _("Choose another --model; see `luokuan models list`."),
            code="model.kind",
        )
    model: PlmModel = load_model(reference)
    return model


def load_latent_text_model(reference: str | Path) -> TextVae | TextGan:
    """``load_model`` of a VAE or a GAN of sentences.

    Raises:
        UserError: it is a model of another kind; or see ``load_model``.
    """
    folder = resolve(reference)
    if loader_name(folder) not in LATENT_TEXT:
        raise UserError(
            _("'{name}' is neither a VAE nor a GAN of sentences: it has no latent vector to move in.", name=reference),
            _("Choose another --model; see `luokuan models list`."),
            code="model.kind",
        )
    model: TextVae | TextGan = load_model(reference)
    return model


def load_music_model(reference: str | Path) -> MusicVae | MusicGan | MusicPlm:
    """``load_model`` of a model of music.

    Raises:
        UserError: it is a model of another kind; or see ``load_model``.
    """
    if loader_name(resolve(reference)) not in MUSIC:
        raise UserError(
            _("'{name}' makes no music.", name=reference),
            _("Choose another --model; see `luokuan models list`."),
            code="model.kind",
        )
    model: MusicVae | MusicGan | MusicPlm = load_model(reference)
    return model


def load_sound_model(reference: str | Path) -> SoundModel:
    """``load_model`` of a model of sound effects.

    Raises:
        UserError: it is a model of another kind; or see ``load_model``.
    """
    if loader_name(resolve(reference)) not in SOUNDS:
        raise UserError(
            _("'{name}' makes no sound effects.", name=reference),
            _("Choose another --model; see `luokuan models list`."),
            code="model.kind",
        )
    model: SoundModel = load_model(reference)
    return model


def load_clip_model(reference: str | Path) -> ClipModel:
    """``load_model`` of a model of clips.

    Raises:
        UserError: it is a model of another kind; or see ``load_model``.
    """
    if loader_name(resolve(reference)) not in CLIPS:
        raise UserError(
            _("'{name}' makes no clips.", name=reference),
            _("Choose another --model; see `luokuan models list`."),
            code="model.kind",
        )
    model: ClipModel = load_model(reference)
    return model


def load_voice_model(reference: str | Path) -> SpeechModel | VitsVoice:
    """``load_model`` of a voice: one that was trained here, or a stranger's.

    Raises:
        UserError: it is a model of another kind; or see ``load_model``.
    """
    if loader_name(resolve(reference)) not in VOICES:
        raise UserError(
            _("'{name}' is no voice.", name=reference),
            _("Choose another --model; see `luokuan models list`."),
            code="model.kind",
        )
    model: SpeechModel | VitsVoice = load_model(reference)
    return model


def load_translating_model(reference: str | Path) -> PlmModel | Seq2SeqModel:
    """``load_model`` of an encoder-decoder, or of a language model, which is asked to translate.

    Raises:
        UserError: it is a model of another kind; or see ``load_model``.
    """
    family = loader_name(resolve(reference))
    if family not in (*WRITING, *TRANSLATING):
        raise UserError(
            _("'{name}' is a model of the family '{family}' and writes no text.", name=reference, family=family),
            _("Choose another --model; see `luokuan models list`."),
            code="model.kind",
        )
    model: PlmModel | Seq2SeqModel = load_model(reference)
    return model


def picture_size(config: Mapping[str, Any]) -> Any:
    """Side in pixels of the pictures that a model of this config.json makes; None if it doesn't say."""
    size = config.get("size")
    # In latents ``size`` counts cells.
    return size * FACTOR if config.get("space") == "latent" and isinstance(size, int) else size


def load_model(reference: str | Path) -> Any:
    """Load a model by path, store name, starter name or Hub id through its family's strict loader.

    Raises:
        UserError: no such model, a folder that is not a model, an unknown family, or damaged files.
    """
    return loaded(resolve(reference))


_kept: OrderedDict[tuple[str, str], Any] = OrderedDict()
_most_kept = 0


def keep_models(most: int) -> None:
    """From now on keep so many loaded models, those that were used last: for processes that do one thing after the
    other. Ask for none and they are let go."""
    global _most_kept  # noqa: PLW0603
    _most_kept = most
    while len(_kept) > most:
        _kept.popitem(last=False)


def loaded(folder: ModelFolder) -> Any:
    """The model in ``folder``, through its family's strict loader; the one that was kept, if its files are the same.

    Raises:
        UserError: an unknown family, or damaged files.
    """
    key = (str(folder.path), folder.digest)
    if key in _kept:
        _kept.move_to_end(key)
        return _kept[key]
    load = family_loader(folder)
    while _kept and len(_kept) >= _most_kept:
        _kept.popitem(last=False)  # before the next one is loaded: both at once may be too much
    model = load(folder)
    if _most_kept:
        _kept[key] = model
    return model


def family_loader(folder: ModelFolder) -> Callable[[ModelFolder], Any]:
    """The strict loader of the family named in the folder's config.

    Raises:
        UserError: the family is unknown to this version.
    """
    family = folder.family
    target = FAMILIES.get(loader_name(folder))
    if target is None:
        raise UserError(
            _(
                "{path} is of the family '{family}', which this version doesn't know.",
                path=folder.path,
                family=family,
            ),
            _(
                "Known families: {families}. Update Luokuan or choose another model.",
                families=", ".join(FAMILIES),
            ),
            code="model.family",
        )
    module, name = target.split(":")
    loader: Callable[[ModelFolder], Any] = getattr(import_module(module), name).from_folder
    return loader


def trainer(family: str) -> Callable[..., ModelFolder | None]:
    """The training function of ``family``.

    Raises:
        UserError: the family is unknown; when called: several corpora for a family that takes one.
    """
    if family not in TRAINERS:
        raise UserError(
            _("The family '{family}' can't be trained.", family=family),
            _("Known: {families}.", families=", ".join(TRAINERS)),
            code="training.family",
        )
    module, name = TRAINERS[family].split(":")
    function: Callable[..., ModelFolder | None] = getattr(import_module(module), name)

    def train(corpus: str | Path | list[str | Path], **choices: Any) -> ModelFolder | None:
        if isinstance(corpus, list) and family not in SEVERAL:
            if len(corpus) != 1:
                raise UserError(
                    _("The family '{family}' learns from one corpus.", family=family),
                    _("Put the material into one folder."),
                    code="training.corpora",
                )
            (corpus,) = corpus
        return function(corpus, **choices)

    return train
