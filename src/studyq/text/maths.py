r"""TeX maths to MathML, which browsers draw by themselves: no fonts, no script, no network."""

from __future__ import annotations

import html
from xml.etree import ElementTree

from latex2mathml.converter import convert_to_element

LONGEST_TEX = 2000  #: characters of one formula that is converted
#: Definitions can be made to expand into something without bounds.
_DEFINITIONS = ("\\newcommand", "\\renewcommand", "\\def")


def mathml(tex: str, *, block: bool) -> str:
    """A formula as a `<math>` element; one that cannot be converted as code, readable all the same.

    The answer is well-formed, but attributes come from the formula: sanitise it.

    Args:
        tex: the formula without its delimiters.
        block: set on a line of its own.
    """
    as_code = f"<code>{html.escape(tex)}</code>"
    if len(tex) > LONGEST_TEX or any(word in tex for word in _DEFINITIONS):
        return as_code
    try:
        return _serialised(convert_to_element(tex, display="block" if block else "inline"))
    except Exception:  # of what cannot be converted it raises IndexError, RecursionError and others
        return as_code


def _serialised(element: ElementTree.Element) -> str:
    """The element as markup; the converter's own writer lets `<` in texts through."""
    for part in element.iter():
        part.text = part.text and html.unescape(part.text)
        part.tail = part.tail and html.unescape(part.tail)
    return ElementTree.tostring(element, encoding="unicode", short_empty_elements=False)
