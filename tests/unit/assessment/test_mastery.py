"""Figures of one sitting."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from studyq.assessment.mastery import GradedResponse, outer_section, student_figures
from studyq.text.sections import SEPARATOR


def response(section: str, points: float | None, page: int = 1, item: str = "i") -> GradedResponse:
    return GradedResponse(item, "d", "Book", section, page, points)


def test_sections_come_weakest_first_and_say_when_they_know_too_little() -> None:
    found = student_figures(
        [response("good", 1.0)] * 20
        + [response("weak", 0.0, page=7, item="x")] * 4
        + [response("weak", 1.0, page=8)] * 16
        + [response("one", 1.0)]
    )
    assert [section.section for section in found.sections] == ["one", "weak", "good"]
    one, weak, good = found.sections
    assert (one.enough_evidence, weak.enough_evidence, good.enough_evidence) == (False, True, True)
    assert (weak.missed_pages, set(weak.missed_items)) == ([7], {"x"})
    assert good.missed_pages == []
    assert found.score is not None
    assert (found.score.points, found.score.items) == (37, 41)


def test_undecided_responses_count_nowhere() -> None:
    found = student_figures([response("a", None), response("a", None)])
    assert (found.score, found.undecided, found.sections) == (None, 2, [])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([None, 0.0, 0.5, 1.0]))))
def test_points_and_items_add_up(given_: list[tuple[str, float | None]]) -> None:
    found = student_figures([response(section, points) for section, points in given_])
    decided = [points for _, points in given_ if points is not None]
    assert found.undecided == len(given_) - len(decided)
    assert sum(section.mastery.items for section in found.sections) == len(decided)
    assert sum(section.mastery.points for section in found.sections) == sum(decided)
    lowers = [section.mastery.lower for section in found.sections]
    assert lowers == sorted(lowers)
    for section in found.sections:
        mastery = section.mastery
        assert 0 <= mastery.lower <= mastery.estimate <= mastery.upper <= 1


def test_items_deep_in_a_chapter_count_for_its_part() -> None:
    path = ["2 Research", "2.1 Why", "Summary"]
    assert outer_section(SEPARATOR.join(path)) == SEPARATOR.join(path[:2])
    assert outer_section("2 Research") == "2 Research"
    assert outer_section("") == ""
