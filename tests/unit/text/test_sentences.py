# ruff: noqa: RUF001
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyq.text.sentences import sentence_ends, split_sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["It is so.", "Is it?", "Yes!"],
        ["He said “no.”", "She left (at once.)", "Then rain."],
        ["Dr. Smith et al. found 3.14 in Fig. 2 of J. R. Hall.", "They were glad."],
        ["It cost $2.50 in the U.S. Senate, i.e. Washington.", "Nobody paid."],
        ["Das ist z.B. am 3. Oktober so.", "Über alles."],
        ["1. First point of it.", "2. Second point of it."],
        ["Work by Müller, vgl. Kap. 3, S. 12.", "Ende."],
        ["¿Quién es el Sr. García?", "Es él.", "¡Vaya!"],
        ["ما هذا؟", "هذا كتاب.", "شكرا"],
        ["यह एक वाक्य है।", "दूसरा वाक्य।"],
        ["No capital. after it goes on.", "But here it ends…", "So."],
    ],
)
def test_sentences_are_told_apart(sentences: list[str]) -> None:
    assert split_sentences("\n".join(sentences)) == sentences
    if not sentences[0][0].isdigit():  # a list number within a line is not told from an end
        assert split_sentences(" ".join(sentences)) == sentences


def test_chinese_and_japanese_need_no_space() -> None:
    assert split_sentences("他说：“好。”我走了！你呢？") == ["他说：“好。”", "我走了！", "你呢？"]


def test_bullets_and_empty_lines_end_sentences() -> None:
    assert split_sentences("Heading\n\nText here\n• one\n• two") == [
        "Heading",
        "Text here",
        "• one",
        "• two",
    ]


@given(st.text(), st.integers(0, 50), st.integers(0, 50))
def test_ends_rise_within_the_range(text: str, start: int, length: int) -> None:
    start = min(start, len(text))
    ends = list(sentence_ends(text, start, start + length))
    assert ends == sorted(set(ends))
    assert all(start < end <= min(len(text), start + length) for end in ends)


@given(st.text())
def test_nothing_is_lost(text: str) -> None:
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())
