"""Subjects and predicates of English definitions: which name a thing, and which say what it is."""

from __future__ import annotations

import re

from studyq.cards.builtin.english import WEAK
from studyq.cards.builtin.fact import UsualCase
from studyq.cards.builtin.sentences import points_outside
from studyq.cards.builtin.tokens import is_plural

# First words of a subject that stands for something said before.
_BAD_FIRST_LIST = """
even only just especially this that these those it its they their there here he she his her such
what who which when where how why one another some many most all both each every other others
several first second third certain various such next last part half neither either none much more
less few if while although because since as in on at by for with from to of and but or so not no
yes our my your we you i let
"""
BAD_FIRST = frozenset(_BAD_FIRST_LIST.split())
_BAD_LAST_LIST = """
reason reasons problem problems question questions result results way ways example examples goal
goals aim aims purpose idea ideas point points difference differences case cases step steps thing
things answer answers fact facts advantage advantages disadvantage disadvantages issue issues
solution task kind kinds type types form forms part parts one ones people others another number
subject focus key challenge effect effects cause causes author authors study studies results use
uses approach approaches method methods process work function functions role researchers argument
arguments option options default value list choice set something anything it them him her me us
this that these those and or of in on at by for with from to a an the is are was were word words
term terms name names section chapter book figure table page
"""
_BAD_LAST = frozenset(_BAD_LAST_LIST.split())
_VERB_IN_SUBJECT_LIST = """
is are was were be been being has have had do does did can could will would shall should may might
must that which who whom whose where when if because although while as than so not if but became
becomes become makes made says said then now also thus still
"""
_VERB_IN_SUBJECT = frozenset(_VERB_IN_SUBJECT_LIST.split())
_PARTS = frozenset(
    {"section", "subsection", "article", "chapter", "figure", "table", "page", "part"}
)
_POINTERS_LIST = """
such same other it its itself they them their themselves he him his she her we our you your this
these those following above instead
"""
_POINTERS = frozenset(_POINTERS_LIST.split())
BAD_ANSWER = re.compile(
    r"^(?:(?:an?|the|one) )?(?:very |quite |rather |particularly |especially )?(?:good|great|bad|"
    r"common|classic|prime|perfect|simple|typical|important|major|new|similar|different|big|real|serious|key|critical|"
    r"crucial|significant|interesting|useful|popular|other|same|only|most|best|next|following|"
    r"result|matter|part|reason|problem|question|example|lot|bit|number|variety|few|topic|subject|"
    r"second|third|last|case|way|focus|goal|aim|purpose|issue|answer|challenge|basis|norm|"
    r"cause|consequence|time|day|year|place|exception|rule|fact|point|idea|thing|latter|former|more|"
    r"less|source|product|opposite|default|key|one (?!in which|who|that|where|whose)|outcome|"
    r"kind of thing|list|sum|member|components?|success|failure|season|home|examples|(?:[\w-]+ )?"
    r"(?:powerful|useful|valuable|effective|functional|helpful|great|good|common|simple)? ?"
    r"(?:tool|example|reason|problem|thing|issue|question|challenge))\b"
)
_NO_NOUN = re.compile(
    r"(?:as|also|in|on|at|by|for|with|of|to|not|now|still|often|usually|more|most|less|very|so|too|"
    r"able|likely|unlikely|equivalent|given|due|identical|equal|close|some|calculate|used|known|nothing|something|everything|how|what|where|when|here|there|"
    r"visible|available|responsible|\w+ed|\w+ly)\b"
)
_SECOND_STATEMENT = re.compile(
    r",? \u2013 |,? ?\u2014 ?| and (?=is\b|are\b|was\b|were\b|has\b|have\b|can\b)"
    r"|, (?:and|but|so|yet|while|whereas|although|though|because|since|or) "
    r"(?=(?:(?!that\b|which\b|who\b)[\w'-]+,? ){0,10}(?:is|are|was|were|has|have|had|can|could|"
    r"will|would|may|might|it|they|he|she|does|do|did|exists?|remains?|includes?|requires?)\b)"
)
_RESTRICTS = re.compile(
    r"\b(?:that|which|who|whose|where|when|in which|of|for|used|based|by|to|from|with|between|in|"
    r"caused|characterized|consisting|containing|designed|made|about|on)\b"
)
_SOMEBODY = re.compile(r"\b(?:he|she|him|(?<!or )her|hers|his(?! or her))\b")
_PERSON = re.compile(
    r"\b(?:\w+(?:ologist|ician|opher|grapher|omist)|scientist|physicist|chemist|poet|author|writer|"
    r"king|queen|emperor|president|explorer|inventor|artist|painter|composer|"
    r"mathematician|astronomer|activist|lawyer|politician|engineer|professor|theorist|scholar|saint|"
    r"prince|duke|pope|investor|actor|actress|director|senator|governor|ruler|minister|soldier|"
    r"officer|commander|founder|citizen|merchant|priest|monk|bishop|judge|journalist|novelist|"
    r"linguist|dentist|editor|nurse|neurologist|\w+iatrist|doctor|physician|teacher|woman|man)\b"
)


# With "the" before them these mean one that was spoken of.
_GENERAL_LIST = """
manual documentation standard specification guide introduction system model theory experiment
procedure program package group team company organization country city state government man woman
child children student students people person participant participants users user patient subjects
family members member sample survey test report data graph line plot command output input file
code example story movement area region site building event war battle river lake island law act
policy agreement treaty court company project network message packet document text article movie
film song picture image box screen button device machine vehicle researcher researchers
experimenter author teacher therapist school university college house room street road bridge
church
"""
_GENERAL = frozenset(_GENERAL_LIST.split())
_GENERAL_FIRST_LIST = """
other same next previous first second third last latter former following above new old main only
whole entire most best better more
"""
_GENERAL_FIRST = frozenset(_GENERAL_FIRST_LIST.split())


def trimmed(text: str) -> str:
    """A predicate without the full stop, and without a second statement joined to it."""
    statement = text.partition("; ")[0].rstrip(" .!")
    second = _SECOND_STATEMENT.search(statement)
    return statement[: second.start()] if second and second.start() > 12 else statement


def tells(answer: str) -> bool:
    """Whether a predicate says what something is."""
    return (
        len(answer.split()) >= 4
        and BAD_ANSWER.match(answer) is None
        and _NO_NOUN.match(answer) is None
    )


def restricts(answer: str) -> re.Match[str] | None:
    """What sets a thing apart, if it comes early: "a cell *that* …"."""
    early = " ".join(answer.split()[:9])
    return _RESTRICTS.search(answer, 0, len(early))


def repeats(term: str, answer: str) -> bool:
    """Whether a definition begins with the word that it defines: "the input format of …"."""
    return term.split()[-1].lower() in answer.lower().split()[:5]


def leans_out(answer: str) -> bool:
    """Whether an answer speaks of something outside it."""
    return points_outside(answer) or _SOMEBODY.search(answer) is not None


def is_term(subject: str) -> bool:
    """Whether a subject is a thing with a name, not something said before."""
    words = subject.split()
    if not 1 <= len(words) <= 7 or subject.count("(") != subject.count(")"):
        return False
    lower = [re.split("['\u2019]", word.strip("()\u201c\u201d'\"").lower())[0] for word in words]
    content = [word for word in lower if word not in ("a", "an", "the", "of", "and", "in")]
    if not content or lower[0] in BAD_FIRST or content[0] in WEAK:
        return False
    if lower[-1] in _BAD_LAST and (len(content) == 1 or lower[0] == "the"):
        return False
    if lower[0] in _PARTS and any(word[-1:].isdigit() for word in lower):
        return False  # "Section 512 contains …"
    if any(word in _VERB_IN_SUBJECT or word in _POINTERS for word in lower):
        return False
    if lower[0].endswith("ed") or any(len(word) > 4 and word.endswith("ly") for word in lower):
        return False
    if lower[0] == "the" and is_plural(lower[-1]) and "of" not in lower and words[1][0].islower():
        return False  # "The children": which ones?
    if lower[0] == "the" and (lower[-1] in _GENERAL or lower[1] in _GENERAL_FIRST):
        return False
    return len(content[-1]) > 1 and not lower[-1].endswith("ly")


def is_named(subject: str) -> bool:
    """Whether a subject of capitalised words is a name by itself."""
    words = subject.split()
    return is_term(subject) and (
        len(words) > 1 or (words[0].isalpha() and words[0].lower() not in _GENERAL)
    )


def is_person(asked: str, answer: str) -> bool:
    """Whether a subject, as written within a sentence, is somebody by what is said of it."""
    words = asked.split()
    if words[-1][0].isupper() and words[0].islower() and _PERSON.search(asked):
        return True  # "writer Eça de Queiroz"
    return (
        1 <= len(words) <= 6
        and all(word[0].isupper() or word in ("de", "von", "van", "of") for word in words)
        and words[0] not in ("The", "A", "An", "the", "a", "an")
        and (
            _PERSON.search(" ".join(answer.split()[:8])) is not None
            or answer.startswith("the first to ")
            or " who " in " ".join(answer.split()[:7])
        )
    )


def is_vague(thing: str) -> bool:
    """Whether an object is unclear without its sentence."""
    words = thing.split()
    return bool(
        set(map(str.lower, words)) & (_VERB_IN_SUBJECT | {"it", "his", "her", "their"})
    ) or (words[-1].lower() in _BAD_LAST)


def within(subject: str, usual_case: UsualCase) -> str:
    """A subject as it stands within a question."""
    first, _, rest = subject.partition(" ")
    if first in ("The", "A", "An") and rest:
        return f"{first.lower()} {rest}"
    return usual_case(subject)


def bare(asked: str) -> str:
    """A subject without its article and what is in brackets."""
    return re.sub(r"^(?:an?|the) ", "", re.sub(r" \([^)]*\)", "", asked))
