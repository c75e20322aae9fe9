"""Tones change as they do in speech."""

from __future__ import annotations

import pytest

from luokuan.create.voices.mandarin.pack import open_pack
from luokuan.create.voices.mandarin.speaking import FOLDER
from luokuan.create.voices.mandarin.syllables import NEUTRAL, Syllable, syllables


def said(text: str) -> str:
    return " ".join(str(one) for word in syllables(text) for one in word.syllables)


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [
        # third before third
        ("你好", "ni2 hao3"),
        ("我很好", "wo3 hen2 hao3"),
        ("展览馆", "zhan2 lan2 guan3"),
        ("小老虎", "xiao3 lao2 hu3"),
        ("理想很美好", "li2 xiang2 hen3 mei2 hao3"),
        ("了解", "liao2 jie3"),
        ("水果", "shui2 guo3"),
        ("雨伞", "yu2 san3"),
        ("老师", "lao3 shi1"),
        ("好人", "hao3 ren2"),
        # 一
        ("一个", "yi2 ge4"),
        ("一天", "yi4 tian1"),
        ("一年", "yi4 nian2"),
        ("一起", "yi4 qi3"),
        ("一定", "yi2 ding4"),
        ("第一", "di4 yi1"),
        ("二十一", "er4 shi2 yi1"),
        ("十一个", "shi2 yi1 ge4"),
        ("一月", "yi1 yue4"),
        ("一楼", "yi1 lou2"),
        ("一百", "yi4 bai3"),
        ("一千", "yi4 qian1"),
        ("一万", "yi2 wan4"),
        ("一万一千", "yi2 wan4 yi4 qian1"),
        ("看一看", "kan4 yi5 kan4"),
        ("统一", "tong3 yi1"),
        ("星期一", "xing1 qi1 yi1"),
        ("一样", "yi2 yang4"),
        ("不一样", "bu4 yi2 yang4"),
        ("一些", "yi4 xie1"),
        ("一九九八年", "yi1 jiu2 jiu3 ba1 nian2"),
        ("三点一四", "san1 dian3 yi1 si4"),
        ("有一个人", "you3 yi2 ge4 ren2"),
        ("一不小心", "yi2 bu4 xiao3 xin1"),
        # 不
        ("不是", "bu2 shi4"),
        ("不好", "bu4 hao3"),
        ("不来", "bu4 lai2"),
        ("不要", "bu2 yao4"),
        ("好不好", "hao3 bu5 hao3"),
        ("看不见", "kan4 bu5 jian4"),
        ("差不多", "cha4 bu5 duo1"),
        # neutral
        ("妈妈", "ma1 ma5"),
        ("朋友", "peng2 you5"),
        ("我们的", "wo3 men5 de5"),
        ("桌子", "zhuo1 zi5"),
        ("孔子", "kong2 zi3"),
        ("电子", "dian4 zi3"),
        ("喜欢", "xi3 huan5"),
        ("吃了吗", "chi1 le5 ma5"),
        ("目的", "mu4 di4"),
        ("早上好", "zao3 shang5 hao3"),
        ("跑得快", "pao3 de5 kuai4"),
        ("得到", "de2 dao4"),
        ("还得等", "hai2 dei2 deng3"),
        ("得去一趟", "dei3 qu4 yi2 tang4"),
        ("睡着了", "shui4 zhao2 le5"),
        ("不便宜", "bu4 pian2 yi5"),
        ("着急", "zhao2 ji2"),
        ("教室里教书", "jiao4 shi4 li3 jiao1 shu1"),
        ("我还没还他钱", "wo3 hai2 mei2 huan2 ta1 qian2"),
        # 儿
        ("花儿", "huar1"),
        ("小孩儿", "xiao3 hair2"),
        ("一点儿", "yi4 dianr3"),
        ("这儿", "zher4"),
        ("一会儿", "yi2 huir4"),
        ("女儿", "nv3 er2"),
        ("儿童", "er2 tong2"),
        # readings and spellings
        ("银行行长", "yin2 hang2 hang2 zhang3"),
        ("重庆", "chong2 qing4"),
        ("音乐快乐", "yin1 yue4 kuai4 le4"),
        ("绿色", "lv4 se4"),
        ("旅行", "lv3 xing2"),
        ("局", "ju2"),
        ("句", "ju4"),
        ("去", "qu4"),
        ("略", "lve4"),
        ("二〇二四", "er4 ling2 er4 si4"),
        # letters
        ("AI", "ei1 ai4"),
        ("W", "da2 bu5 liu5"),
    ],
)
def test_table(text: str, pinyin: str) -> None:
    assert said(text) == pinyin


def test_what_has_no_sound_is_left_out() -> None:
    assert syllables("") == [] and syllables("！？—— ") == []
    assert said("好！人") == said("好") + " " + said("人")


def test_nearly_each_character_has_a_recording() -> None:
    pack = open_pack(FOLDER)
    lacking = []
    for code in range(0x4E00, 0x9FA6):
        for word in syllables(chr(code)):
            for one in word.syllables:
                tones = (one.tone,) if one.tone != NEUTRAL else (1, 2, 3, 4)
                if not any(f"{one.base}{tone}" in pack for tone in tones):
                    lacking.append(chr(code))
    assert lacking == []


def test_a_syllable_is_written_with_its_tone() -> None:
    assert str(Syllable("hua", 1, r=True)) == "huar1"
