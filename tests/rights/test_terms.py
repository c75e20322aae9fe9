"""Licence terms: checked, as JSON and back, in words, and in the formats of others."""

from __future__ import annotations

import json
from dataclasses import replace
from html import escape

import numpy as np
import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st
from market_for_tests import scene

from luokuan.colophon.aigc import Aigc
from luokuan.colophon.formats import format_of, webm
from luokuan.colophon.formats.base import Encoding
from luokuan.colophon.usage import NO_RIGHTS
from luokuan.colophon.xmp import GENERATED
from luokuan.errors import UserError
from luokuan.i18n import LANGUAGES, speaking
from luokuan.media import Clip, Picture, Sound, Text
from luokuan.rights.metadata import MINING_ENTRIES, training_mining, usage, usage_terms, xmp_rights
from luokuan.rights.money import Money
from luokuan.rights.odrl import to_odrl
from luokuan.rights.presets import PRESETS, name_of_preset, preset, preset_of, spdx_of
from luokuan.rights.terms import LONGEST_TERM, USES, WHOLE, Terms, read_terms
from luokuan.rights.words import describe, percent

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


@st.composite
def some_terms(draw: st.DrawFn) -> Terms:
    uses = draw(st.lists(st.sampled_from(USES), unique=True))
    share = draw(st.booleans())
    kinds = ["none", "allowed", "share-alike"]
    return Terms(
        uses=tuple(uses),
        territory=draw(st.sampled_from([("world",), ("CN",), ("FR", "CN", "US")])),
        days=draw(st.none() | st.integers(1, LONGEST_TERM)),
        exclusive=draw(st.booleans()) if uses else False,
        attribution=draw(st.booleans()),
        credit=draw(st.sampled_from(["", "Ann & Bo <ab>", "安"])),
        derivatives="revenue-share" if share else draw(st.sampled_from(kinds)),  # type: ignore[arg-type]
        revenue_share=draw(st.integers(1, WHOLE)) if share else 0,
        ai_training=draw(st.sampled_from(["allowed", "ask", "forbidden"])),
        price=draw(st.none() | st.builds(Money, st.integers(0, 10**9), st.sampled_from(["EUR", "JPY", "KWD"]))),
        royalty=draw(st.integers(0, WHOLE)),
    )


@given(some_terms())
def test_as_json_and_back(terms: Terms) -> None:
    assert read_terms(json.dumps(terms.to_json())) == terms
    for name in LANGUAGES:
        with speaking(name):
            assert all(describe(terms))


@given(some_terms())
def test_an_odrl_offer_is_whole(terms: Terms) -> None:
    offer = to_odrl(terms, uid="urn:uuid:1", target="urn:luokuan:work:1", assigner="Ann")
    json.dumps(offer)
    assert offer["@context"][0] == "http://www.w3.org/ns/odrl.jsonld"
    assert (offer["@type"], offer["uid"], offer["target"], offer["assigner"]) == (
        "Offer", "urn:uuid:1", "urn:luokuan:work:1", "Ann",
    )  # fmt: skip
    assert offer["permission"]  # an offer has one at least
    permitted = {a for rule in offer["permission"] for a in _actions(rule)}
    forbidden = {a for rule in offer.get("prohibition", ()) for a in _actions(rule)}
    assert not permitted & forbidden
    assert ("cc:CommercialUse" in permitted) != ("cc:CommercialUse" in forbidden)
    assert ("derive" in permitted) == (terms.derivatives != "none")
    assert ("tdm:mine" in forbidden) == (terms.ai_training == "forbidden")
    for rule in offer["permission"]:
        for limit in rule.get("constraint", ()):
            assert {"leftOperand", "operator", "rightOperand"} == limit.keys()
    text = json.dumps(offer)
    assert ("payAmount" in text) == (terms.price is not None and terms.price.minor > 0 and bool(terms.uses))
    assert ("cc:ShareAlike" in text) == (terms.derivatives == "share-alike")


def _actions(rule: dict[str, object]) -> list[str]:
    action = rule["action"]
    return [action] if isinstance(action, str) else list(action)  # type: ignore[call-overload]


def test_an_odrl_offer_by_hand() -> None:
    terms = Terms(
        uses=("editorial",), territory=("FR", "CN"), days=365, credit="Ann", derivatives="revenue-share",
        revenue_share=1250, price=Money(1250, "EUR"), royalty=500, ai_training="ask",
    )  # fmt: skip
    offer = to_odrl(terms, uid="urn:a", target="urn:b", assigner="Ann")
    use, derive, sell, mine = offer["permission"]
    assert use["constraint"] == [
        {"leftOperand": "purpose", "operator": "isAnyOf", "rightOperand": [{"@id": "luokuan:editorial"}]},
        {"leftOperand": "spatial", "operator": "isAnyOf", "rightOperand": ["CN", "FR"]},
        {
            "leftOperand": "elapsedTime",
            "operator": "lteq",
            "rightOperand": {"@value": "P365D", "@type": "xsd:duration"},
        },
    ]
    assert use["duty"][0] == {"action": "attribute", "attributedParty": "Ann"}
    pay = use["duty"][1]["action"][0]["refinement"][0]
    assert (pay["rightOperand"]["@value"], pay["unit"]) == ("12.50", "http://cvx.iptc.org/iso4217a:EUR")
    shares = [rule["duty"][0]["action"][0]["refinement"][0]["rightOperand"]["@value"] for rule in (derive, sell)]
    assert shares == ["12.50", "5.00"]
    assert mine == {"action": "tdm:mine", "duty": [{"action": "obtainConsent"}]}
    assert offer["prohibition"] == [{"action": "cc:CommercialUse"}]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"uses": ("sell",)}, "terms.value"),
        ({"uses": ("personal", "personal")}, "terms.value"),
        ({"uses": ["personal"]}, "terms.value"),
        ({"uses": ([],)}, "terms.value"),
        ({"territory": ()}, "terms.value"),
        ({"territory": ("cn",)}, "terms.value"),
        ({"territory": ("world", "CN")}, "terms.value"),
        ({"territory": ("ZZ",)}, "terms.value"),
        ({"days": 0}, "terms.value"),
        ({"days": -1}, "terms.value"),
        ({"days": LONGEST_TERM + 1}, "terms.value"),
        ({"days": 1.0}, "terms.value"),
        ({"days": True}, "terms.value"),
        ({"exclusive": 1}, "terms.value"),
        ({"credit": "a\nb"}, "terms.value"),
        ({"credit": "a" * 501}, "terms.value"),
        ({"derivatives": "some"}, "terms.value"),
        ({"ai_training": True}, "terms.value"),
        ({"ai_training": []}, "terms.value"),
        ({"royalty": WHOLE + 1}, "terms.value"),
        ({"royalty": -1}, "terms.value"),
        ({"royalty": float("nan")}, "terms.value"),
        ({"price": 5}, "terms.value"),
        ({"derivatives": "revenue-share"}, "terms.share"),
        ({"revenue_share": 100}, "terms.share"),
        ({"derivatives": "revenue-share", "revenue_share": WHOLE + 1}, "terms.value"),
        ({"exclusive": True, "uses": ()}, "terms.exclusive"),
    ],
)
def test_what_is_out_of_range_is_refused(values: dict[str, object], code: str) -> None:
    with pytest.raises(UserError) as caught:
        Terms(**{"uses": ("personal",), **values})  # type: ignore[arg-type]
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "terms.json"),
        ("{", "terms.json"),
        ("[" * 100_000, "terms.json"),
        ('{"schema": "org.luokuan.terms", "version": 1, "royalty": NaN}', "terms.json"),
        ("[]", "terms.schema"),
        ("{}", "terms.schema"),
        ('{"schema": "org.luokuan.terms", "version": "1"}', "terms.schema"),
        ('{"schema": "org.luokuan.terms", "version": 2}', "terms.version"),
        ('{"schema": "org.luokuan.terms", "version": 0}', "terms.version"),
        ('{"schema": "org.luokuan.terms", "version": 1, "colour": 1}', "terms.key"),
        ('{"schema": "org.luokuan.terms", "version": 1, "uses": "personal"}', "terms.value"),
        ('{"schema": "org.luokuan.terms", "version": 1, "price": {"minor": -5, "currency": "EUR"}}', "money.amount"),
        ('{"schema": "org.luokuan.terms", "version": 1, "price": {"minor": 0.5, "currency": "EUR"}}', "money.amount"),
        ('{"schema": "org.luokuan.terms", "version": 1, "price": {"minor": 5, "currency": "XYZ"}}', "money.currency"),
        ('{"schema": "org.luokuan.terms", "version": 1, "price": 5}', "money.shape"),
        ('{"schema": "org.luokuan.terms", "version": 1, "royalty": 1e400}', "terms.value"),
    ],
)
def test_json_that_isnt_terms(text: str, code: str) -> None:
    with pytest.raises(UserError) as caught:
        read_terms(text)
    assert caught.value.code == code


def test_presets_and_spdx() -> None:
    spdx = {name: spdx_of(terms) for name, terms in PRESETS.items()}
    assert spdx == {
        "personal": "", "editorial": "", "commercial": "", "exclusive": "", "all-rights-reserved": "",
        "cc0": "CC0-1.0", "cc-by": "CC-BY-4.0", "cc-by-sa": "CC-BY-SA-4.0", "cc-by-nd": "CC-BY-ND-4.0",
        "cc-by-nc": "CC-BY-NC-4.0", "cc-by-nc-sa": "CC-BY-NC-SA-4.0", "cc-by-nc-nd": "CC-BY-NC-ND-4.0",
    }  # fmt: skip
    assert [preset_of(terms) for terms in PRESETS.values()] == list(PRESETS)
    assert spdx_of(replace(PRESETS["cc-by"], price=Money(500, "EUR"), credit="Ann")) == "CC-BY-4.0"
    # What a public licence doesn't know makes it something else.
    for change in ({"days": 30}, {"territory": ("CN",)}, {"royalty": 1}, {"exclusive": True}, {"ai_training": "ask"}):
        assert spdx_of(replace(PRESETS["cc-by"], **change)) == ""
    with speaking("zh_CN"):
        assert all(map(name_of_preset, PRESETS))
    assert name_of_preset("cc-by-nc-sa") == "CC BY-NC-SA 4.0"


def test_a_preset_that_isnt_there() -> None:
    with pytest.raises(UserError, match="commercial") as caught:
        preset("comercial")
    assert caught.value.status == 404
    assert preset(" CC-BY ") == PRESETS["cc-by"]


def test_words_in_both_languages() -> None:
    terms = replace(PRESETS["editorial"], territory=("CN", "FR"), days=30, price=Money(500, "JPY"), royalty=1250)
    said = " ".join(describe(terms))
    for part in ("China, France", "30 days", "500 JPY", "12.5 %", "reporting", "may not be trained"):
        assert part in said
    both = usage_terms(terms)
    assert list(both) == ["x-default", "en", "zh-CN"]
    assert both["x-default"] == both["en"] == said
    assert [percent(points) for points in (0, 1, 10, 100, 1000, 1250, 10_000)] == [
        "0 %", "0.01 %", "0.1 %", "1 %", "10 %", "12.5 %", "100 %",
    ]  # fmt: skip


@given(some_terms(), st.sampled_from(["", "Ann & <Bo>", '"安"']))
def test_xmp_rights_are_xml(terms: Terms, owner: str) -> None:
    root = fromstring(f'<rdf:RDF xmlns:rdf="{RDF}">{xmp_rights(terms, owner=owner)}</rdf:RDF>')
    said = {
        node.get("{http://www.w3.org/XML/1998/namespace}lang"): node.text
        for node in root.iter(f"{{{RDF}}}li")
        if node.get("{http://www.w3.org/XML/1998/namespace}lang") in ("en", "zh-CN")
    }
    assert said == {tag: text for tag, text in usage_terms(terms).items() if tag != "x-default"}
    assert [node.text for node in root.iter("{http://ns.adobe.com/xap/1.0/rights/}Marked")] == [
        "False" if spdx_of(terms) == "CC0-1.0" else "True"
    ]


def test_xmp_names_the_page_of_a_public_licence() -> None:
    assert "https://creativecommons.org/licenses/by-nc-sa/4.0/" in xmp_rights(PRESETS["cc-by-nc-sa"])
    assert "WebStatement" not in xmp_rights(PRESETS["commercial"])
    assert "<xmpRights:WebStatement>https://a/?b&amp;c</xmpRights:WebStatement>" in xmp_rights(
        PRESETS["commercial"], statement="https://a/?b&c"
    )


@pytest.mark.parametrize(("said", "use"), [("allowed", "allowed"), ("ask", "constrained"), ("forbidden", "notAllowed")])
def test_the_assertion_on_training(said: str, use: str) -> None:
    found = training_mining(Terms(uses=("personal",), ai_training=said))  # type: ignore[arg-type]
    assert found["label"] == "cawg.training-mining"
    entries = found["data"]["entries"]
    assert tuple(entries) == MINING_ENTRIES
    assert {entry["use"] for entry in entries.values()} == {use}
    assert all(("constraint_info" in entry) == (use == "constrained") for entry in entries.values())


@pytest.mark.parametrize("name", ["cc-by-nc", "cc0", "commercial"])
def test_a_file_says_the_same_twice(name: str) -> None:
    said = usage(PRESETS[name], owner="Ann & <Bo>")
    values, root = said.metadata["data"], fromstring(f'<rdf:RDF xmlns:rdf="{RDF}">{said.rights.description}</rdf:RDF>')
    assert said.assertions[0] == training_mining(PRESETS[name]) and said.assertions[1]["label"] == "cawg.metadata"
    spaces = values["@context"]
    for key in ("xmpRights:WebStatement", "plus:DataMining"):
        prefix, field = key.split(":")
        assert [node.text for node in root.iter(f"{{{spaces[prefix]}}}{field}")] == (
            [values[key]] if key in values else []
        )
    deeds = [node.get(f"{{{RDF}}}resource") for node in root.iter(f"{{{spaces['cc']}}}license")]
    assert deeds == ([values["cc:license"]] if "cc:license" in values else []) and bool(deeds) == name.startswith("cc")
    assert values["xmpRights:Owner"] == ["Ann & <Bo>"] and values["xmpRights:UsageTerms"] == usage_terms(PRESETS[name])
    assert ("plus:OtherConstraints" in values) == (name == "cc-by-nc")


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/webp", "audio/wav", "audio/mpeg"])
def test_formats_with_xmp_carry_the_terms(media_type: str) -> None:
    row = format_of(media_type)
    media = scene(1, 64) if row.kind is Picture else Sound(np.zeros((1, 4800), np.float32), 24_000)
    said = usage(PRESETS["cc-by"], owner="Ann")
    data = row.tag(row.encode(media, Encoding()), Aigc("1", "luokuan", "1"), rights=said.rights).data
    packet = data[data.index(b"<x:xmpmeta") : data.index(b"</x:xmpmeta>") + len(b"</x:xmpmeta>")]
    licences = fromstring(packet.decode()).iter("{http://creativecommons.org/ns#}license")
    assert [node.get(f"{{{RDF}}}resource") for node in licences] == ["https://creativecommons.org/licenses/by/4.0/"]
    labels = row.read_labels(data, {})
    assert labels.source == GENERATED and labels.aigc is not None


@pytest.mark.parametrize("media_type", ["audio/flac", "audio/ogg", "audio/ogg; codecs=opus", "video/webm", "text/html"])
def test_formats_without_xmp_carry_the_terms_in_fields_of_their_own(media_type: str) -> None:
    row = format_of(media_type)
    tone = Sound(np.zeros((1, 4800), np.float32), 24_000)
    media = {Sound: tone, Clip: Clip(np.stack([scene(1, 64).pixels] * 2), 6.0), Text: Text("Moon.", "en")}[row.kind]
    bare, label = row.encode(media, Encoding()), Aigc("1", "luokuan", "1")
    page = 'https://a.example/market/1?x="<b>&y'
    own = usage(PRESETS["commercial"], owner="Ann & 安", statement=page).rights
    deed, words = usage(PRESETS["cc-by"], owner="Ann").rights, usage(PRESETS["commercial"]).rights
    assert (own.page, own.notice, deed.page) == (
        page,
        "Ann & 安: Licensed",
        "https://creativecommons.org/licenses/by/4.0/",
    )
    assert words.page == "" and words.licence == usage_terms(PRESETS["commercial"])["x-default"]
    for rights in (own, deed, words, NO_RIGHTS):
        data = row.tag(bare, label, rights=rights).data
        labels = row.read_labels(data, {})
        assert row.kind is Text or (labels.aigc is not None and labels.source == GENERATED)
        if row.kind is Text:
            linked = f'<link rel="license" href="{escape(rights.page)}">'.encode()
            assert (linked in data) == bool(rights.page) and (b'rel="license"' in data) == bool(rights.page)
        elif row.kind is Sound:
            for name, value in (("COPYRIGHT", rights.notice), ("LICENSE", rights.licence)):
                comment = f"{name}={value}".encode()
                assert (len(comment).to_bytes(4, "little") + comment in data) == bool(value)
        else:
            start, end = next((first, last) for kind, first, last in webm._top(data) if kind == webm._TAGS)
            tags = dict(webm._tags(data, start, end))
            assert (tags.get("COPYRIGHT", ""), tags.get("LICENSE", "")) == (rights.notice, rights.licence)
    assert row.tag(bare, label).data == data or row.kind is Clip, "a work without terms is as it was"
