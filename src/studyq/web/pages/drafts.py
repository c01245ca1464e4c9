"""Drafts: cards beside their lit-up pages, to be approved, edited or rejected; and those after."""

from __future__ import annotations

from typing import Annotated, cast, get_args

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter, SkipValidation
from litestar.response import Template

from studyq.web.pages.card_views import (
    KIND_NAMES,
    STATE_NAMES,
    CardData,
    CardStateName,
    CardsWanted,
)
from studyq.web.pages.views import PageData

#: Reasons that the page offers, by the key that chooses them.
REJECT_REASONS = ("Wrong", "Not worth learning", "Unclear", "Too long", "Duplicate")

StateInAddress = Annotated[str, QueryParameter(name="state")]


@get("/app/drafts", sync_to_thread=True)
def drafts_page(
    page_data: NamedDependency[SkipValidation[PageData]],
    card_data: NamedDependency[SkipValidation[CardData]],
    wanted_state: StateInAddress = "draft",
    document: FromQuery[str] = "",
    session: FromQuery[str] = "",
    tag: FromQuery[str] = "",
    q: FromQuery[str] = "",
    duplicates: FromQuery[str] = "",
    cursor: FromQuery[str | None] = None,
) -> Template:
    """The cards of one state; an unknown state shows the drafts."""
    known = wanted_state if wanted_state in get_args(CardStateName) else "draft"
    wanted = CardsWanted(
        cast(CardStateName, known),
        document or None,
        session or None,
        tag or None,
        q.strip(),
        bool(duplicates),
    )
    return Template(
        template_name="drafts.html",
        context={
            "shell": page_data.shell(),
            "view": card_data.cards(wanted, cursor),
            "kind_names": KIND_NAMES,
            "state_names": STATE_NAMES,
            "reasons": REJECT_REASONS,
            "current": "drafts",
        },
    )
