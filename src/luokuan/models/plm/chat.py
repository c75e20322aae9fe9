"""Laying out a conversation as a model's chat template says.

A template is a program in Jinja that comes with the model. It runs in Jinja's sandbox, in a child process with little
time and memory: the sandbox refuses what leaves the template, but neither loops in loops nor ``9 ** 9 ** 9``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from luokuan.errors import UserError
from luokuan.i18n import _
from luokuan.models.plm.model import PlmModel

# -P: the folder in which somebody happens to stand may hold a file named like a module of ours.
COMMAND = [sys.executable, "-P", "-m", "luokuan.models.plm.template"]
TEMPLATE_LIMIT = 1 << 16
"""Most characters of a template."""
MESSAGES, MESSAGE_LIMIT = 1000, 1 << 20
"""Most messages, and characters of them together."""
TOGETHER = 32
"""Conversations that one child lays out: its limits are for all of them."""
SECONDS = 10.0
"""Most time on the clock that laying out may take."""


def chat_template(model: PlmModel) -> str | None:
    """The template of the model, or None if it has none."""
    found = model.tokenizer.chat_template
    if isinstance(found, Mapping):
        found = found.get("default")
    return found if isinstance(found, str) and found.strip() else None


def as_chat(model: PlmModel, messages: Sequence[Mapping[str, str]]) -> str:
    """The prompt that asks for the answer to ``messages``, for ``writing.write`` with ``chat=True``.

    Args:
        messages: The conversation so far, each ``{"role": ..., "content": ...}``.

    Raises:
        UserError: the model has no template, or it is too long, fails, or takes too long; a message lacks something,
            holds half a character or a mark of the model's.
    """
    return laid_out(model, [(messages, True)])[0]


def laid_out(model: PlmModel, conversations: Sequence[tuple[Sequence[Mapping[str, str]], bool]]) -> list[str]:
    """Each (messages, whether an answer is asked for) as the template lays it out.

    Raises:
        UserError: see ``as_chat``.
    """
    template = chat_template(model)
    if template is None:
        raise UserError(
            _("The model '{name}' has no chat template: it can go on from a text, but wasn't taught to answer.",
              name=model.folder.name),
            _("Give a prompt instead of messages."),
            code="chat.no_template",
        )  # fmt: skip
    if len(template) > TEMPLATE_LIMIT:
        raise _broken(model, _("it is longer than {limit} characters", limit=TEMPLATE_LIMIT))
    marks = {key: value for key, value in model.tokenizer.special_tokens_map.items() if isinstance(value, str)}
    variables = [
        {**marks, "messages": _checked(model, messages), "add_generation_prompt": asks}
        for messages, asks in conversations
    ]
    texts: list[str] = []
    for start in range(0, len(variables), TOGETHER):
        texts += _run(model, template, variables[start : start + TOGETHER])
    return texts


def _run(model: PlmModel, template: str, variables: list[dict[str, Any]]) -> list[str]:
    try:
        answer = subprocess.run(  # noqa: S603 - our own module, no shell
            COMMAND,
            input=json.dumps({"template": template, "variables": variables}),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        ).stdout
        found = json.loads(answer)
        texts, why = found.get("texts"), str(found.get("error"))
    except subprocess.TimeoutExpired:
        texts, why = None, _("it takes too long")
    except ValueError:  # the child was ended by one of its limits
        texts, why = None, _("it takes too much time or memory")
    if not isinstance(texts, list) or len(texts) != len(variables):
        raise _broken(model, why)
    return [str(text) for text in texts]


def _checked(model: PlmModel, messages: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    plain = []
    for message in messages:
        pair: list[Any] = [message.get(key) for key in ("role", "content")] if isinstance(message, Mapping) else [None]
        if not all(isinstance(value, str) for value in pair):
            raise UserError(
                _("A message has no role or no content."),
                _("Each needs the two texts role and content."),
                code="chat.message",
            )
        plain.append({"role": pair[0], "content": pair[1]})
    whole = "\n".join(text for message in plain for text in message.values())
    if not plain or len(plain) > MESSAGES or len(whole) > MESSAGE_LIMIT:
        raise UserError(
            _("The conversation has no messages, or too many."),
            _("Give 1 to {count} with at most {length} characters together.", count=MESSAGES, length=MESSAGE_LIMIT),
            code="chat.messages",
        )
    try:
        whole.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            _("A message holds half a character."),
            _("Remove it, or give the text as UTF-8."),
            code="prompt.surrogate",
        ) from error
    for mark in model.tokenizer.all_special_tokens:
        if mark in whole:
            # It would begin or end a turn in somebody else's name.
            raise UserError(
                _("A message holds '{mark}', with which this model marks turns.", mark=mark),
                _("Remove it."),
                code="chat.mark",
            )
    return plain


def _broken(model: PlmModel, why: str) -> UserError:
    return UserError(
        _("The chat template of '{name}' can't be used: {why}.", name=model.folder.name, why=why[:200].rstrip(".")),
        _("Give a prompt instead of messages, or take another copy of the model."),
        code="chat.template",
    )
