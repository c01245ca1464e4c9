"""Search over the library."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlencode

import msgspec
from litestar import get
from litestar.params import FromQuery, QueryParameter

from studyq.library.service import find_document
from studyq.search.service import MOST_RESULTS, Question, search
from studyq.web.api.pdfs import ServicesDependency
from studyq.web.api.schemas import Hit, SearchBody
from studyq.web.problems import ProblemError, problems

Query = Annotated[str, QueryParameter(description="What to look for; nothing in it is syntax.")]
Offset = Annotated[int, QueryParameter(ge=0, le=MOST_RESULTS)]
Count = Annotated[int, QueryParameter(ge=1, le=100)]


@get("/search", sync_to_thread=True, summary="Search", responses=problems(404))
def get_search(
    services: ServicesDependency,
    q: Query,
    mode: FromQuery[Literal["hybrid", "words", "meaning"]] = "hybrid",
    document_id: FromQuery[str | None] = None,
    limit: Count = 10,
    offset: Offset = 0,
) -> SearchBody:
    """Passages that answer a question best, each with its page and its place on it."""
    if not q.strip():
        raise ProblemError(400, "empty_query", "The query `q` is empty; say what to look for.")
    with services.database.read() as session:
        if document_id is not None:
            find_document(session, services.user_id, document_id)
        question = Question(services.user_id, q, mode, document_id, limit, offset)
        answer = search(session, services.embedder, question)
    following = {"q": q, "mode": mode, "limit": limit, "offset": offset + limit}
    if document_id is not None:
        following["document_id"] = document_id
    more = answer.more and offset + limit <= MOST_RESULTS
    return SearchBody(
        results=msgspec.convert(answer.results, list[Hit]),
        mode=answer.mode,
        notice=answer.notice,
        next=f"/search?{urlencode(following)}" if more else None,
    )
