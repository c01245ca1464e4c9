"""From pages to chunks that are searchable by words, window by window."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from studyq.ingestion.work import Work
from studyq.library.models import Chunk, Document, Page
from studyq.search.words import WordRow, index_words
from studyq.text.chunking import Chunk as Passage
from studyq.text.chunking import Chunker
from studyq.text.sections import OutlineItem, SourcePage

WINDOW = 64  #: pages chunked and committed together


def chunk_document(work: Work) -> None:
    """Cut the stored pages into chunks and index their words."""
    if work.point.get("chunked"):
        return
    with work.context.database.read() as session:
        document = session.get_one(Document, work.document_id)
        outline = [OutlineItem(e["title"], e["page"], e["level"]) for e in document.outline]
        total = document.page_count or 0
    state = work.point.get("chunker")
    chunker = Chunker(outline, target_chars=work.services.chunk_chars, state=state)
    ordinal = work.point.get("next_ordinal", 0)
    following = _page_at(work, chunker.state["start"])
    with work.timed("chunking"):
        while not work.point.get("chunked"):
            pages = _source_pages(work, following)
            passages = chunker.feed(pages)
            following = pages[-1].index + 1 if pages else total + 1
            if following > total:
                passages += chunker.finish()
                work.point["chunked"] = True
            work.point.update(
                chunker=chunker.state, next_ordinal=ordinal + len(passages), start=following
            )
            _store(work, passages, ordinal, following - 1, total)
            ordinal += len(passages)


def _page_at(work: Work, offset: int) -> int:
    """The page from which the chunker must be fed again."""
    query = sa.select(sa.func.max(Page.index)).where(
        Page.document_id == work.document_id,
        Page.generation == work.generation,
        Page.offset <= offset,
    )
    with work.context.database.read() as session:
        return session.scalar(query) or 1


def _source_pages(work: Work, first: int) -> list[SourcePage]:
    query = (
        sa.select(Page.index.label("number"), Page.offset, Page.text, Page.headings)
        .where(
            Page.document_id == work.document_id,
            Page.generation == work.generation,
            Page.index >= first,
        )
        .order_by(Page.index)
        .limit(WINDOW)
    )
    with work.context.database.read() as session:
        return [
            SourcePage(
                row.number,
                row.offset,
                row.text,
                tuple((start, title, level) for start, title, level in row.headings),
            )
            for row in session.execute(query)
        ]


def _store(work: Work, passages: Sequence[Passage], ordinal: int, page: int, total: int) -> None:
    rows = [
        {
            "user_id": work.context.user_id,
            "document_id": work.document_id,
            "generation": work.generation,
            "ordinal": ordinal + number,
            "page_from": passage.page_from,
            "page_to": passage.page_to,
            "start": passage.start,
            "end": passage.end,
            "section": passage.section,
            "text": passage.text,
            "token_count": passage.token_count,
        }
        for number, passage in enumerate(passages)
    ]

    def store(session: Session) -> None:
        if not rows:
            return
        ids = session.execute(
            sa.insert(Chunk).returning(Chunk.id, sort_by_parameter_order=True), rows
        ).scalars()
        index_words(
            session.connection(),
            (
                WordRow(chunk_id, work.title, passage.section, passage.text)
                for chunk_id, passage in zip(ids, passages, strict=True)
            ),
        )

    searchable = work.point.get("chunked")
    message = "Searchable by words" if searchable else f"Chunking page {page} of {total}"
    percent = 30 + 20 * page / max(total, 1)
    work.commit(store, percent, message, "chunking", page=page, of=total)
