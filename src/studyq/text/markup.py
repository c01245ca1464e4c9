r"""Markdown with maths to HTML that is harmless whatever the text says.

Maths stands between `\(` and `\)`, or `\[` and `\]` for a line of its own. Nothing written
disappears: HTML is shown as it stands, and there are no headings, rules, images or references.
"""

from __future__ import annotations

import html
import re
from functools import cache
from typing import Literal

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

from studyq.text.cloze import cloze_at
from studyq.text.maths import mathml

Maths = Literal["mathml", "mathjax"]
Clozes = Literal["literal", "covered", "uncovered", "anki"]

_MATHS = re.compile(r"\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
#: What Anki would take for a sound, or for LaTeX to be run.
_ANKI_COMMANDS = re.compile(r"\[(?=sound:|/?latex\]|/?\$\$?\]|anki:)", re.IGNORECASE)
_TAGS = re.compile(r"<[^>]+>")

_HTML = {
    "p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "span", "a",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_SIZES = {"width", "height", "depth", "lspace", "rspace", "voffset"}
_MATHML: dict[str, set[str]] = {
    "math": {"display", "xmlns"},
    "mo": {"stretchy", "fence", "form", "separator", "largeop", "movablelimits", "minsize",
           "maxsize", "accent", "lspace", "rspace"},
    "mi": {"mathvariant"}, "mn": {"mathvariant"}, "mtext": {"mathvariant"}, "ms": set(),
    "mrow": set(), "msup": set(), "msub": set(), "msubsup": set(), "msqrt": set(), "mroot": set(),
    "mphantom": set(), "mmultiscripts": set(), "mprescripts": set(), "none": set(),
    "mover": {"accent"}, "munder": {"accentunder"}, "munderover": {"accent", "accentunder"},
    "mfrac": {"linethickness"}, "menclose": {"notation"},
    "mstyle": {"displaystyle", "scriptlevel", "mathcolor", "mathbackground", "mathvariant"},
    "mspace": _SIZES | {"linebreak"}, "mpadded": _SIZES,
    "mtable": {"columnalign", "rowspacing", "columnspacing", "rowlines", "columnlines",
               "displaystyle"},
    "mtr": set(), "mtd": {"columnalign"},
}  # fmt: skip
_CLEANER = nh3.Cleaner(
    tags=_HTML | _MATHML.keys(),
    attributes={"a": {"href"}, "ol": {"start"}, **_MATHML},
    allowed_classes={"span": {"cloze", "cloze-open"}},
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
)


def render(text: str, *, clozes: Clozes = "literal", maths: Maths = "mathml") -> str:
    r"""A text as sanitised HTML.

    Args:
        text: Markdown with maths.
        clozes: `covered` shows a gap or its hint, `uncovered` what was hidden, `anki` keeps
            `{{c1::…}}` around HTML for Anki to cover.
        maths: `mathml`, or `mathjax` to keep `\(…\)` for Anki.
    """
    source = text if "```" in text else _MATHS.sub(_on_one_line, text)
    rendered = _CLEANER.clean(_parser(clozes, maths).render(source))
    if maths == "mathjax":
        rendered = _ANKI_COMMANDS.sub("&#91;", rendered)
    return rendered.strip()


def visible(text: str) -> str:
    """The letters that a reader would see of a text; empty when it only looks like one."""
    return " ".join(html.unescape(_TAGS.sub(" ", render(text, clozes="uncovered"))).split())


def _on_one_line(formula: re.Match[str]) -> str:
    """Keep Markdown from taking a line of a formula for the item of a list."""
    return " ".join(formula[0].split("\n"))


@cache
def _parser(clozes: Clozes, maths: Maths) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 20})
    parser.enable(["table", "strikethrough"])
    parser.disable(["image", "reference", "heading", "lheading", "hr", "code"])

    def formula(state: StateInline, silent: bool) -> bool:
        found = _MATHS.match(state.src, state.pos)
        if found is None:
            return False
        if not silent:
            _push(state, _formula(found, clozes, maths))
        state.pos = found.end()
        return True

    def deletion(state: StateInline, silent: bool) -> bool:
        found = cloze_at(state.src, state.pos)
        if found is None:
            return False
        if not silent:
            if clozes == "covered":
                _push(state, f'<span class="cloze">{html.escape(found.hint or "…")}</span>')
            else:
                anki = clozes == "anki"
                hint = f"::{html.escape(found.hint)}" if found.hint else ""
                _push(state, f"{{{{c{found.number}::" if anki else '<span class="cloze-open">')
                state.md.inline.parse(found.answer, state.md, state.env, state.tokens)
                _push(state, hint + "}}" if anki else "</span>")
        state.pos = found.end
        return True

    parser.inline.ruler.before("escape", "formula", formula)
    if clozes != "literal":
        parser.inline.ruler.before("formula", "deletion", deletion)
    return parser


def _push(state: StateInline, markup: str) -> None:
    state.push("html_inline", "", 0).content = markup


def _formula(found: re.Match[str], clozes: Clozes, maths: Maths) -> str:
    inline, block = found[1], found[2]
    tex = (inline or block).strip()
    if maths == "mathml":
        return mathml(tex, block=inline is None)
    if clozes == "anki":  # braces and colons that Anki would take for the end of a deletion
        tex = re.sub(r"\}(?=\})", "} ", tex).replace("::", ":{}:")
    escaped = html.escape(tex)
    return f"\\({escaped}\\)" if inline is not None else f"\\[{escaped}\\]"
