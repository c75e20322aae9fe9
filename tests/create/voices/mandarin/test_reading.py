"""Figures, dates, money, units and signs are read as they are said."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luokuan.create.voices.mandarin.reading import pieces, read_aloud


@pytest.mark.parametrize(
    ("written", "read"),
    [
        # dates
        ("2024年3月5日", "二零二四年三月五日"),
        ("2024-03-05", "二零二四年三月五日"),
        ("2024/3/5上线", "二零二四年三月五日上线"),
        ("2024.12.31", "二零二四年十二月三十一日"),
        ("1998年", "一九九八年"),
        ("2000年", "二零零零年"),
        ("1990年2月", "一九九零年二月"),
        ("100年前", "一百年前"),
        ("50年代", "五十年代"),
        ("3月5日", "三月五日"),
        ("2月2日", "二月二日"),
        ("2号", "二号"),
        ("2010-2015年", "二零一零到二零一五年"),
        ("第2天", "第二天"),
        ("第12届", "第十二届"),
        # times
        ("14:30", "十四点三十分"),
        ("8:05", "八点零五分"),
        ("2:00", "两点整"),
        ("8：05：30", "八点零五分三十秒"),
        ("2点半", "两点半"),
        ("12点", "十二点"),
        # scores and ratios
        ("3:2", "三比二"),
        ("比分103:98", "比分一百零三比九十八"),
        # shares and fractions
        ("50%", "百分之五十"),
        ("3.5％", "百分之三点五"),
        ("-2%", "百分之负二"),
        ("2‰", "千分之二"),
        ("10%-20%", "百分之十到百分之二十"),
        ("5~8%", "百分之五到百分之八"),
        ("1/2", "二分之一"),
        ("2/3的人", "三分之二的人"),
        # money
        ("￥12.50", "十二点五元"),
        ("￥12.50元", "十二点五元"),
        ("$3美元", "三美元"),
        ("¥3万", "三万元"),
        ("$100", "一百美元"),
        ("€2", "两欧元"),
        ("¥1,234.5", "一千二百三十四点五元"),
        ("100万元", "一百万元"),
        ("USD20", "二十美元"),
        ("2元", "两元"),
        # units
        ("2kg", "两公斤"),
        ("5m²", "五平方米"),
        ("60km/h", "六十公里每小时"),
        ("300GB", "三百吉字节"),
        ("1.75m", "一点七五米"),
        ("-5℃", "零下五摄氏度"),
        ("36.5°C", "三十六点五摄氏度"),
        ("90°", "九十度"),
        ("2公斤", "两公斤"),
        ("2小时", "两小时"),
        # counting
        ("2个人", "两个人"),
        ("22个", "二十二个"),
        ("3-5个", "三到五个"),
        ("2~3天", "两到三天"),
        ("12岁", "十二岁"),
        ("2楼", "二楼"),
        ("2万", "两万"),
        ("20000", "两万"),
        ("1,234,567", "一百二十三万四千五百六十七"),
        # telephone numbers
        ("13812345678", "幺三八，幺二三四，五六七八"),
        ("+86 138-1234-5678", "八六，幺三八，幺二三四，五六七八"),
        ("010-12345678", "零幺零，幺二三四五六七八"),
        ("400-820-8820", "四零零，八二零，八八二零"),
        ("拨打120", "拨打幺二零"),
        ("电话：110", "电话幺幺零"),
        ("电话：010-12345678", "电话：零幺零，幺二三四五六七八"),
        # signs and versions
        ("1+1=2", "一加一等于二"),
        ("3×4", "三乘四"),
        ("-5", "负五"),
        ("1.2.3版", "一点二点三版"),
        ("A&B", "A和B"),
        ("没有数字。", "没有数字。"),
    ],
)
def test_table(written: str, read: str) -> None:
    assert read_aloud(written) == read


@given(st.text(alphabet="0123456789年月日号个元%-.:/,，￥kgm第电话两百AZaz ", max_size=40))
def test_nothing_is_lost_and_no_figure_stays(text: str) -> None:
    found = list(pieces(text))
    assert "".join(piece.written for piece in found) == text
    assert not any(letter.isdecimal() for piece in found for letter in piece.read)


@pytest.mark.parametrize(
    "text", ["1" * 20_000, "1-" * 10_000, "1," * 10_000, "-" * 20_000, "1:" * 10_000, "a1" * 10_000]
)
def test_long_texts_take_no_long_time(text: str) -> None:
    begun = time.process_time()
    read_aloud(text)
    assert time.process_time() - begun < 4
