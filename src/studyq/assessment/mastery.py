"""What one sitting says about the one who sat it: the score, and how well each section is known.

Pure: it takes graded responses and gives figures, each with an interval that says how little a few
items tell.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import Struct

from studyq.assessment.statistics import Interval, beta_interval, wilson
from studyq.text.sections import SEPARATOR

OUTER = 2  #: headings of a path that tell sections apart
TOO_WIDE = 0.4  #: a section whose interval is wider than this has not enough evidence


@dataclass(frozen=True)
class GradedResponse:
    """One response, as far as the figures need it.

    Args:
        points: from 0 to 1; None while the taker has not said whether it is right.
    """

    item_id: str
    document_id: str | None
    document: str
    section: str
    page: int | None
    points: float | None


class Share(Struct, frozen=True):
    """A share with its 95 % interval."""

    points: float
    items: int
    estimate: float
    lower: float
    upper: float


class SectionMastery(Struct, frozen=True):
    """How well a section of a document is known."""

    document_id: str | None
    document: str
    section: str
    mastery: Share
    enough_evidence: bool
    #: Pages of the items that were not right, in order.
    missed_pages: list[int]
    #: The items that were not right.
    missed_items: list[str]


class StudentFigures(Struct, frozen=True):
    """A sitting's score and its sections, weakest first."""

    score: Share | None
    undecided: int
    sections: list[SectionMastery]


def outer_section(path: str) -> str:
    """The part of a document that a section's path of headings belongs to: its two outermost ones.

    Deeper, a test has an item or two of each section, which says nothing about it.
    """
    return SEPARATOR.join(path.split(SEPARATOR)[:OUTER])


def student_figures(responses: Sequence[GradedResponse]) -> StudentFigures:
    """Compute the figures of one sitting.

    The score has a Wilson interval; a section's mastery is the mean of Beta(1 + right, 1 + wrong).
    Sections are ordered by their lower bounds, weakest first. Undecided responses count nowhere.
    """
    decided = [response for response in responses if response.points is not None]
    by_section: defaultdict[tuple[str | None, str, str], list[GradedResponse]] = defaultdict(list)
    for response in decided:
        by_section[response.document_id, response.document, response.section].append(response)
    sections = [_section(*place, found) for place, found in by_section.items()]
    sections.sort(key=lambda found: (found.mastery.lower, found.document, found.section))
    points = sum(response.points or 0.0 for response in decided)
    return StudentFigures(
        score=_share(points, len(decided), wilson(points, len(decided))) if decided else None,
        undecided=len(responses) - len(decided),
        sections=sections,
    )


def _section(
    document_id: str | None, document: str, section: str, responses: list[GradedResponse]
) -> SectionMastery:
    points = sum(response.points or 0.0 for response in responses)
    interval = beta_interval(points, len(responses))
    missed = [response for response in responses if response.points != 1]
    return SectionMastery(
        document_id=document_id,
        document=document,
        section=section,
        mastery=_share(points, len(responses), interval),
        enough_evidence=interval.width <= TOO_WIDE,
        missed_pages=sorted({response.page for response in missed if response.page is not None}),
        missed_items=[response.item_id for response in missed],
    )


def _share(points: float, items: int, interval: Interval) -> Share:
    return Share(points, items, interval.estimate, interval.lower, interval.upper)
