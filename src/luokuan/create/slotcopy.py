"""Copy of sentences with slots: from a brief to what a model is asked for, and from its sentences to texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from luokuan.create.brief import joined
from luokuan.create.copybrief import Brief
from luokuan.create.copychecks import SLOT, Finding
from luokuan.create.ranking import ranked
from luokuan.create.slots import (
    NAME,
    SLOTS,
    TRUTHS,
    TYPE,
    heading,
    lexicalised,
    placeholder,
    placeholders,
    slot_errors,
    values_of,
)
from luokuan.errors import UserError
from luokuan.i18n import _

ACTS = {"description": "inform", "ad": "recommend"}
"""What the corpus calls the forms that such a model has learnt."""
TOGETHER = 3
"""Attributes of a sentence, name and type not counted, as in most of the corpus; more get more sentences."""
TYPES = {"laptop": "laptop", "tv": "television"}
ALIASES = {
    "ram": "memory", "storage": "drive", "harddrive": "drive", "disk": "drive", "cpu": "processor",
    "os": "platform", "operatingsystem": "platform", "batterylife": "battery", "size": "dimension",
    "business": "isforbusinesscomputing", "forbusiness": "isforbusinesscomputing", "use": "utility",
    "guarantee": "warranty", "series": "family", "line": "family", "kind": "type", "finish": "design",
    "screen": "screensize", "colour": "color", "power": "powerconsumption", "energyrating": "ecorating",
    "hdmi": "hdmiport", "hdmiports": "hdmiport", "usb": "hasusbport", "usbport": "hasusbport",
    "usbports": "hasusbport", "sound": "audio",
}  # fmt: skip
"""Other words for attributes, as ``joined`` makes them."""
MATTERS = {
    ("accessories",): r"accessor\w*|\bremote\b|\bglasses\b",
    ("accessories", "warranty"): r"\bwarrant\w*",
    ("audio",): r"\baudio\b|\bstereo\b",
    ("battery", "batteryrating"): r"\bbatter\w*",
    ("color", "design"): r"\bcolou?r\w*|\bbezel\b",
    ("drive", "driverange"): r"\bdrive\b",
    ("ecorating",): r"\beco\b",
    ("family",): r"\bfamily\b|\bseries\b",
    ("hasusbport",): r"\busb\b",
    ("hdmiport",): r"\bhdmi\b",
    ("isforbusinesscomputing",): r"\bbusiness\b",
    ("memory",): r"\bmemory\b",
    ("platform",): r"\bplatform\b|\boperating\b",
    ("powerconsumption",): r"\bpower\b|\bconsum(?:es?|ption)\b",
    ("price", "pricerange"): r"\bpric(?:e|es|ed|ing)\b|\bcosts?\b",
    ("processor",): r"\bprocessor\b",
    ("resolution",): r"\bresolution\b",
    ("screensize", "screensizerange", "dimension", "resolution"): r"\bscreen\b|\bdimensions?\b",
    ("weight", "weightrange"): r"\bweigh\w*",
}
"""Words of a matter, by the attributes of which one must have been asked for: a few training sentences in a thousand
have them without."""
_YES = {"true": "true", "yes": "true", "1": "true", "false": "false", "no": "false", "0": "false"}
_DENIAL = (
    r"\b(?:no|not|non|nor|neither|without|zero|lack\w*|excludes?|isn't|doesn't|doesnt|absent|non-?business)\b|n't\b"
)
_VOWEL = re.compile(
    r"[aefhilmnorsx](?![\w])|[aefhilmnorsx](?=[\d+])|8|11(?!\d)|18(?!\d)|[aeio]|u(?!ni|s[aeb]|ti)", re.I
)
"""How words begin that stand after "an": spelt letters, eight and eleven, vowels but those that sound like y or w."""


@dataclass(frozen=True, slots=True)
class Task:
    """A sentence to be written: ``head``: what the model goes on from; ``attributes``: all that the sentence tells."""

    head: str
    attributes: tuple[tuple[str, str], ...]


def tasks_of(brief: Brief) -> list[Task]:
    """The sentences that a brief asks for.

    Raises:
        UserError: a language or form that wasn't learnt, an attribute that no product of the corpus has, attributes of
            different products, one twice, one that is neither true nor false, or none at all.
    """
    if brief.spoken != "en" or brief.form not in ACTS:
        raise UserError(
            _("This model writes only English descriptions and ads of products."),
            _("Choose another --model: one with a chat template, or a server's."),
            code="copy.model",
        )
    pairs = [(_known(name), value) for name, value in brief.attributes]
    names = [name for name, _value in pairs]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise UserError(
            _("The attribute '{name}' is given twice.", name=twice[0]),
            _("Give it once."),
            code="copy.attribute",
        )
    if NAME in names:
        raise UserError(
            _("The product's name is given twice."), _("Give it with --product alone."), code="copy.attribute"
        )
    domain = _domain(names, dict(pairs).get(TYPE, ""))
    kind = dict(pairs).get(TYPE, TYPES[domain])
    told = [(name, _truth(name, value) if name in TRUTHS else value) for name, value in pairs if name != TYPE]
    if not told:
        raise UserError(
            _("The brief gives no attribute of which the model could write."),
            _("Give some of: {names}.", names=", ".join(SLOTS[domain][2:])),
            code="copy.attribute",
        )
    parts = -(-len(told) // TOGETHER)
    found = []
    for part in range(parts):
        chosen = told[part * len(told) // parts : (part + 1) * len(told) // parts]
        attributes = ((NAME, brief.product), (TYPE, kind), *chosen)
        act = ACTS[brief.form] if part == 0 else "inform"
        found.append(Task(heading(act, domain, attributes), attributes))
    return found


def _known(name: str) -> str:
    bare = joined(name)
    bare = ALIASES.get(bare, bare)
    every = sorted({known for names in SLOTS.values() for known in names})
    if bare in every:
        return bare
    near = [ALIASES.get(word, word) for word in get_close_matches(bare, [*every, *ALIASES], n=4, cutoff=0.5)]
    raise UserError(
        _("This model has never read of the attribute '{name}'.", name=name[:40]),
        _("The nearest that it knows: {names}.", names=", ".join(dict.fromkeys(near)))
        if near
        else _("It knows: {names}.", names=", ".join(every)),
        code="copy.attribute",
    )


def _domain(names: Sequence[str], kind: str) -> str:
    fitting = [domain for domain, known in SLOTS.items() if set(names) <= set(known)]
    if not fitting:
        raise UserError(
            _("No product that the model has read of has all of these attributes together: {names}.",
              names=", ".join(names)),
            _("Of laptops it knows {laptop}; of televisions {tv}.",
              laptop=", ".join(SLOTS["laptop"][2:]), tv=", ".join(SLOTS["tv"][2:])),
            code="copy.attribute",
        )  # fmt: skip
    return "tv" if fitting == ["tv"] or ("tv" in fitting and re.search(r"tv|television", kind, re.I)) else fitting[0]


def _truth(name: str, value: str) -> str:
    if value.casefold() not in _YES:
        raise UserError(
            _("The attribute '{name}' is true or false, not '{value}'.", name=name, value=value[:40]),
            _("Write true or false."),
            code="copy.attribute",
        )
    return _YES[value.casefold()]


def truth_told(name: str, value: str, sentence: str) -> bool:
    """Whether a sentence with slots says that an attribute of ``TRUTHS`` is so, as far as its words show: the matter
    is named, with a denial in the same clause if it is false and without one if it is true."""
    matter = r"\busb\b" if name == "hasusbport" else r"business|\bwork\b|\boffice\b"
    home = r"\bhome\b|\bpersonal|\bleisure\b|\bprivate\b|\bgeneral\b"
    if name == "isforbusinesscomputing" and value == "false":
        matter += f"|{home}"
    clauses = [c for c in re.split(r"[.;,]|\b(?:and|but|with|which|that)\b(?! (?:does|is|do|are)?n[o']t)", sentence)
               if re.search(matter, c)]  # fmt: skip
    if not clauses:
        return False
    denied = any(re.search(_DENIAL, clause) for clause in clauses)
    if name == "isforbusinesscomputing" and value == "false":
        return denied or bool(re.search(home, sentence))
    return denied == (value == "false")


def faults_of(sentence: str, attributes: Sequence[tuple[str, str]]) -> list[Finding]:
    """What a sentence with slots doesn't tell, tells twice, or tells uncalled for."""
    wanted, found = values_of(attributes), placeholders(sentence)
    faults = [Finding(SLOT, value, _("The sentence doesn't tell it.")) for s, value in wanted.items() if not found[s]]
    faults += [
        Finding(SLOT, wanted.get(slot, slot), _("The sentence tells it too often, or uncalled for."))
        for slot, times in found.items()
        if times > (slot in wanted)
    ]
    names, kind = {name for name, _value in attributes}, dict(attributes).get(TYPE, "")
    other = re.search(r"\b(?:computer|laptop|notebook|television|tv)s?\b", sentence)
    if other and kind not in TYPES.values():
        faults.append(Finding(SLOT, other.group(), _("The product is called something else.")))
    faults += [
        Finding(SLOT, match.group(), _("The sentence speaks of it, and the brief doesn't."))
        for about, pattern in MATTERS.items()
        if not names & set(about) and (match := re.search(pattern, sentence))
    ]
    return faults + [
        Finding(SLOT, f"{name}={value}", _("The sentence doesn't say so clearly."))
        for name, value in attributes
        if name in TRUTHS and not truth_told(name, value, sentence)
    ]


def best_of(task: Task, drafts: Sequence[str], count: int) -> list[str]:
    """The ``count`` best sentences: those with the fewest faults, of these such from the likeliest quarter, of these
    such that differ: what differs most of all drafts is often no English.

    Args:
        drafts: The likeliest first, as ``write_sentences`` gives them.
    """
    quarter = max(count, -(-len(drafts) // 4))
    ranks = [
        (len(faults_of(draft, task.attributes)), sum(slot_errors(draft, task.attributes)[:2]), int(place >= quarter))
        for place, draft in enumerate(drafts)
    ]
    return [drafts[place] for place in ranked(ranks, [draft.split() for draft in drafts], count)]


def texts_of(tasks: Sequence[Task], sentences: Sequence[Sequence[str]], count: int) -> list[tuple[str, list[Finding]]]:
    """``count`` texts and what is wrong with their slots: the best sentences of all tasks, then the second ones …"""
    best = [best_of(task, drafts, count) for task, drafts in zip(tasks, sentences, strict=True)]
    found = []
    for own in zip(*best, strict=True):
        pairs = list(zip(tasks, own, strict=True))
        wrong = [fault for task, draft in pairs for fault in faults_of(draft, task.attributes)]
        parts = [filled(_shortly(draft, place > 0), task.attributes) for place, (task, draft) in enumerate(pairs)]
        found.append((" ".join(part for part in parts if part), wrong))
    return found


def _shortly(sentence: str, later: bool) -> str:
    """A later sentence without the name that the first one gave, where it begins with it."""
    if not later or placeholders(sentence)[placeholder(NAME)] != 1:
        return sentence
    verbs = "is|has|comes|runs|operates|offers|features|weighs|costs|uses|includes|boasts"
    return re.sub(rf"^(?:the )?NAME (?:TYPE )?(?={verbs}\b)", "it ", sentence)


def filled(sentence: str, attributes: Sequence[tuple[str, str]]) -> str:
    """A sentence with its values, and with the marks and capitals that the corpus lacks."""
    values = values_of(attributes)

    def article(match: re.Match[str]) -> str:
        value = values.get(match.group(2), match.group(2))
        return f"{match.group(1)}{'n' if _VOWEL.match(value) else ''} {match.group(2)}"

    sentence = re.sub(r"\b(a)n? ([A-Z]{2,}\d?)\b", article, sentence)
    sentence = re.sub(r" (?=[,.;:?!)]|'s\b)", "", re.sub(r"\( ", "(", sentence)).strip()
    sentence = re.sub(r"\bi\b(?=$|[ '])", "I", sentence)
    sentence = re.sub(r"(^|[.?!] )([a-z])", lambda match: match.group(1) + match.group(2).upper(), sentence)
    if sentence and sentence[-1] not in ".?!":
        sentence += "."
    return lexicalised(sentence, attributes)
