"""What a model that answers is told of a brief: a prompt for each form of copy and language."""

from __future__ import annotations

from luokuan.create.copybrief import Brief
from luokuan.create.texts import Prompt

LENGTHS = {
    "en": {"ad": 60, "description": 120, "news": 180, "slogan": 10, "post": 60},
    "zh": {"ad": 100, "description": 200, "news": 300, "slogan": 16, "post": 120},
}
"""Most words (``en``) or characters (``zh``) of a form if the brief doesn't say."""
_FORMS = {
    "en": {
        "ad": "an advertisement: a headline on the first line, then two or three short sentences that end with what to "
        "do next",
        "description": "a product description for a shop: what it is, what it does for the reader, in plain full "
        "sentences",
        "news": "a news item in the style of a press release: a headline on the first line, then who, what, when and "
        "where as far as the brief says; no quotations, for none were given",
        "slogan": "one slogan: a single short line without quotation marks",
        "post": "a post for social media: a first line that makes one read on, short lines, and at most three hashtags "
        "at the end",
    },
    "zh": {
        "ad": "一则广告：第一行是标题，随后两三句短句，以引导行动的一句结尾",
        "description": "一段商品介绍：它是什么、能给读者带来什么，用平实完整的句子",
        "news": "一则新闻稿：第一行是标题，正文按简报所给交代何人、何事、何时、何地；没有给出引语，就不要编造引语",
        "slogan": "一句广告语：只有一行，不加引号",
        "post": "一条社交媒体动态：第一行吸引人读下去，句子短，结尾最多三个话题标签",
    },
}
_RULES = {
    "en": "You write advertising copy. Use only facts and figures from the brief; invent none, not even a price, a "
    "year or a share. No superlatives such as 'best' or 'number one', no guarantees, nothing about illness or "
    "treatment. Answer with the copy alone: no introduction, no explanation, no alternatives.",
    "zh": "你是广告文案撰稿人。只使用简报中的事实和数字，不编造任何价格、年份或比例。"
    "不用“最佳”“第一”“国家级”之类的绝对化用语，不作保证，不涉及疾病治疗，不用医疗用语。"
    "只输出文案本身：不要开场白、不要解释、不要备选。",
}
_WORDS = {
    "en": {
        "write": "Write {form}, in English, at most {length} words.",
        "product": "Product",
        "facts": "Facts",
        "audience": "Readers",
        "tone": "Tone",
        "must": "Must stand in it word for word",
        "must_not": "Must not stand in it",
        "pair": "{name}: {value}",
        "colon": ": ",
        "list": "; ",
    },
    "zh": {
        "write": "请用中文写{form}，不超过{length}字。",
        "product": "产品",
        "facts": "事实",
        "audience": "读者",
        "tone": "语气",
        "must": "必须原样出现",
        "must_not": "不得出现",
        "pair": "{name}：{value}",
        "colon": "：",
        "list": "；",
    },
}


def prompt_of(brief: Brief) -> Prompt:
    """The prompt for a model that answers: the rules as its system, the brief as what is asked."""
    language = brief.spoken
    words, form = _WORDS[language], _FORMS[language][brief.form]
    length = brief.length or LENGTHS[language][brief.form]
    facts = words["list"].join(words["pair"].format(name=name, value=value) for name, value in brief.attributes)
    rows = (
        ("product", brief.product),
        ("facts", facts),
        ("audience", brief.audience),
        ("tone", brief.tone),
        ("must", words["list"].join(brief.must)),
        ("must_not", words["list"].join(brief.must_not)),
    )
    told = [f"{words[key]}{words['colon']}{text}" for key, text in rows if text]
    return Prompt("\n".join([words["write"].format(form=form, length=length), *told]), _RULES[language])


def answer_alone(text: str) -> str:
    """The copy without what some models put around it: what they thought, and quotation marks around all of it."""
    text = text.rpartition("</think>")[2].strip()
    for left, right in (('"', '"'), ("“", "”"), ("「", "」"), ("«", "»")):
        inner = text[1:-1]
        if len(text) > 1 and text[0] == left and text[-1] == right and left not in inner and right not in inner:
            return inner.strip()
    return text
