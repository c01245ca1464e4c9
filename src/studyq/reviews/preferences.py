"""How each reader wants to review: retention, limits of a day, when it turns over, and the rest."""

from __future__ import annotations

import secrets
from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

import msgspec
import sqlalchemy as sa
from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy.orm import Session

from studyq.database.base import now
from studyq.library.errors import RefusedError
from studyq.reviews.models import ReviewSettings, Scheduler
from studyq.reviews.scheduling import DEFAULT_PARAMETERS, Scheduling, as_body
from studyq.reviews.study_days import StudyDays

Retention = Annotated[float, Meta(ge=0.7, le=0.99)]
DayLimit = Annotated[int, Meta(ge=0, le=9999)]
Steps = Annotated[tuple[Annotated[int, Meta(ge=1, le=1440)], ...], Meta(max_length=10)]
Hour = Annotated[int, Meta(ge=0, le=23)]
Days = Annotated[int, Meta(ge=1, le=36_500)]
Lapses = Annotated[int, Meta(ge=2, le=99)]
ZoneName = Annotated[str, Meta(max_length=64)]


class Preferences(Struct, frozen=True):
    """What a reader has chosen, or the defaults.

    Args:
        desired_retention: share of reviews that are to be remembered.
        new_per_day: new cards of a day at the most, over all documents.
        reviews_per_day: reviews of a day at the most; learning steps do not count.
        learning_steps: minutes.
        relearning_steps: minutes.
        maximum_interval: days.
        fuzz: whether intervals are moved a little.
        turn_hour: hour of the reader's clock at which a day begins.
        time_zone: empty until somebody says; then UTC holds.
        leech_lapses: times forgotten that make a card a leech.
        leech_suspends: whether a leech is suspended, or only marked.
        reminder_hour: hour at which the webhook tells of cards due; None for never.
        reminded_on: the day on which it last told.
        parameters: of FSRS-6, when they were fitted to the reader's own log.
        fitted_to: number of ratings that they were fitted to.
    """

    desired_retention: Retention = 0.9
    new_per_day: DayLimit = 20
    reviews_per_day: DayLimit = 200
    learning_steps: Steps = (1, 10)
    relearning_steps: Steps = (10,)
    maximum_interval: Days = 36_500
    fuzz: bool = True
    turn_hour: Hour = 4
    time_zone: ZoneName = ""
    leech_lapses: Lapses = 8
    leech_suspends: bool = True
    reminder_hour: Hour | None = None
    reminded_on: str = ""
    parameters: tuple[float, ...] | None = None
    fitted_to: int = 0

    @property
    def scheduling(self) -> Scheduling:
        """What of them decides over intervals."""
        return Scheduling(
            self.parameters or DEFAULT_PARAMETERS,
            self.desired_retention,
            self.learning_steps,
            self.relearning_steps,
            self.maximum_interval,
            self.fuzz,
        )

    @property
    def days(self) -> StudyDays:
        """The reader's days."""
        return StudyDays(self.time_zone or "UTC", self.turn_hour)


class PreferenceChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change; the rest stays. `default_parameters` goes back to those of FSRS-6."""

    desired_retention: Retention | UnsetType = UNSET
    new_per_day: DayLimit | UnsetType = UNSET
    reviews_per_day: DayLimit | UnsetType = UNSET
    learning_steps: Steps | UnsetType = UNSET
    relearning_steps: Steps | UnsetType = UNSET
    maximum_interval: Days | UnsetType = UNSET
    fuzz: bool | UnsetType = UNSET
    turn_hour: Hour | UnsetType = UNSET
    time_zone: ZoneName | UnsetType = UNSET
    leech_lapses: Lapses | UnsetType = UNSET
    leech_suspends: bool | UnsetType = UNSET
    reminder_hour: Hour | UnsetType | None = UNSET


def preferences(session: Session, user_id: str) -> Preferences:
    """A reader's preferences."""
    row = session.get(ReviewSettings, user_id)
    return Preferences() if row is None else msgspec.convert(row.body, Preferences)


def change_preferences(session: Session, user_id: str, change: PreferenceChange) -> Preferences:
    """Change some of them.

    Raises:
        RefusedError: for a time zone that nobody knows.
    """
    if change.time_zone and change.time_zone not in _zones():
        raise RefusedError(
            "unknown_time_zone",
            f"There is no time zone {change.time_zone!r}. They are named as Europe/Berlin or UTC.",
        )
    wanted = {
        name: value
        for name in PreferenceChange.__struct_fields__
        if (value := getattr(change, name)) is not UNSET
    }
    changed = msgspec.structs.replace(preferences(session, user_id), **wanted)
    save_preferences(session, user_id, changed)
    return changed


def save_preferences(session: Session, user_id: str, wanted: Preferences) -> int:
    """Keep preferences; returns the id of the scheduler that follows from them."""
    row = _row(session, user_id)
    scheduler_id = _scheduler_for(session, user_id, wanted.scheduling)
    row.body, row.scheduler_id, row.updated_at = as_body(wanted), scheduler_id, now()
    session.flush()
    return scheduler_id


def scheduler_in_force(session: Session, user_id: str) -> int:
    """The id of the scheduler that a rating of now is to name."""
    return _row(session, user_id).scheduler_id


def calendar_path(session: Session, user_id: str) -> str | None:
    """Where the reader's calendar is; None while there is none."""
    row = session.get(ReviewSettings, user_id)
    return None if row is None or row.calendar_secret is None else _path_of(row.calendar_secret)


def renew_calendar(session: Session, user_id: str) -> str:
    """Make another address for the reader's calendar; whoever knew the old one is shut out."""
    row = _row(session, user_id)
    row.calendar_secret = secrets.token_urlsafe(32)
    session.flush()
    return _path_of(row.calendar_secret)


def owner_of_calendar(session: Session, secret: str) -> str | None:
    """Whose calendar a secret names."""
    return session.scalar(
        sa.select(ReviewSettings.user_id).where(ReviewSettings.calendar_secret == secret)
    )


def _path_of(secret: str) -> str:
    return f"/reviews/calendar/{secret}.ics"


def _row(session: Session, user_id: str) -> ReviewSettings:
    row = session.get(ReviewSettings, user_id)
    if row is None:
        defaults = Preferences()
        row = ReviewSettings(
            user_id=user_id,
            body=as_body(defaults),
            scheduler_id=_scheduler_for(session, user_id, defaults.scheduling),
            updated_at=now(),
        )
        session.add(row)
        session.flush()
    return row


def _scheduler_for(session: Session, user_id: str, wanted: Scheduling) -> int:
    """The newest scheduler when it is the wanted one, or else another."""
    body = as_body(wanted)
    newest = session.scalars(
        sa.select(Scheduler)
        .where(Scheduler.user_id == user_id)
        .order_by(Scheduler.id.desc())
        .limit(1)
    ).first()
    if newest is not None and msgspec.convert(newest.body, Scheduling) == wanted:
        return newest.id
    made = Scheduler(user_id=user_id, body=body, created_at=now())
    session.add(made)
    session.flush()
    return made.id


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
