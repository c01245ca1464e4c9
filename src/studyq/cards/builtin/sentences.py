"""Sentences that stand by themselves: whole, readable, and clear without the ones before them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from studyq.cards.builtin.blocks import blocks
from studyq.cards.matter import is_apart
from studyq.cards.source import Source, SourceChunk, SourcePage
from studyq.cards.wording import points_at_text
from studyq.text.normalise import readable
from studyq.text.scripts import has_spaceless_script
from studyq.text.sentences import sentence_ends

LEAST_WORDS, MOST_WORDS = 6, 60
LEAST_LETTERS, MOST_LETTERS = 30, 450
MOST_CLEAR_WORDS = 38  #: of a sentence that is shown whole
LEAST_DENSE, MOST_DENSE = 12, 120  #: characters, in scripts without spaces

_WHOLE = re.compile("[.!\u3002\uff01\u06d4][\"'\u201d\u2019\u00bb)\\]\u300d]*$")
_SIGNS = re.compile(
    r"[{}<>\\|=^~@#$\u2260\u2264\u2265\u2211\u222b\u221a\u2192]|::|->|\w/\w+/|_\w|\w_"
)
_ADDRESS = re.compile(r"https?:|www\.|\.(?:com|org|net|edu|html?|php)\b|\w\.\w+\(", re.IGNORECASE)
_DEBRIS = re.compile(
    r"\w- (?!and\b|or\b|und\b|oder\b|bzw|et\b|y\b|to\b)\w|\b(?:\w ){4,}|\.\.\.|\u2026"
    r"|[^\W\d_]{3}\.[A-Z]|\[[a-z]|\bet al\b"
    r"|\b(?:Pub|Stat|Cong|Sec|Art|Inc|Ltd|Fig|Vol|Dr|Prof|Mr|Mrs|St)\.$"
)
_CAPITALS = re.compile(r"(?:\b[A-Z][A-Z\d]{2,}\b[ :]+){3,}")
_CITATION = re.compile(
    r"\s*\([^()]{0,200}?\b[12]\d{3}[a-z]?[^()]{0,20}\)|\s*\[\d{1,3}(?:[,\u2013-] ?\d{1,3})*\]"
)
_REFERS_TO_PART = re.compile(
    r"\b(?:figures?|figs?\.?|tables?|tab\.|equations?|eqs?\.|chapters?|sections?|sect\.|appendix|"
    r"listings?|pages?|abbildung(?:en)?|abb\.|tabellen?|kapitel|abschnitt|anhang|seite|gleichung|"
    r"figures?|tableaux?|chapitre|annexe|page|figuras?|tablas?|cap\u00edtulo|secci\u00f3n|p\u00e1gina|"
    r"ap\u00e9ndice)\s+\(?(?:\d|[A-Z]\.?\d|[IVX]+\b)"
    r"|\b(?:in|see|en|dans) (?:the|der|la|le) (?:figure|table|abbildung|tabelle|figura|"
    r"tabla|tableau)\b",
    re.IGNORECASE,
)
_PERSONAL = re.compile(
    r"\b(?:I|[Ww]e|[Uu]s|[Oo]ur|[Oo]urs|[Mm]y|[Mm]e|[Yy]ou|[Yy]ours?|[Yy]ourself|[Ll]et.?s)\b"
    r"|\b(?:ich|wir|uns(?:er\w*)?|Sie|Ihr(?:e\w*)?|du|dein\w*|nous|notre|nos|vous|votre|vos|je|"
    r"nosotros|nuestr\w+|usted(?:es)?|tu|tus|noi|nostr\w)\b"
)
_HYPHENATED = re.compile(r"(?<![\w-])([^\W\d_]{2,})-([^\W\d_]{2,})(?![\w-])")
_TOKEN = re.compile(r"\w+(?:['\u2019-]\w+)*")

# Words with which a sentence leans on the one before it.
_LEANING_LIST = """
just this that these those it its they them their he him his she her hers such here there then
thus hence therefore however moreover furthermore nevertheless nonetheless consequently
accordingly otherwise instead additionally similarly likewise conversely meanwhile afterwards
finally next also but and or so yet nor because although though while whereas since if when once
unless until who which what where how why for as another other others both each either neither one
some many most several few all any none more less fewer first second third firstly secondly
thirdly last lastly fourth fifth again even still now today later earlier sometimes often usually
generally note notice consider suppose recall imagine remember see look think compare perhaps
maybe yes no not only rather indeed certainly clearly obviously in-fact actually basically
ultimately overall too above below following previous former latter same similar please let try
use using click select press open type enter choose dies diese dieser dieses diesem diesen das es
er sie ihr ihre seine hier dort dann daher deshalb deswegen darum jedoch aber und oder denn doch
auch au\u00dferdem zudem dabei dadurch damit dazu dar\u00fcber darin daraus hierbei hierzu ebenso
somit also sonst zun\u00e4chst schlie\u00dflich wenn weil obwohl w\u00e4hrend nachdem bevor falls
sobald solche solcher beide beides einige viele manche alle andere bitte wie was wer wo warum so
nun jetzt man ce cet cette ces celui celle ceux cela \u00e7a ceci il elle ils elles son sa ses
leur leurs ainsi donc alors mais et ou car cependant toutefois pourtant n\u00e9anmoins ensuite
puis enfin aussi de-plus ici l\u00e0 si quand lorsque comme parce bien que qui quoi dont o\u00f9
chaque plusieurs certains certaines tous toutes d'autres autre autres on y en or tel telle tels
telles este esta estos estas esto ese esa esos esas eso aquel aquella \u00e9l ella ellos ellas su
sus as\u00ed entonces pero y o u porque sin embargo adem\u00e1s luego despu\u00e9s finalmente
tambi\u00e9n aqu\u00ed all\u00ed si cuando como aunque mientras pues que quien cual donde cada
varios algunos algunas muchos muchas todos todas otro otra otros otras ambos tal tales se lo le
les la
"""
_LEANING = frozenset(_LEANING_LIST.split()) - {"la", "le", "les", "lo", "or", "en"} | {"or"}
_LEANING_PHRASE = re.compile(
    r"(?:In (?:addition|contrast|fact|turn|other words|this|that|these|those|such|the (?:same|"
    r"following|previous|above|end|latter|former|case))|On the (?:other|one|contrary)|As (?:a "
    r"result|well|such|mentioned|noted|discussed|described|you)|For (?:example|instance|this|that|"
    r"these|those|such)|At (?:this|that|the same)|By (?:this|that|doing|contrast)|"
    r"The (?:following|above|former|latter|same|other|others|result|results|first|second|third|"
    r"next|last|previous|idea|problem|reason|answer|question|point|difference|example|study|studies|"
    r"experiment|experiments|authors?|researchers?|participants?|findings?|data|process|method|"
    r"approach|goal|aim|purpose|rest|text|book|chapter|article|figure|table|program|package|"
    r"command|option|file|function|user|reader|fact|two|three|four)\b|"
    r"A(?:n|nother)? (?:example|alternative|second|third|similar|further|good|common|simple)\b|"
    r"Zum Beispiel|Im Gegensatz|In diesem|Auf diese|Aus diesem|Par (?:exemple|contre)|En (?:effet|"
    r"outre|revanche|ce)|Dans (?:ce|cette|ces)|Por (?:ejemplo|lo|eso|ello|otro)|En (?:este|esta|"
    r"estos|cambio)|De (?:esta|este|hecho)|Sin embargo|Es decir|C'est|Il s'agit)"
)
_PRONOUN = re.compile(
    r"\b(?:this|these|those|such an?|the (?:former|latter|above|following)|here|herein|"
    r"above|below|aforementioned|respectively)\b"
)
_TWO_SENTENCES = re.compile(
    r"(?<!e\.g)(?<!i\.e)(?<!\bvs)(?<!\bcf)(?<!\bal)(?<!\betc)(?<!\bca)(?<![A-Z])(?<!z\.B)"
    r"(?<!\bbzw)(?<!\busw)(?<!d\.h)(?<!u\.a)(?<!\bp\.ex)(?<!\bej)[.?!] [a-z]"
)
_CONNECTED = re.compile(
    r",? (?:however|therefore|thus|hence|moreover|furthermore|nevertheless|consequently|instead|"
    r"meanwhile|too|likewise|on the other hand|on the contrary|in contrast|by contrast|for example|"
    r"for instance|in turn|as well|in other words|in fact|of course|in this case|after all)[,.]"
    r"|^\w+ly, |^(?:In|Under|After|Before|Over|During) \w+,|^\w+ing [^,]*, (?:he|she|it|they) "
    r"|^(?:[\w'-]+ ){1,4}(?:also|therefore|thus|however|then|instead|too) "
    r"|, (?:aber|jedoch|allerdings|zum Beispiel|donc|par exemple|cependant|"
    r"sin embargo|por ejemplo)\b"
)
_INSTRUCTION = re.compile(r"[A-Z]\w+[aei]r (?:el|la|los|las|un|una|en|con|de) ")
_ENGLISH = re.compile(r"\b(?:the|of|was|were|and|is|are|which|to|from)\b")
_PERSON_PRONOUN = re.compile(r"\b(?:he|him|his|she|her|hers)\b")
_THINGS_PRONOUN = re.compile(r"\b(?:they|them|their|theirs|it|its)\b")


@dataclass(frozen=True)
class Sentence:
    """A sentence of a page.

    Attributes:
        text: As prose, without citations: what cards are made of.
        quote: As the page has it.
        page: From 1.
        chunk_id: The chunk that holds it.
        start: Offset in the document's text.
        end: Offset after it.
        whole: Whether it is complete and readable; others serve for counting words only.
        clear: Whether it is clear by itself, too.
    """

    text: str
    quote: str
    page: int
    chunk_id: int
    start: int
    end: int
    whole: bool
    clear: bool


def sentences(source: Source) -> list[Sentence]:
    """All sentences of a document that lie in one page and one chunk, in reading order.

    What stands on several pages word by word (running heads, notices) is not clear by itself.
    """
    chunks = [chunk for chunk in source.chunks if not is_apart(chunk)]
    starts = [chunk.start for chunk in chunks]
    found: list[Sentence] = []
    for index in sorted(source.pages):
        found += _on_page(source.pages[index], chunks, starts)
    repeated = {text for text, times in Counter(each.text for each in found).items() if times > 1}
    return mend_hyphens(
        [
            replace(each, whole=False, clear=False) if each.text in repeated else each
            for each in found
        ]
    )


def _on_page(
    page: SourcePage, chunks: Sequence[SourceChunk], starts: Sequence[int]
) -> Iterator[Sentence]:
    for block in blocks(page):
        start = block.start
        for end in [*sentence_ends(page.text, block.start, block.end), block.end]:
            raw = page.text[start:end]
            if not raw.strip():
                continue
            first = page.offset + start + len(raw) - len(raw.lstrip())
            last = page.offset + end
            chunk = _chunk_of(first, last, chunks, starts)
            start = end
            if chunk is None:
                continue
            quote = readable(raw).replace("\n", " ")
            text = without_citations(quote)
            whole = is_whole(text)
            clear = whole and len(text.split()) <= MOST_CLEAR_WORDS and not leans(text)
            yield Sentence(text, quote, page.index, chunk.id, first, last, whole, clear)


def mend_hyphens(found: Sequence[Sentence]) -> list[Sentence]:
    """Join words cut at a line's end, "ex-planation", that the document has in one piece elsewhere.

    Quotes stay as the page has them.
    """
    words = Counter(word.lower() for each in found for word in _TOKEN.findall(each.text))

    def mend(match: re.Match[str]) -> str:
        whole = match[1] + match[2]
        once = words[match[0].lower()] == 1
        return whole if once and words[whole.lower()] else match[0]

    return [replace(each, text=_HYPHENATED.sub(mend, each.text)) for each in found]


def _chunk_of(
    first: int, last: int, chunks: Sequence[SourceChunk], starts: Sequence[int]
) -> SourceChunk | None:
    """The earliest chunk that holds a passage whole; neighbours overlap by a sentence."""
    place = bisect_right(starts, first)
    for chunk in chunks[max(0, place - 2) : place]:
        if chunk.start <= first and last <= chunk.end:
            return chunk
    return None


def without_citations(text: str) -> str:
    """A sentence without "(Author, 2001)" and "[12]"."""
    return _CITATION.sub("", text)


def is_whole(text: str) -> bool:
    """Whether a sentence is complete and readable."""
    return _is_complete(text) and not _is_debris(text)


def _is_complete(text: str) -> bool:
    if not _WHOLE.search(text):
        return False
    if has_spaceless_script(text[:12]):
        return LEAST_DENSE <= len(text) <= MOST_DENSE
    if text[0].islower() or not text[0].isalpha():
        return False
    words = len(text.split())
    return LEAST_WORDS <= words <= MOST_WORDS and LEAST_LETTERS <= len(text) <= MOST_LETTERS


def _is_debris(text: str) -> bool:
    """Whether a sentence holds code, formulae, addresses, or traces of typesetting."""
    if _SIGNS.search(text) or _ADDRESS.search(text) or _DEBRIS.search(text):
        return True
    if _TWO_SENTENCES.search(text):
        return True
    if _CAPITALS.search(text) or not _is_balanced(text):
        return True
    letters = sum(map(str.isalpha, text)) + text.count(" ")
    return letters < 0.88 * len(text)


def _is_balanced(text: str) -> bool:
    return (
        text.count("(") == text.count(")")
        and text.count("[") == text.count("]")
        and text.count("\u201c") == text.count("\u201d")
        and text.count('"') % 2 == 0
        and text.count("\u00ab") == text.count("\u00bb")
    )


def leans(text: str) -> bool:
    """Whether a sentence needs others: a pronoun without its noun, a connection, a reader."""
    first = _TOKEN.match(text)
    opening = re.split("['\u2019]", first[0].lower())[0] if first else ""
    if first is None or opening in _LEANING or _LEANING_PHRASE.match(text):
        return True
    if points_outside(text) or _CONNECTED.search(text) or _INSTRUCTION.match(text):
        return True
    person = _PERSON_PRONOUN.search(text)
    if person is not None and not _starts_named(text):
        return True
    thing = _THINGS_PRONOUN.search(text)
    return thing is not None and thing.start() < 12


def is_english(text: str) -> bool:
    """Whether a sentence of a document in another language is English all the same."""
    return len(_ENGLISH.findall(text)) >= 3


def points_outside(text: str) -> bool:
    """Whether words speak to the reader, of another part of the book, or of something before."""
    return (
        _PERSONAL.search(text) is not None
        or _REFERS_TO_PART.search(text) is not None
        or _PRONOUN.search(text) is not None
        or points_at_text(text)
    )


def _starts_named(text: str) -> bool:
    """Whether a sentence begins with two capitalised words: a name, most likely."""
    return re.match(r"[A-Z][\w.'\u2019-]+ (?:[a-z]{2,3} )?[A-Z]", text) is not None
