"""Words that an advertisement mustn't hold or can't prove: absolutes and medical claims.

Law: 中华人民共和国广告法 (2021 amendment), article 9 (3) and article 17. The lists hold what the law names, and what is
commonly fined under it; no list is whole, and whether a word offends depends on what it stands in: a finding is a
question to a person, no verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from luokuan.i18n import _

ABSOLUTE, MEDICAL = "absolute", "medical"
NAMED = re.compile("国家级|最高级|最佳")
"""Absolutes that article 9 (3) names itself."""
_ABSOLUTES = re.compile(
    "国家级|最高级|最佳"
    "|最(?!近|后|终|初|起码|爱|喜欢|多可|少需)[\u4e00-\u9fff]"
    "|(?:全网|全国|全球|世界|行业|销量|品质|口碑|中国)?第一(?!次|时间|步|天|口|眼|章|代|页|课|声|缕|届|批|站|季|名为)"
    "|世界级|宇宙级|全球级|顶级|顶尖|极品|极致|唯一|独一无二|绝无仅有|史无前例|前所未有|空前绝后|无与伦比|万能"
    "|首选|(?:全国|全球|全网|行业)首(?:家|个|创|发)|冠军|之王|王牌|领袖品牌|领导品牌|全网最低"
    "|(?:百分之?百|100\\s*%)(?:有效|安全|满意|正品|好评|治|放心)"
    "|零风险|绝对(?:安全|有效|放心|正品|领先|好)|永久(?!免费注册)|永不"
    r"|\bNO\.?\s?1\b|\bTOP\s?1\b",
    re.IGNORECASE,
)
_MEDICAL = re.compile(
    "治疗|治愈|根治|医治|主治|疗效|药效|药用|疗程|处方|诊断|临床|医用|医疗级|药到病除|妙手回春|祛病|防病|抗病"
    "|消炎|抗炎|抗癌|防癌|抗肿瘤|降血压|降血糖|降血脂|降三高|降压|降糖|降脂|止痛|镇痛|止咳|化痰|止血|退烧|活血|化瘀"
    "|补肾|壮阳|滋阴|排毒|解毒|通便|祛湿|祛斑药|调节内分泌|(?:增强|提高|提升)免疫力?|抗抑郁|安神助眠"
    "|癌症|肿瘤|糖尿病|高血压|高血脂|冠心病|关节炎|颈椎病|胃炎|肝炎|肺炎|鼻炎|哮喘|湿疹|皮炎|脚气|痛风|失眠症?|便秘"
    "|抑郁症|过敏症|炎症|病毒感染"
)
_SUPERLATIVES = re.compile(
    r"\bbest\b(?![- ]?(?:before|practi[cs]es?)\b)|\bnumber (?:1|one)\b|\bno\.? ?1\b|#1\b|\btop ?1\b"
    r"|\bworld[- ](?:class|leading)\b|\b(?:unrivalled|unrivaled|unmatched|unbeatable|unparalleled|flawless)\b"
    r"|\bthe most\b|\b(?:cheap|fast|strong|light|fine|great|small|large|bigg|safe|low|high|thinn|smart|pur)est\b"
    r"|\b(?:one and only|ultimate|guaranteed|risk[- ]free|once in a lifetime)\b"
    r"|\b100 ?% (?:safe|effective|satisf\w+|guarant\w+|natural)\b",
    re.IGNORECASE,
)
_ILLNESS = (
    r"acne|allerg(?:y|ies)|anxiety|arthritis|asthma|cancer|colds?|constipation|depression|diabetes|disease|eczema|flu"
    r"|headaches?|hypertension|illness(?:es)?|infections?|inflammation|insomnia|migraines?|psoriasis|tumou?rs?"
)
_TREATMENT = re.compile(
    r"\b(?:cures?|heals?|healing)\b|\bclinical(?:ly)? (?:proven|tested|trials?)\b|\bclinically\b|\bdiagnos\w+"
    r"|\btherapeutic\b|\bmedicinal\b|\bmedical[- ]grade\b|\bprescription\b|\b(?:anti-?inflammatory|anti-?cancer)\b"
    r"|\b(?:lowers?|reduces?|regulates?) (?:your )?(?:blood (?:pressure|sugar)|cholesterol)\b|\bpain[- ]?relief\b"
    r"|\brelieves? (?:\w+ )?pain\b|\bdetox\w*|\b(?:boosts?|strengthens?) (?:your |the )?immun\w+"
    rf"|\b(?:treat|prevent|reliev|fight|combat)\w* (?:\w+ ){{0,2}}(?:{_ILLNESS})\b"
    rf"|\b(?:{_ILLNESS})[- ](?:treatment|relief)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """``kind``: ``ABSOLUTE`` or ``MEDICAL``; ``written``: the words; ``reason``: why a person should look at them."""

    kind: str
    written: str
    reason: str


def claims(text: str, language: str) -> Iterator[Claim]:
    """Absolutes and medical claims in ``text``, each wording once. Chinese and English words are looked for in copy of
    either language.

    Args:
        language: Of the copy, ``zh`` or ``en``: the law that the reason names is China's for the former.
    """
    law = _("China's Advertising Law, article 9 (3), forbids it by name.")
    practice = _(
        "An absolute, of the kind that is fined under article 9 (3) of China's Advertising Law; allowed only where the "
        "Guide of 2023 excepts it."
    )
    unproven = _(
        "A superlative or a guarantee: advertisers must be able to prove it, and in China article 9 (3) of the "
        "Advertising Law forbids absolutes."
    )
    healing = _(
        "A medical claim or term: article 17 of China's Advertising Law leaves them to medical treatment, drugs and "
        "devices."
    )
    illness = _(
        "A medical claim: most countries allow it only for authorised medicines; in China article 17 of the "
        "Advertising Law."
    )
    english = unproven if language == "en" else practice
    rows = (
        (ABSOLUTE, _ABSOLUTES, practice),
        (ABSOLUTE, _SUPERLATIVES, english),
        (MEDICAL, _MEDICAL, healing),
        (MEDICAL, _TREATMENT, illness if language == "en" else healing),
    )
    told: set[tuple[str, str]] = set()
    for kind, pattern, why in rows:
        for match in pattern.finditer(text):
            written = match.group()
            if (kind, written.casefold()) not in told:
                told.add((kind, written.casefold()))
                yield Claim(kind, written, law if NAMED.fullmatch(written) else why)
