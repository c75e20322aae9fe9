"""Model folders: config.json, model.safetensors, README.md, training.json; saved whole, loaded strictly."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luokuan.errors import UserError
from luokuan.files import expand, new_folder, sha256_bytes, sha256_file
from luokuan.foundation import int8weights
from luokuan.foundation.foreign import family_of
from luokuan.foundation.hub import fetch
from luokuan.foundation.hubcard import licence_of_card
from luokuan.foundation.pickles import PICKLES, refused_pickle
from luokuan.i18n import _
from luokuan.store.home import Home, open_home

if TYPE_CHECKING:
    from torch import Tensor

CONFIG, WEIGHTS, CARD, TRAINING = "config.json", "model.safetensors", "README.md", "training.json"
TOKENIZER = "tokenizer.json"
TOKENIZER_FILES = (TOKENIZER, "tokenizer_config.json", "special_tokens_map.json")
NGRAMS = "ngrams.safetensors"
PIECES = (
    "source.spm", "target.spm", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model", "vocab.json",
    "target_vocab.json", "vocab.txt", "merges.txt", "added_tokens.json",
)  # fmt: skip
"""Older tokenizers, which tokenizer.json doesn't hold: what transformers reads where that is missing."""
LANGUAGE = (*TOKENIZER_FILES, "chat_template.jinja", "generation_config.json", NGRAMS)
"""What the folder of a language model holds besides."""
FILES = (CONFIG, WEIGHTS, CARD, TRAINING, *LANGUAGE, *PIECES)
"""What a folder may hold and its digest covers."""
SHEETS = ("samples.webp", "samples.png")
"""Names of an optional sheet of samples for people, the usual one first; it is not part of the digest."""
SHEET = SHEETS[0]
STORED = "stored"
"""Entry of config.json: how the weights are stored, where that isn't as the family itself stores them."""
JSON_LIMIT = 4 << 20
HEADER_LIMIT = 16 << 20
STARTERS = Path(__file__).parents[1] / "starters"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HUB = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_TYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip


def _damaged(path: Path, why: str) -> UserError:
    return UserError(
        _("{path} is damaged: {why}.", path=path, why=why),
        _("Take another copy of the model, or train it again."),
        code="model.damaged",
    )


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model at rest.

    Args:
        path: The folder.
        name: How people call it.
        config: config.json: the family and the shape of its networks, without ``stored``.
        training: training.json: corpus digest and licence, seed, versions, machine, steps, measured figures;
            empty when the file is absent.
        digest: SHA-256 over the lines ``name sha256\\n`` of the files present, sorted by name.
        network_digest: The same of config.json, model.safetensors and the tokenizer alone: what the model computes,
            whatever its card says by now. By this one model names another that it works with.
        stored: ``int8`` (see ``int8weights``), or empty: each tensor as the family says.
    """

    path: Path
    name: str
    config: dict[str, Any]
    training: dict[str, Any]
    digest: str
    _headers: dict[str, tuple[tuple[int, ...], str]] = field(repr=False, default_factory=dict)
    network_digest: str = ""
    stored: str = ""

    @property
    def family(self) -> str:
        """See ``foreign.family_of``."""
        return family_of(self.config)

    @property
    def licence(self) -> str:
        """SPDX id of the licence of the training corpus; of a model that was not trained here the one that its card
        (README.md) names; or ``unknown``."""
        corpus = self.training.get("corpus")
        if isinstance(corpus, dict):
            return str(corpus.get("licence") or "unknown")
        return licence_of_card(self.path / CARD)

    @property
    def corpus_digest(self) -> str:
        """Digest of the training corpus, or empty."""
        corpus = self.training.get("corpus")
        return str(corpus.get("digest") or "") if isinstance(corpus, dict) else ""

    @property
    def aliases(self) -> dict[str, str]:
        """Other words for the classes, such as ``{"连衣裙": "dress"}``; empty where there are none."""
        corpus = self.training.get("corpus")
        found = corpus.get("aliases") if isinstance(corpus, dict) else None
        pairs = found.items() if isinstance(found, dict) else ()
        return {word: name for word, name in pairs if isinstance(name, str)}

    @property
    def sheet(self) -> Path | None:
        """Its sheet of samples, if there is one."""
        return sheet_of(self.path)

    @property
    def megabytes(self) -> float:
        """Size of the weights in MB (10⁶ bytes)."""
        return (self.path / WEIGHTS).stat().st_size / 1e6

    @property
    def tensor_count(self) -> int:
        """How many tensors the weights hold."""
        return len(self._headers)

    def dtype(self, tensor: str) -> str:
        """The type of a tensor, such as ``float16``; empty where there is none of this name."""
        return self._headers[tensor][1] if tensor in self._headers else ""

    def tensors(self, expected: Mapping[str, tuple[tuple[int, ...], str]]) -> dict[str, Tensor]:
        """Read the weights, strictly. Those that are stored as int8 come as float32.

        Args:
            expected: Name to (shape, dtype name such as ``float16``) of every tensor.

        Raises:
            UserError: a tensor is missing, left over, or has another shape or type; it is stored as int8, and its
                scales are missing or no scales; the file is damaged.
        """
        packed = self.stored == int8weights.INT8
        headers, faults = int8weights.seen(self._headers) if packed else (self._headers, [])
        wrong = [
            *faults,
            *(_("'{name}' is missing", name=n) for n in expected.keys() - headers.keys()),
            *(_("'{name}' is not part of it", name=n) for n in headers.keys() - expected.keys()),
            *(
                _("'{name}' is {found}, not {wanted}", name=n, found=headers[n], wanted=expected[n])
                for n in expected.keys() & headers.keys()
                if headers[n] != expected[n]
            ),
        ]
        if wrong:
            shown = "; ".join(sorted(wrong)[:3])
            raise UserError(
                _("The weights in {path} don't fit their config.json: {what}.", path=self.path, what=shown),
                _("Take another copy of the model, or train it again."),
                code="model.tensors",
            )
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            found = load_file(self.path / WEIGHTS)
        except (SafetensorError, OSError) as error:
            raise _damaged(self.path / WEIGHTS, str(error)) from error
        try:
            return int8weights.unpacked(found) if packed else found
        except ValueError as error:
            raise _damaged(self.path / WEIGHTS, str(error)) from error


def sheet_of(path: Path) -> Path | None:
    """The sheet of samples in a model folder, if there is one."""
    return next((path / name for name in SHEETS if (path / name).is_file()), None)


def is_name(name: str) -> bool:
    """Whether ``name`` can name a model or run (see ``check_name``)."""
    return _NAME.fullmatch(name) is not None


def check_name(name: str) -> str:
    """``name`` itself, if it can name a model or run.

    Raises:
        UserError: it has other characters than letters, digits, ``.``, ``_`` and ``-``, or is too long.
    """
    if not is_name(name):
        raise UserError(
            _("'{name}' can't be a name.", name=name[:80]),
            _("Use 1 to 64 letters, digits, dots, hyphens and underscores; begin with a letter or digit."),
            code="model.name",
        )
    return name


def read_folder(path: Path) -> ModelFolder:
    """Look at a model folder without loading its weights.

    Raises:
        UserError: no such folder, no config.json or model.safetensors, pickles inside, damaged files.
    """
    if not path.is_dir():
        raise UserError(
            _("There is no model folder at {path}.", path=path),
            _("Give a folder with config.json and model.safetensors, or see `luokuan models list`."),
            code="model.absent",
            status=404,
        )
    try:
        items = list(path.iterdir())
    except OSError as error:
        raise UserError(
            _("{path} can't be read: {why}.", path=path, why=error.strerror or error),
            _("Check its permissions."),
            code="model.unreadable",
        ) from error
    for item in items:
        if item.suffix.lower() in PICKLES:
            raise refused_pickle(path, item.name)
        if item.name in FILES and not _lies_in(item, path):
            raise UserError(
                _("{file} is a link that leaves the model folder.", file=item),
                _("Put the file itself into the folder."),
                code="model.link",
            )
    config = read_json(path / CONFIG, required=True)
    if not (path / WEIGHTS).is_file():
        raise UserError(
            _("{path} holds no model.safetensors.", path=path),
            _("Take another copy of the model, or train it again."),
            code="model.no_weights",
        )
    stored = config.get(STORED)
    if stored == int8weights.INT8:  # of anything else the family says that it doesn't know it
        del config[STORED]
    return ModelFolder(
        path=path,
        name=path.name if path.name not in ("", "..") else path.resolve().name or "model",
        config=config,
        training=read_json(path / TRAINING, required=False),
        digest=_digest(path),
        _headers=_read_headers(path / WEIGHTS),
        network_digest=_digest(path, (CONFIG, WEIGHTS, *TOKENIZER_FILES, *PIECES)),
        stored=stored if stored == int8weights.INT8 else "",
    )


def _lies_in(item: Path, folder: Path) -> bool:
    try:
        return item.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # a link to itself leads nowhere
        return False


def _digest(path: Path, names: Sequence[str] = FILES) -> str:
    lines = [f"{name} {sha256_file(path / name)}\n" for name in sorted(names) if (path / name).is_file()]
    return sha256_bytes("".join(lines).encode())


def read_json(path: Path, *, required: bool) -> dict[str, Any]:
    """The JSON object in a file of a model folder; empty where there is no file and it isn't ``required``. Raises
    UserError where it is missing, damaged or too large."""
    if not path.is_file():
        if not required:
            return {}
        raise UserError(
            _("{path} holds no config.json: it is not a model folder.", path=path.parent),
            _("Give the folder that `luokuan train` wrote, or a name from `luokuan models list`."),
            code="model.no_config",
        )
    if path.stat().st_size > JSON_LIMIT:
        raise _damaged(path, _("it is larger than {limit} bytes", limit=JSON_LIMIT))
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        # An escaped half of a character (\ud800) passes as JSON, but no file, table or manifest can hold it.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise _damaged(path, _("it is not JSON ({why})", why=error)) from error
    if not isinstance(found, dict):
        raise _damaged(path, _("it is not a JSON object"))
    return found


def _read_headers(path: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """Names, shapes and types from the file's header (safetensors format: u64 length, JSON, data)."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        start = stream.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        if 8 + length > size or length > HEADER_LIMIT:
            raise _damaged(path, _("its header is cut off"))
        header = stream.read(length)
    try:
        entries = {k: v for k, v in json.loads(header).items() if k != "__metadata__"}
        found = {k: (tuple(map(int, v["shape"])), _TYPES[v["dtype"]]) for k, v in entries.items()}
        end = max((int(v["data_offsets"][1]) for v in entries.values()), default=0)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise _damaged(path, _("its header can't be read")) from error
    if 8 + length + end != size:
        raise _damaged(path, _("{found} bytes instead of {wanted}", found=size, wanted=8 + length + end))
    return found


def save_folder(
    path: Path,
    *,
    config: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    training: Mapping[str, Any],
    card: str,
    more: Mapping[str, bytes] | None = None,
) -> ModelFolder:
    """Write a model folder, whole or not at all; equal content gives equal bytes.

    Args:
        more: Further files of ``LANGUAGE`` by name.

    Raises:
        UserError: no room, or the place can't be written.
    """
    from safetensors.torch import save

    weights = save({name: tensors[name].contiguous() for name in sorted(tensors)}, metadata={"format": "pt"})
    with new_folder(path) as part:
        (part / WEIGHTS).write_bytes(weights)
        (part / CONFIG).write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        (part / TRAINING).write_text(json.dumps(training, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        (part / CARD).write_text(card, encoding="utf-8")
        for name, data in (more or {}).items():
            (part / name).write_bytes(data)
    return read_folder(path)


def starters() -> list[str]:
    """Names of the models that come with Luokuan."""
    if not STARTERS.is_dir():
        return []
    return sorted(item.name for item in STARTERS.iterdir() if (item / CONFIG).is_file())


def list_models(home: Home | None = None, *, unreadable: list[UserError] | None = None) -> list[ModelFolder]:
    """Models of the store, then starters; what is wrong with folders that can't be read goes to ``unreadable``."""
    place = (home or open_home()).models
    found = []
    names = [item for item in sorted(place.iterdir()) if _NAME.fullmatch(item.name) and item.is_dir()]
    for path in (*names, *(STARTERS / name for name in starters())):
        try:
            found.append(read_folder(path))
        except UserError as error:
            if unreadable is not None:
                unreadable.append(error)
    return found


def resolve(reference: str | Path, home: Home | None = None) -> ModelFolder:
    """Find a model by path, store name, starter name or Hub id (``owner/name``), in this order.

    Raises:
        UserError: there is none, or it can't be read.
    """
    text = str(reference)
    path = expand(text)
    if isinstance(reference, Path) or (path / CONFIG).is_file() or (("/" in text or "\\" in text) and path.is_dir()):
        return read_folder(path)
    if _NAME.fullmatch(text):
        for place in ((home or open_home()).models / text, STARTERS / text):
            if place.is_dir():
                return read_folder(place)
    if _HUB.fullmatch(text):
        return read_folder(fetch(text, [*FILES, *SHEETS], home or open_home()))
    names = sorted({model.name for model in list_models(home)})
    raise UserError(
        _("There is no model '{name}'.", name=text[:120]),
        _("Known models: {names}. A folder or a Hub id (owner/name) works too.", names=", ".join(names) or "-"),
        code="model.unknown",
        status=404,
    )


def find_tokenizer(reference: str, home: Home) -> Path:
    """The folder with the tokenizer of a model, which may lack weights: by path, store name, starter name or Hub id.

    Raises:
        UserError: there is no such model.
    """
    places = [expand(reference), *((home.models / reference, STARTERS / reference) if is_name(reference) else ())]
    for place in places:
        if (place / TOKENIZER).is_file():
            return place
    if _HUB.fullmatch(reference) and not expand(reference).exists():
        return fetch(reference, [CONFIG, *TOKENIZER_FILES], home)
    return resolve(reference, home).path
