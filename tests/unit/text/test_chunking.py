# ruff: noqa: RUF001
import json
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studyq.text.chunking import Chunk, Chunker, ChunkerState
from studyq.text.normalise import readable
from studyq.text.sections import OutlineItem, SourcePage

WORDS = [
    *("river", "Basel", "3.14", "Dr.", "z.B.", "e.g.", "well-\nknown", "Haus,", "(see", "德国。"),
    *("水", "ﬁn\ufffeal", "ا؟", "\n\n", "•", "|", "\x00"),
]
page_texts = st.lists(
    st.lists(
        st.sampled_from([*WORDS, "end. ", "End.\n", "\n", "  ", "a" * 70, "1. Introduction\n"]),
        max_size=60,
    ).map(" ".join)
    | st.text(max_size=200),
    min_size=1,
    max_size=8,
)
outlines = st.lists(
    st.tuples(
        st.sampled_from(["Introduction", "Results", "Data", " ", "Basel"]),
        st.integers(1, 8),
        st.integers(0, 3),
    ).map(lambda entry: OutlineItem(*entry)),
    max_size=6,
)


def pages_of(texts: list[str]) -> list[SourcePage]:
    pages = []
    offset = 0
    for index, text in enumerate(texts, 1):
        pages.append(SourcePage(index, offset, text, ((0, f"Page {index}", 1 + index % 2),)))
        offset += len(text) + 1
    return pages


def chunk_at_once(
    pages: list[SourcePage], outline: list[OutlineItem], target: int = 120
) -> list[Chunk]:
    chunker = Chunker(outline, target_chars=target)
    return chunker.feed(pages) + chunker.finish()


@given(page_texts, outlines)
def test_offsets_are_in_the_document_and_give_the_chunk(
    texts: list[str], outline: list[OutlineItem]
) -> None:
    document = "\n".join(texts)
    pages = pages_of(texts)
    for chunk in chunk_at_once(pages, outline):
        assert 0 <= chunk.start < chunk.end <= len(document)
        assert readable(document[chunk.start : chunk.end]) == chunk.text
        assert 1 <= chunk.page_from <= chunk.page_to <= len(texts)
        assert pages[chunk.page_from - 1].offset <= chunk.start
        assert chunk.end <= pages[chunk.page_to - 1].offset + len(texts[chunk.page_to - 1])
        assert chunk.token_count >= 1


@given(page_texts, outlines)
def test_everything_that_can_be_read_is_in_a_chunk(
    texts: list[str], outline: list[OutlineItem]
) -> None:
    document = "\n".join(texts)
    missing = set(range(len(document)))
    for chunk in chunk_at_once(pages_of(texts), outline):
        missing.difference_update(range(chunk.start, chunk.end))
    assert not "".join(readable(document[place]) for place in sorted(missing))


@settings(max_examples=200)
@given(page_texts, outlines, st.randoms(use_true_random=False))
def test_windows_and_resuming_do_not_change_the_chunks(
    texts: list[str], outline: list[OutlineItem], rng: random.Random
) -> None:
    pages = pages_of(texts)
    chunker = Chunker(outline, target_chars=120)
    chunks: list[Chunk] = []
    position = 0
    while position < len(pages):
        window = rng.randint(1, 3)
        chunks += chunker.feed(pages[position : position + window])
        position += window
        if rng.random() < 0.5:
            state: ChunkerState = json.loads(json.dumps(chunker.state))
            chunker = Chunker(outline, target_chars=120, state=state)
            again = [
                page for page in pages[:position] if page.offset + len(page.text) >= state["start"]
            ]
            chunks += chunker.feed(again)
    chunks += chunker.finish()
    assert chunks == chunk_at_once(pages, outline)


def test_sentences_stay_whole_and_the_last_is_repeated() -> None:
    sentences = [f"Sentence number {n} of this page is here." for n in range(100)]
    chunks = chunk_at_once(pages_of([" ".join(sentences)]), [], target=400)
    for chunk in chunks:
        assert chunk.text.startswith("Sentence") and chunk.text.endswith("here.")
        assert 200 <= len(chunk.text) <= 500
    for before, after in pairwise(chunks):
        assert before.text.rsplit("Sentence", 1)[1] == after.text[8:].split("here.")[0] + "here."


def test_no_chunk_crosses_a_section_but_may_cross_pages() -> None:
    texts = [
        "1 Intro\n" + "Some words here. " * 20,
        "More words here. " * 3 + "\n2 Results\nFound it.",
    ]
    outline = [OutlineItem("Intro", 1, 0), OutlineItem("Results", 2, 0)]
    chunks = chunk_at_once(pages_of(texts), outline, target=1000)
    assert [(chunk.section, chunk.page_from, chunk.page_to) for chunk in chunks] == [
        ("Intro", 1, 2),
        ("Results", 2, 2),
    ]
    assert chunks[1].text == "2 Results Found it."


def test_a_bare_heading_goes_with_the_text_below_it() -> None:
    texts = ["2 Results\n2.1 Data\nThe data are these and those. And a few more."]
    outline = [OutlineItem("2 Results", 1, 0), OutlineItem("2.1 Data", 1, 1)]
    (chunk,) = chunk_at_once(pages_of(texts), outline)
    assert chunk.section == "2 Results › 2.1 Data"
    assert chunk.start == 0


def test_page_headings_serve_where_there_is_no_outline() -> None:
    chunks = chunk_at_once(pages_of(["Text of one.", "Text of two."]), [])
    assert [chunk.section for chunk in chunks] == ["Page 1", "Page 2"]


@pytest.mark.parametrize(
    ("text", "edge"),
    [
        ("cell one|cell two\n" * 200, "\n"),
        ("word " * 700, " "),
        ("x" * 3000, ""),
        ("字" * 3000, ""),
    ],
)
def test_text_without_sentences_is_cut_at_lines_then_words(text: str, edge: str) -> None:
    pages = [SourcePage(1, 0, text)]
    chunks = chunk_at_once(pages, [], target=1000)
    assert len(chunks) >= 3
    for chunk in chunks[:-1]:
        assert 500 <= chunk.end - chunk.start <= 1250
        assert not edge or text[chunk.end] == edge


def test_pages_must_follow_one_another() -> None:
    chunker = Chunker()
    chunker.feed([SourcePage(1, 0, "abc")])
    with pytest.raises(ValueError, match="does not follow"):
        chunker.feed([SourcePage(3, 9, "abc")])
    with pytest.raises(ValueError, match="is needed"):
        Chunker().feed([SourcePage(2, 9, "abc")])


def test_a_target_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="least"):
        Chunker(target_chars=10)
