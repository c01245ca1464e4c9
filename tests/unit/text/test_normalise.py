import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyq.text.normalise import readable


@pytest.mark.parametrize(
    ("typeset", "prose"),
    [
        ("the lon-\ngest river", "the longest river"),
        ("perfor\ufffemance", "performance"),
        ("dif\u2010\r\nferent", "different"),
        ("soft\u00adware and hard\u00ad\n  ware", "software and hardware"),
        ("a well-\nknown fact", "a well-known fact"),
        ("Nord-\nOst", "Nord-Ost"),
        ("Ein-\nund Ausgabe", "Ein- und Ausgabe"),
        ("pages 3-\n5", "pages 3- 5"),
        ("two   lines\nof \t text", "two lines of text"),
        ("\ufb01nal o\ufb03ce", "final office"),
        ("德国军队\n重新 占领。\n莱茵兰", "德国军队重新占领。莱茵兰"),
        ("Debian\n软件包 in\n德国", "Debian 软件包 in 德国"),
        ("ภาษา\nไทย คำ", "ภาษาไทย คำ"),
        ("한국어\n문장", "한국어 문장"),
        ("one\n\n  \ntwo", "one\ntwo"),
        ("list:\n• one\nmore\n• two", "list:\n• one more\n• two"),
        ("nul\x00 and \ud800 gone", "nul and gone"),
        ("", ""),
    ],
)
def test_lines_become_prose(typeset: str, prose: str) -> None:
    assert readable(typeset) == prose


@given(st.text())
def test_any_text_gives_clean_text(text: str) -> None:
    result = readable(text)
    result.encode()
    assert result == result.strip()
    assert "\x00" not in result and "\r" not in result and "  " not in result
    assert readable(result) == readable(readable(result))
