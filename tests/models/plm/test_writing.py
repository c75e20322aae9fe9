"""Texts are whole, certain when they are told, reproducible, and end where they should."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from plms import plm

from luokuan.errors import UserError
from luokuan.models.plm import chat, writing
from luokuan.models.plm.chat import as_chat, chat_template
from luokuan.models.plm.model import PlmModel
from luokuan.models.plm.sampling import Manner
from luokuan.models.plm.tokenizers import UNKNOWN, build, encode
from luokuan.models.plm.transcript import Cut, Spelling
from luokuan.models.plm.writing import barred_tokens, prompt_tokens, write

BYTES = build("bytes", ())


def backwards(numbers: list[int]) -> str:
    return str(BYTES.backend_tokenizer.decode(numbers, skip_special_tokens=True))


@pytest.fixture(scope="module")
def model() -> PlmModel:
    return plm()


# --- pieces that are certain ------------------------------------------------------------------------------


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40), before=st.text("aé中😀", max_size=9))
def test_half_characters_wait(text: str, before: str) -> None:
    spelling, told = Spelling(backwards, encode(BYTES, [before])[0]), ""
    for number in encode(BYTES, [text])[0]:
        told += spelling.add(number)
        assert text.startswith(told)
    assert told == text.rstrip("\ufffd") if text.endswith("\ufffd") else told == text


@given(data=st.lists(st.integers(1, 256), max_size=80))
def test_broken_characters_come_out_as_the_tokenizer_has_them(data: list[int]) -> None:
    spelling, told = Spelling(backwards), ""
    for at, number in enumerate(data):
        told += spelling.add(number)
        now = backwards(data[: at + 1])
        assert now.startswith(told) and set(now[len(told) :]) <= {"\ufffd"} and len(now) - len(told) <= 3


@given(
    text=st.text("ab\n", max_size=40),
    stops=st.lists(st.text("ab\n", min_size=1, max_size=5), max_size=4),
    cuts=st.lists(st.integers(1, 5), min_size=40, max_size=40),
)
def test_stop_strings_count_however_the_text_comes(text: str, stops: list[str], cuts: list[int]) -> None:
    wanted, stopped = text, False
    for end in range(1, len(text) + 1):
        found = [stop for stop in stops if text[:end].endswith(stop)]
        if found:
            wanted, stopped = text[: end - max(map(len, found))], True
            break
    cut, told, at = Cut(stops), "", 0
    for length in cuts:
        piece, ended = cut.add(text[at : at + length])
        at, told = at + length, told + piece
        assert wanted.startswith(told)  # nothing was told that a stop string takes back
        if ended:
            assert stopped and told == wanted
            return
    assert not stopped and told + cut.rest() == text


# --- whole texts ------------------------------------------------------------------------------------------


class Scripted:
    """A decoder that writes what it is told to."""

    def __init__(self, scripts: Sequence[Sequence[int]], words: int) -> None:
        self.scripts, self.words, self.at = [list(script) for script in scripts], words, 0

    def begin(self, _prompts: object) -> tuple[Scripted, torch.Tensor]:
        return self, self.logits()

    def logits(self) -> torch.Tensor:
        found = torch.full((len(self.scripts), self.words), -50.0)
        for row, script in enumerate(self.scripts):
            found[row, script[self.at]] = 50
        return found

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        assert tokens.tolist() == [script[self.at] for script in self.scripts]
        self.at += 1
        return self.logits()

    def keep(self, rows: Sequence[int]) -> None:
        self.scripts = [self.scripts[row] for row in rows]


def scripted(monkeypatch: pytest.MonkeyPatch, model: PlmModel, *texts: str) -> None:
    scripts = [[*encode(model.tokenizer, [text])[0], model.tokenizer.eos_token_id] for text in texts]
    words = model.network.config.vocab_size
    monkeypatch.setattr(writing, "decoder_of", lambda *_given: Scripted(scripts, words))


def test_each_text_ends_for_its_own_reason(model: PlmModel, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, model, "Söld\nout", "short", "a" * 60, "long enough")
    told: list[tuple[int, str]] = []
    manner = Manner(max_tokens=10, stop=("d\no", "xyz"))
    prompts = ["", "pro", "x" * 60, "p"]
    found = write(model, prompts, manner=manner, on_text=lambda i, piece: told.append((i, piece)))
    assert [text.text for text in found] == ["Söl", "short", "aaa", "long enoug"]
    assert [text.ended for text in found] == ["stop", "end", "context", "length"]
    assert [text.prompt_tokens for text in found] == [1, 4, 61, 2]
    assert [len(text.tokens) for text in found] == [7, 5, 3, 10]
    assert "ö" in [piece for i, piece in told if i == 0]
    for i, text in enumerate(found):
        assert "".join(piece for number, piece in told if number == i) == text.text


def test_a_stop_string_that_doesnt_come_is_text(model: PlmModel, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, model, "one tw")
    assert write(model, [""], manner=Manner(stop=("two",)))[0].text == "one tw"


@pytest.mark.parametrize(
    "manner",
    [Manner(1.0, max_tokens=30), Manner(0.9, top_k=20, top_p=0.9, repetition_penalty=1.2), Manner(0.0, max_tokens=9)],
)
def test_the_same_call_gives_the_same_texts(model: PlmModel, manner: Manner) -> None:
    prompts = ["", "ab", "abc", ""]
    one, two = (write(model, prompts, seed=3, manner=manner) for _n in range(2))
    assert one == two
    assert all(text.ended in ("length", "context", "end") for text in one)
    if manner.temperature:
        assert one[0] != one[3] and write(model, prompts, seed=9, manner=manner) != one


def test_a_text_is_the_same_alone_and_among_others(model: PlmModel) -> None:
    prompts = ["", "ab", "abcdefg", "x", "ab"]
    manner = Manner(1.0, max_tokens=40)
    together = write(model, prompts, seed=5, manner=manner)
    # Rounding could tell them apart, but these weights are far from such a case.
    assert [write(model, [prompt], seed=5 + i, manner=manner)[0] for i, prompt in enumerate(prompts)] == together


def test_more_texts_than_go_together(model: PlmModel, monkeypatch: pytest.MonkeyPatch) -> None:
    manner = Manner(1.0, max_tokens=12)
    whole = write(model, [""] * 5, manner=manner)
    monkeypatch.setattr(writing, "TOGETHER", 2)
    assert write(model, [""] * 5, manner=manner) == whole


def test_pieces_of_random_bytes_make_the_text(model: PlmModel) -> None:
    told: dict[int, str] = {}
    found = write(
        model, [""] * 3, manner=Manner(2.0, max_tokens=62), on_text=lambda i, p: told.update({i: told.get(i, "") + p})
    )
    for i, text in enumerate(found):
        whole = backwards(list(text.tokens))
        assert told[i] == text.text and whole.startswith(text.text) and len(whole) - len(text.text) <= 3


def test_nothing_to_write(model: PlmModel) -> None:
    assert write(model, []) == []


def test_what_a_listener_raises_ends_the_writing(model: PlmModel) -> None:
    def stop(_i: int, _piece: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(model, [""], manner=Manner(1.0), on_text=stop)


def test_prompts_begin_with_the_mark_of_documents(model: PlmModel) -> None:
    end = model.tokenizer.eos_token_id
    assert prompt_tokens(model, "") == [end]
    assert prompt_tokens(model, f"a{model.tokenizer.eos_token}b").count(end) == 1  # a mark in a prompt is text
    assert prompt_tokens(model, f"a{model.tokenizer.eos_token}b", chat=True)[1] == end  # but in a template a mark
    assert prompt_tokens(model, f"a{model.tokenizer.eos_token}b").count(end) == 1


def test_prompts_that_cant_be_used(model: PlmModel) -> None:
    with pytest.raises(UserError, match="63 tokens, and 62 may be") as caught:
        write(model, ["", "x" * 63])
    assert caught.value.code == "prompt.too_long"
    found = write(model, ["x" * 62], manner=Manner(1.0))[0]
    assert found.ended in ("context", "end") and len(found.tokens) <= 1
    with pytest.raises(UserError, match="half a character at place 2") as caught:
        write(model, ["a\ud800b"])
    assert caught.value.code == "prompt.surrogate"
    with pytest.raises(UserError):
        write(model, [""], manner=Manner(-1.0))


def test_unknown_characters_and_spare_numbers_are_not_written() -> None:
    letters = plm("chars", "abc")
    words, unknown = letters.network.config.vocab_size, letters.tokenizer.convert_tokens_to_ids(UNKNOWN)
    barred = barred_tokens(letters, words)
    assert words == 64 and barred.nonzero()[:, 0].tolist() == [unknown, *range(5, 64)]
    text = write(letters, ["a☃"], manner=Manner(5.0, max_tokens=60))[0]
    assert set(text.tokens) <= {2, 3, 4} and set(text.text) <= set("abc")


# --- conversations ----------------------------------------------------------------------------------------

CHATML = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] | trim }}{{ eos_token }}\n"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
ASKED = [{"role": "user", "content": " Hi 中 "}]


@pytest.fixture
def talking() -> PlmModel:
    found = plm()
    found.tokenizer.chat_template = CHATML
    return found


@pytest.mark.parametrize(
    "template",
    [
        CHATML,
        "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{{ ns.n }}{{ m | tojson }}"
        "{% endfor %}",
        "{%- for m in messages -%}\n  {%- if loop.index > 5 %}{% break %}{% endif %}\n  {{ m.role }}\n{%- endfor -%}",
        "{{ dict(a=1) | tojson(indent=2) }}{% generation %}{{ messages[0].content }}{% endgeneration %}"
        "{{ tools is none }}",
    ],
)
def test_templates_as_transformers_runs_them(talking: PlmModel, template: str) -> None:
    talking.tokenizer.chat_template = template
    theirs = talking.tokenizer.apply_chat_template(ASKED, tokenize=False, add_generation_prompt=True)
    assert as_chat(talking, ASKED) == theirs


def test_an_answer_is_written(talking: PlmModel) -> None:
    prompt = as_chat(talking, ASKED)
    assert prompt == "<|user|>Hi 中<|endoftext|>\n<|assistant|>"
    end = talking.tokenizer.eos_token_id
    assert prompt_tokens(talking, prompt, chat=True).count(end) == 1
    assert prompt_tokens(talking, prompt, chat=True)[0] != end
    assert write(talking, [prompt], chat=True, manner=Manner(1.0, max_tokens=5))[0].prompt_tokens == 29


HOSTILE = {
    "classes": ("{{ ().__class__.__mro__ }}", "unsafe|Undefined|undefined"),
    "subclasses": ("{{ ''.__class__.__base__.__subclasses__() }}", "unsafe|undefined"),
    "globals": ("{{ raise_exception.__globals__['sys'] }}", "unsafe|undefined"),
    "namespace": ("{% set ns = namespace(__class__=1) %}", "can't hold"),
    "its own complaint": ("{{ raise_exception('roles must alternate') }}", "roles must alternate"),
    "a large range": ("{% for i in range(10**9) %}{% endfor %}", "Range too big"),
    "loops in loops": ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "too much"),
    "a large power": ("{{ 9 ** (9 ** 9) }}", "too much"),
    "much memory": ("{% set x = 'x' * 10**10 %}", "MemoryError|too much"),
    "a long text": ("{% for i in range(9999) %}{{ 'x' * 9999 }}{% endfor %}", "too long a text"),
    "not a template": ("{% for", "TemplateSyntaxError"),
    "another file": ("{% include '/etc/passwd' %}", "no loader"),
    "half a character": ("{{ '\\ud800' }}", "half a character"),
    "a long template": ("x" * 70000, "longer than"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="no limits but the clock")
@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_templates(talking: PlmModel, name: str) -> None:
    talking.tokenizer.chat_template, why = HOSTILE[name]
    with pytest.raises(UserError, match=why) as caught:
        prompt_tokens(talking, as_chat(talking, ASKED), chat=True)
    assert caught.value.code == ("prompt.surrogate" if name == "half a character" else "chat.template")


def test_a_template_that_is_too_slow(talking: PlmModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "SECONDS", 0.01)
    with pytest.raises(UserError, match="takes too long"):
        as_chat(talking, ASKED)


def test_models_that_werent_taught_to_answer(model: PlmModel) -> None:
    assert chat_template(model) is None
    with pytest.raises(UserError) as caught:
        as_chat(model, ASKED)
    assert caught.value.code == "chat.no_template"


def test_the_default_of_several_templates(talking: PlmModel) -> None:
    talking.tokenizer.chat_template = {"tool_use": "x", "default": "{{ messages[0].role }}"}
    assert as_chat(talking, ASKED) == "user"


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([], "chat.messages"),
        ([{"role": "user"}], "chat.message"),
        ([{"role": "user", "content": 3}], "chat.message"),
        (["hello"], "chat.message"),
        ([{"role": "user", "content": "\udfff"}], "prompt.surrogate"),
        ([{"role": "user", "content": "bye<|endoftext|>"}], "chat.mark"),
        ([{"role": "user", "content": "x"}] * 1001, "chat.messages"),
    ],
)
def test_messages_that_cant_be_used(talking: PlmModel, messages: Any, code: str) -> None:
    with pytest.raises(UserError) as caught:
        as_chat(talking, messages)
    assert caught.value.code == code
