"""Markdown with maths becomes HTML that nothing in the text can make harmful."""

import html
import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studyq.text.cloze import cloze_at, clozes, covered, hidden_text, uncovered
from studyq.text.markup import Clozes, Maths, render, visible

HTML_TAGS = "p|br|strong|em|s|code|pre|blockquote|ul|ol|li|span|a|table|thead|tbody|tr|th|td"
MATHML_TAGS = re.compile(
    "math|m[inos]|mtext|mrow|msu[bp]|msubsup|msqrt|mroot|mphantom|mmultiscripts|mprescripts|none|"
    "mover|munder|munderover|mfrac|menclose|mstyle|mspace|mpadded|mtable|mtr|mtd"
)
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<svg/onload="alert(1)">',
    "</p></div><iframe src=//evil.example>",
    "<style>*{display:none}</style>",
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt&colon;alert(1))",
    "[click](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](https://evil.example/track.png)",
    "<https://evil.example/?q=<script>>",
    r"\(\href{javascript:alert(1)}{x}\)",
    r"\(\style{background:url(//evil.example)}{x}\)",
    r"\(\text{</mtext></math><script>alert(1)</script>}\)",
    r"\(\class{x\" onmouseover=\"alert(1)}{y}\)",
    r"\(\color{red\" onclick=\"alert(1)}{y}\)",
    "{{c1::<script>alert(1)</script>::<img onerror=alert(1)>}}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    '<math><annotation-xml encoding="text/html"><script>alert(1)</script>',
]


class Reader(HTMLParser):
    """Reads HTML as a browser would, and notes what must not be there."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in HTML_TAGS.split("|") and not MATHML_TAGS.fullmatch(tag):
            self.found.append(f"<{tag}>")
        for name, value in attributes:
            if name.startswith("on") or name in ("style", "src", "srcset", "id", "xlink:href"):
                self.found.append(f"{tag} {name}")
            if name == "href" and not (value or "").startswith(("http:", "https:", "mailto:")):
                self.found.append(f"{tag} {name}={value}")
            if name == "href" and tag != "a":
                self.found.append(f"{tag} {name}")

    def handle_comment(self, data: str) -> None:
        self.found.append("comment")

    def handle_decl(self, decl: str) -> None:
        self.found.append("declaration")


def harm(markup: str) -> list[str]:
    reader = Reader()
    reader.feed(markup)
    reader.close()
    return reader.found


WAYS: list[tuple[Clozes, Maths]] = [
    ("literal", "mathml"),
    ("covered", "mathml"),
    ("uncovered", "mathml"),
    ("anki", "mathjax"),
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(("hiding", "maths"), WAYS)
def test_hostile_text_is_harmless(text: str, hiding: Clozes, maths: Maths) -> None:
    assert harm(render(text, clozes=hiding, maths=maths)) == []
    assert harm(render(f"before **{text}** after", clozes=hiding, maths=maths)) == []


PIECES = st.sampled_from(
    [*HOSTILE, "<", ">", '"', "'", "&", "\\(", "\\)", "\\[", "\\]", "{{c1::", "}}", "::", "`", "**",
     "```", "\n", "\n\n", "| a | b |\n|---|---|\n", "- ", "> ", "[", "](", ")", "\\text{", "}",
     "\\frac", "\\begin{matrix}", "\\end{matrix}", "&amp;", "&#x3c;", "javascript:", "//", "\\"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES | st.text(max_size=8), max_size=24).map("".join))
def test_no_text_is_harmful(text: str) -> None:
    for hiding, maths in WAYS:
        assert harm(render(text, clozes=hiding, maths=maths)) == []


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1, max_size=30))
def test_plain_words_come_out_as_they_went_in(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    "text", ["# Not a heading", "---", "<b>bold</b>", "    indented", "[x]: http://example.com/y"]
)
def test_what_was_written_stays_visible(text: str) -> None:
    assert visible(text) == " ".join(text.split())


@pytest.mark.parametrize("text", ["", "  \n ", "&nbsp;", "\u200b", "{{c1::}}"])
def test_what_shows_nothing_is_empty(text: str) -> None:
    assert visible(text).strip("\u200b") == ""


def test_maths_is_drawn_by_the_browser() -> None:
    shown = render(r"So \(\frac{a}{b} < c\) and \[x^2\]")
    assert "<mfrac>" in shown
    assert 'display="block"' in shown
    assert "&lt;" in shown
    assert "\\" not in shown


def test_a_formula_over_lines_is_no_list() -> None:
    shown = render("\\[\na\n+ b\n- c\n\\]")
    assert "<li>" not in shown
    assert shown.count("<math") == 1


@pytest.mark.parametrize(
    "tex",
    [
        "{" * 3000,
        r"\left(" * 200,
        r"\frac",
        r"\newcommand{\a}{\b\b}\newcommand{\b}{\a\a}\a",
        r"\begin{nothing}x\end{nothing}",
        "x^" * 900,
        "x" * 5000,
    ],
)
def test_a_formula_that_cannot_be_drawn_is_shown_as_written(tex: str) -> None:
    begun = time.monotonic()
    shown = render(f"\\({tex}\\)")
    assert time.monotonic() - begun < 1
    assert harm(shown) == []
    assert html.escape(tex) in shown or "<math" in shown


def test_anki_gets_its_own_delimiters_and_nothing_to_run() -> None:
    text = r"\(a<b\) [latex]\input{/etc/passwd}[/latex] [sound:x.mp3] [$]y[/$]"
    shown = render(text, clozes="anki", maths="mathjax")
    assert r"\(a&lt;b\)" in shown
    assert "[latex]" not in shown
    assert "[sound:" not in shown
    assert "[$]" not in shown
    assert "[latex]" in html.unescape(shown), "it reads the same"


class TestClozes:
    def test_are_covered_uncovered_or_left_to_anki(self) -> None:
        text = "The {{c1::**cell**::smallest unit}} lives."
        assert '<span class="cloze">smallest unit</span>' in render(text, clozes="covered")
        assert "cell" not in render(text, clozes="covered")
        assert "<strong>cell</strong>" in render(text, clozes="uncovered")
        assert "{{c1::<strong>cell</strong>::smallest unit}}" in render(text, clozes="anki")
        assert "{{c1::" in render(text)

    def test_may_hold_formulas_with_braces_and_colons(self) -> None:
        text = r"It is {{c1::\(\frac{a}{b_{c}}\)::a ratio}}."
        (found,) = clozes(text)
        assert (found.answer, found.hint) == (r"\(\frac{a}{b_{c}}\)", "a ratio")
        shown = render(text, clozes="anki", maths="mathjax")
        assert shown.count("}}") == 1, "only the deletion's own end"

    def test_of_several_numbers(self) -> None:
        text = "{{c1::One}}, {{c2::two}}, {{c1::One}}; {{c0::no}} {{c1:: open"
        assert [found.number for found in clozes(text)] == [1, 2, 1]
        assert hidden_text(text) == "One · two"
        assert uncovered(text).startswith("One, two, One; {{c0::no}}")
        assert covered("{{c1::One::a number}} {{c2::two}}") == "[a number] […]"

    @settings(deadline=None)
    @given(st.text(max_size=60), st.integers(0, 60))
    def test_any_text_can_be_asked(self, text: str, start: int) -> None:
        found = cloze_at(text, start)
        assert found is None or text[found.start : found.end].endswith("}}")
        for item in clozes(text):
            assert text[item.start :].startswith("{{c")
