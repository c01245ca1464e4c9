# ruff: noqa: RUF001
from studyq.text.sections import (
    SEPARATOR,
    OutlineItem,
    SectionPlan,
    SectionStart,
    SourcePage,
    enter_section,
    lies_in,
    section_path,
)


def test_titles_are_found_on_their_lines() -> None:
    text = "8 CHAPTER 2. Methods and more words of a running head\n2 Methods\nText."
    text += "\n2.1 Data sets\nMore."
    outline = [OutlineItem("Methods", 4, 0), OutlineItem("2.1  Data sets", 4, 1)]
    starts = SectionPlan(outline).starts_on(SourcePage(4, 100, text))
    assert [(s.title, text[s.offset - 100 :].split("\n")[0]) for s in starts] == [
        ("Methods", "2 Methods"),
        ("2.1 Data sets", "2.1 Data sets"),
    ]


def test_a_title_broken_over_two_lines_is_found() -> None:
    text = "Before.\nExtending the models with\nother libraries\nText."
    outline = [OutlineItem("Extending the models with other libraries", 1, 0)]
    (start,) = SectionPlan(outline).starts_on(SourcePage(1, 0, text))
    assert text[start.offset :].startswith("Extending")


def test_a_title_not_on_the_page_begins_with_the_page() -> None:
    starts = SectionPlan([OutlineItem("Picture", 2, 0)]).starts_on(SourcePage(2, 50, "Text."))
    assert starts == [SectionStart(50, "Picture", 0)]
    assert SectionPlan([OutlineItem("Picture", 2, 0)]).starts_on(SourcePage(3, 60, "Text.")) == []


def test_an_outline_is_preferred_to_page_headings() -> None:
    page = SourcePage(1, 0, "Big words\nText.", ((0, "Big words", 1), (99, " ", 1)))
    assert SectionPlan([OutlineItem("Other", 2, 0)]).starts_on(page) == []
    assert SectionPlan([]).starts_on(page) == [SectionStart(0, "Big words", 1)]


def test_paths_follow_levels() -> None:
    stack: tuple[tuple[int, str], ...] = ()
    paths = []
    for title, level in [("1 A", 0), ("1.1 B", 1), ("1.2 C", 1), ("odd jump", 4), ("2 D", 0)]:
        stack = enter_section(stack, SectionStart(0, title, level))
        paths.append(section_path(stack))
    assert paths == ["1 A", "1 A › 1.1 B", "1 A › 1.2 C", "1 A › 1.2 C › odd jump", "2 D"]


def test_long_and_dirty_titles_are_cut_to_size() -> None:
    (start,) = SectionPlan([OutlineItem("a\x00 \n" + "b" * 500, 1, 0)]).starts_on(
        SourcePage(1, 0, "x")
    )
    assert len(start.title) == 120
    assert start.title.startswith("a b")


def test_a_section_lies_in_those_above_it_and_in_no_neighbour() -> None:
    path = f"2 Results{SEPARATOR}2.1 Data"
    assert lies_in(path, path)
    assert lies_in(path, "2 Results")
    assert not lies_in(path, "2 Res")
    assert not lies_in("2 Results", path)
    assert not lies_in("2.10 More", "2.1")
