"""A studio in a process of its own with tiny models, and what tests of `/v1` ask it with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from openai import OpenAI
from plms import kept_in, qwen3

from luokuan.foundation.modelfolder import ModelFolder
from luokuan.models.plm.model import PlmModel
from luokuan.models.plm.tokenizers import build, size
from luokuan.store.accounts import AccountRow
from luokuan.store.database import Database
from luokuan.store.home import Home

EVERYTHING = ("works:read", "models:read", "create", "train")
LETTERS = "the quick brown fox jumps over a lazy dog. User: Assistant: hello\n "


@dataclass(frozen=True)
class V1:
    """The studio: its address, its home, its people and their keys."""

    address: str
    home: Home
    database: Database
    accounts: dict[str, AccountRow]
    keys: dict[str, str]

    def client(self, name: str = "ada", **options: Any) -> OpenAI:
        """The official client, as somebody."""
        return OpenAI(base_url=f"{self.address}/v1", api_key=self.keys[name], **{"max_retries": 0, **options})

    def send(self, method: str, path: str, name: str = "ada", **options: Any) -> httpx2.Response:
        """A plain request."""
        headers = {"Authorization": f"Bearer {self.keys[name]}", **options.pop("headers", {})}
        return httpx2.request(method, f"{self.address}{path}", headers=headers, timeout=120, **options)

    def own(self, work_id: str, name: str = "ada") -> bool:
        """Whether a work is somebody's."""
        from luokuan.store.ownership import owner_of

        with self.database.read() as connection:
            return owner_of(connection, work_id) == self.accounts[name].id


def writer(folder: Path, *, template: str | None = None, letters: str = LETTERS, ends: bool = False) -> Path:
    """A language model with random weights that knows ``letters``."""
    tokenizer = build("chars", [letters])
    network = qwen3(size(tokenizer), 256)
    folder.mkdir(parents=True)
    kept_in(folder, PlmModel(ModelFolder(folder, "writer", network.config.to_dict(), {}, ""), network, tokenizer))
    if not ends:
        # So that tests know how long a text is.
        _never_end(folder, int(tokenizer.eos_token_id))
    if template is not None:
        (folder / "chat_template.jinja").write_text(template)
    return folder


def _never_end(folder: Path, end: int) -> None:
    place = folder / "generation_config.json"
    place.write_text(json.dumps({**json.loads(place.read_text()), "suppress_tokens": [end]}))
