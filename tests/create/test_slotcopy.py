"""Copy by a model that writes slots: which briefs it can write, what it can't write, how sentences become texts."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import torch
from plms import plm, slot_plm

from luokuan.create.copies import draft_copies
from luokuan.create.copybrief import Brief
from luokuan.create.slotcopy import (
    Task,
    best_of,
    faults_of,
    filled,
    tasks_of,
    texts_of,
    truth_told,
)
from luokuan.create.slots import placeholders, slot_errors
from luokuan.create.slotwriting import write_sentences, writes_slots
from luokuan.errors import UserError
from luokuan.media import Text
from luokuan.models.plm.sampling import Manner
from luokuan.models.plm.tokenizers import encode
from luokuan.models.plm.writing import end_tokens, prompt_tokens

ASPIRE = Brief("Aspire 5", (("RAM", "8 GB"), ("Price", "$499"), ("business", "no")), language="en")


def told(*pairs: tuple[str, str], form: str = "description") -> list[Task]:
    return tasks_of(Brief("Aspire 5", pairs, form=form, language="en"))


def test_a_brief_becomes_a_heading() -> None:
    (task,) = tasks_of(ASPIRE)
    assert task.head == "inform laptop\nMEMORY NAME PRICE TYPE isforbusinesscomputing false\n"
    assert dict(task.attributes) == {
        "name": "Aspire 5", "type": "laptop", "memory": "8 GB", "price": "$499", "isforbusinesscomputing": "false",
    }  # fmt: skip


def test_many_attributes_get_several_sentences_and_an_ad_recommends_first() -> None:
    names = ("memory", "price", "weight", "battery", "drive", "design", "warranty")
    found = told(*((name, "1") for name in names), form="ad")
    assert [task.head.split("\n")[0] for task in found] == ["recommend laptop", "inform laptop", "inform laptop"]
    assert [name for task in found for name, _value in task.attributes[2:]] == list(names)


def test_the_kind_of_product_follows_from_its_attributes() -> None:
    assert told(("hdmi", "2"), ("price", "$1"))[0].head.startswith("inform tv\n")
    assert told(("price", "$1"), ("type", "smart TV"))[0].head.startswith("inform tv\n")
    assert dict(told(("price", "$1"), ("type", "tablet"))[0].attributes)["type"] == "tablet"


@pytest.mark.parametrize(
    ("pairs", "names"),
    [
        ([("colur", "red")], "color"),
        ([("megapixels", "12")], "memory"),
        ([("memory", "8 GB"), ("hdmi", "2")], "memory, hdmiport"),
        ([("memory", "8 GB"), ("RAM", "9 GB")], "memory"),
        ([("name", "B")], "--product"),
        ([("usb", "maybe")], "maybe"),
        ([("type", "laptop")], "battery"),
        ([], "battery"),
    ],
)
def test_what_it_has_never_read_of_is_refused(pairs: list[tuple[str, str]], names: str) -> None:
    with pytest.raises(UserError) as caught:
        told(*pairs)
    assert caught.value.code == "copy.attribute"
    assert names in f"{caught.value}"


@pytest.mark.parametrize("brief", [Brief("小米", (("memory", "8 GB"),)), Brief("X", (("memory", "8"),), form="slogan")])
def test_languages_and_forms_that_it_has_not_learnt(brief: Brief) -> None:
    with pytest.raises(UserError) as caught:
        tasks_of(brief)
    assert caught.value.code == "copy.model"


@pytest.mark.parametrize(
    ("name", "value", "sentence", "answer"),
    [
        ("hasusbport", "true", "it has usb ports and HDMIPORT hdmi ports", True),
        ("hasusbport", "true", "it has no usb port , but HDMIPORT hdmi ports", False),
        ("hasusbport", "false", "it doesn't have usb", True),
        ("hasusbport", "false", "it lacks usb ports", True),
        ("hasusbport", "false", "it has HDMIPORT hdmi ports", False),
        ("isforbusinesscomputing", "true", "NAME is for business computing", True),
        ("isforbusinesscomputing", "false", "NAME is not for business computing", True),
        ("isforbusinesscomputing", "false", "NAME is for home use", True),
        ("isforbusinesscomputing", "true", "NAME is for home use", False),
    ],
)
def test_truths_are_looked_for_in_the_words(name: str, value: str, sentence: str, answer: bool) -> None:
    assert truth_told(name, value, sentence) is answer


def test_faults_name_what_is_missing_and_too_much() -> None:
    (task,) = tasks_of(ASPIRE)
    wrong = faults_of("the NAME NAME is a TYPE for work with MEMORY and FAMILY", task.attributes)
    assert [fault.written for fault in wrong] == ["$499", "Aspire 5", "FAMILY", "isforbusinesscomputing=false"]


def test_another_kind_of_product_is_called_by_its_name() -> None:
    sentence = "the NAME TYPE is a nice computer with MEMORY"
    kinds = [told(("memory", "8 GB"), *more)[0].attributes for more in ((), (("type", "tablet"),))]
    assert [[wrong.written for wrong in faults_of(sentence, kind)] for kind in kinds] == [[], ["computer"]]


def test_sentences_get_marks_capitals_and_articles() -> None:
    given = [("name", "iMac"), ("battery", "8 hour"), ("type", "ultrabook"), ("ecorating", "A+"), ("price", "$9")]
    sentence = "the NAME 's a TYPE ; i like it ( with an BATTERY battery ) . it has a ECORATING rating , for an PRICE"
    assert filled(sentence, given) == (
        "The iMac's an ultrabook; I like it (with an 8 hour battery). It has an A+ rating, for a $9."
    )
    assert filled("NAME is nice", given) == "iMac is nice."


def test_texts_take_the_best_sentences_and_name_the_product_once() -> None:
    tasks = told(*((name, name[0]) for name in ("memory", "price", "weight", "drive")))
    sentences = [
        ["the NAME is a TYPE with MEMORY", "the NAME is a TYPE with MEMORY at PRICE"],
        ["the NAME TYPE has DRIVE , at WEIGHT it is light", "nothing"],
    ]
    ((text, wrong),) = texts_of(tasks, sentences, 1)
    assert text == "The Aspire 5 is a laptop with m at p. It has d, at w it is light."
    assert wrong == []


def test_no_figure_but_those_of_the_brief_can_be_written() -> None:
    model = slot_plm()
    assert writes_slots(model)
    tasks = tasks_of(ASPIRE)
    ((*strict,), (*free,)) = (
        write_sentences(model, tasks, seed=1, among=12, manner=Manner(temperature=2), strict=strict)[0]
        for strict in (True, False)
    )
    assert not any(re.search(r"\d", sentence) for sentence in strict)
    assert all(slot_errors(sentence, tasks[0].attributes)[1] == 0 for sentence in strict)
    assert any(placeholders(sentence) for sentence in strict)
    # Left alone, weights at random write other slots and digits.
    assert sum(slot_errors(sentence, tasks[0].attributes)[1] for sentence in free) > 0


def test_drafts_are_ranked_and_tell_their_faults() -> None:
    model = slot_plm()
    brief = Brief("Aspire 5", (("memory", "8 GB"), ("price", "$499")), tone="bold", must=("free shipping",))
    drafts = list(draft_copies(brief, model=model, seed=3, count=3, among=4, manner=Manner(temperature=1.5)))
    parameters = [draft.recipe.parameters for draft in drafts]
    assert [one["rank"] for one in parameters] == [1, 2, 3]
    slots = [sum(wrong["kind"] == "slot" for wrong in one["findings"]) for one in parameters]
    assert slots == sorted(slots)
    assert all("free shipping" in [wrong["written"] for wrong in one["findings"]] for one in parameters)
    assert parameters[0]["ignored"] == ["tone", "must"]
    texts = [draft.media.text for draft in drafts if isinstance(draft.media, Text)]
    again = draft_copies(brief, model=model, seed=3, count=3, among=4, manner=Manner(temperature=1.5))
    assert texts == [draft.media.text for draft in again if isinstance(draft.media, Text)]
    assert len(set(texts)) == 3


def test_sentences_come_the_likeliest_first() -> None:
    model = slot_plm()
    (task,) = tasks_of(ASPIRE)
    (drafts,) = write_sentences(model, [task], seed=2, among=6, manner=Manner(temperature=1.5))

    def nats(sentence: str) -> float:
        head, whole = (prompt_tokens(model, text) for text in (task.head, task.head + sentence))
        tokens = [*head, *encode(model.tokenizer, [sentence])[0], min(end_tokens(model))]
        assert whole[: len(head) - 1] == head[:-1]
        with torch.inference_mode():
            logits = model.network(input_ids=torch.tensor([tokens])).logits[0, :-1].log_softmax(-1)
        return -float(logits[torch.arange(len(tokens) - 1), tokens[1:]][len(head) - 1 :].mean())

    found = [nats(draft) for draft in drafts]
    assert found == sorted(found)
    assert found[0] < found[-1]


def test_the_faultless_come_before_the_likely() -> None:
    (task,) = tasks_of(ASPIRE)
    drafts = [
        "the NAME TYPE is for home use",
        "the NAME TYPE with MEMORY costs PRICE and is for business",
        "the NAME TYPE with MEMORY costs PRICE and is for home use , with hdmi",
        "the NAME TYPE with MEMORY costs PRICE and is for home use",
    ]
    assert best_of(task, drafts, 2) == [drafts[3], drafts[1]]
    assert [wrong.written for wrong in faults_of(drafts[2], task.attributes)] == ["hdmi"]


def test_a_model_that_does_neither_is_refused() -> None:
    with pytest.raises(UserError) as caught:
        list(draft_copies(ASPIRE, model=plm()))
    assert caught.value.code == "copy.model"


def test_a_model_with_a_chat_template_answers_with_its_mark() -> None:
    model = plm(context=2048)
    model.folder = replace(model.folder, digest="0" * 64)
    model.tokenizer.chat_template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}<answer>"
    made = draft_copies(
        Brief("Aspire 5", (("colour", "red"),), form="slogan"), model=model, seed=3, count=2, among=2,
        manner=Manner(max_tokens=12), secret=b"secret",
    )  # fmt: skip
    parameters = [draft.recipe.parameters for draft in made]
    assert [one["rank"] for one in parameters] == [1, 2]
    assert all(one["chat"] and one["watermark"] and "superlatives" in one["system"] for one in parameters)
    assert "ignored" not in parameters[0]


@pytest.mark.parametrize("values", [{"count": 0}, {"count": 65}, {"among": 500}, {"seed": -1}, {"seed": 2**63 - 1}])
def test_numbers_out_of_range(values: dict[str, int]) -> None:
    with pytest.raises(UserError) as caught:
        list(draft_copies(ASPIRE, model=slot_plm(), **values))
    assert caught.value.code == "create.range"


def test_names_are_read_without_case_spaces_and_plural() -> None:
    (task,) = told(("Screen size", "50 inch"), ("HDMI ports", "3"), ("usb-port", "Yes"))
    assert [name for name, _value in task.attributes[2:]] == ["screensize", "hdmiport", "hasusbport"]
