"""Which writing systems a text uses, as far as search and line joining need to know."""

import re

# Han, kana, bopomofo and their punctuation: written without spaces between words.
CJK = (
    "\u2e80-\u2fdf\u3001-\u303f\u3040-\u30ff\u3100-\u312f\u31a0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uffef\U00020000-\U0003ffff"
)
# Letters of the same scripts, without punctuation.
CJK_LETTERS = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u31a0-\u31bf"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff"
)
# Thai, Lao, Burmese and Khmer: no spaces between words, but spaces between phrases.
SOUTH_EAST_ASIAN = "\u0e01-\u0e4e\u0e81-\u0ece\u1000-\u104f\u1780-\u17d3"

SPACELESS_RUN = re.compile(f"[{CJK_LETTERS}{SOUTH_EAST_ASIAN}]+")
_CJK_LETTER = re.compile(f"[{CJK_LETTERS}]")
_DENSE = re.compile(f"[{CJK}{SOUTH_EAST_ASIAN}]")


def has_spaceless_script(text: str) -> bool:
    """Say whether the text holds words of a script that puts no spaces between words."""
    return not text.isascii() and SPACELESS_RUN.search(text) is not None


def has_dense_script(text: str) -> bool:
    """Say whether the text holds characters, punctuation included, of scripts without spaces."""
    return not text.isascii() and _DENSE.search(text) is not None


def estimate_tokens(text: str) -> int:
    """Estimate how many tokens a language model makes of the text.

    Four characters a token is the usual figure for alphabets; a Han character or kana is about
    one token each. An estimate within some 20 % is all that budgets and receipts need.
    """
    if not text:
        return 0
    if not has_dense_script(text):
        return max(1, len(text) // 4)
    dense = len(_CJK_LETTER.findall(text))
    return max(1, dense + (len(text) - dense) // 4)
