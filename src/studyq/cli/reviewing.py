"""`studyq review` and `studyq stats`: cards that are due, in the terminal."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from studyq.cli.options import data_option, json_option, print_json, settings_in_force

if TYPE_CHECKING:
    from studyq.reviews.queue import Queue
    from studyq.reviews.showing import ShownCard
    from studyq.web.services import Services

KEYS = "1 again, 2 hard, 3 good, 4 easy; s source, u undo, b bury, q quit"
BAR = 40  #: characters of the longest bar


@click.command()
@click.option("--document", "document_id", metavar="ID", help="Only cards of one document.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Stop after so many ratings.")
@data_option
def review(document_id: str | None, limit: int | None, data: Path | None) -> None:
    """Review the cards that are due.

    Any key shows the answer; then 1 to 4 rate it, s says where it comes from, u undoes the last
    rating, b buries the card until tomorrow, q ends.
    """
    from studyq.cli.opening import open_library

    with open_library(settings_in_force(data)) as services:
        desk = _Desk(services, document_id)
        while limit is None or desk.rated < limit:
            if not desk.ask():
                break
        desk.say_what_is_left()


@click.command()
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True,
              help="Days to look back on and forward to.")  # fmt: skip
@data_option
@json_option
def stats(days: int, data: Path | None, as_json: bool) -> None:
    """Show how reviews have gone, and what falls due."""
    from studyq.cli.opening import open_library
    from studyq.database.base import now
    from studyq.reviews.statistics import review_statistics
    from studyq.web.api.learning import describe_statistics

    with open_library(settings_in_force(data)) as services, services.database.read() as session:
        found = review_statistics(session, services.user_id, now(), past=days, ahead=days)
        body = describe_statistics(found)
    if as_json:
        print_json(body)
        return
    total = sum(day.ratings for day in body.days)
    click.echo(f"{total:,} ratings on {body.active_days} of {days} days, "
               f"{body.seconds / 3600:.1f} hours.")  # fmt: skip
    for name, one in (("All", body.retention), ("Young", body.young), ("Mature", body.mature)):
        rate = (
            "no reviews yet" if one.rate is None else f"{100 * one.rate:.1f} % of {one.reviews:,}"
        )
        click.echo(f"  {name:<7} {rate}")
    click.echo(f"  wanted  {100 * body.desired_retention:.0f} %\n")
    _print_bars("Ratings", [(day.day, day.ratings) for day in body.days])
    _print_bars("Due", [(day.day, day.due) for day in body.forecast])


@dataclass
class _Desk:
    """One sitting in the terminal."""

    services: Services
    document_id: str | None
    rated: int = 0

    def ask(self) -> bool:
        """Show the next card and take one answer; False when there is no more, or it is enough."""
        shown = self._next()
        if shown is None:
            return False
        card = shown.card
        question, answer = _sides(shown)
        click.echo(f"\n{click.style(question, bold=True)}")
        for number, option in enumerate(card.options, 1):
            click.echo(f"  {chr(96 + number)}) {' '.join(option.split())}")
        began = time.monotonic()
        if _key("[answer] ") in ("q", ""):
            return False
        click.echo(answer)
        buttons = "  ".join(f"{item.rating} {item.name} {item.words}" for item in shown.intervals)
        while True:
            key = _key(f"[{buttons}] ")
            if key in ("1", "2", "3", "4"):
                return self._rate(shown, int(key), round((time.monotonic() - began) * 1000))
            if key == "s":
                click.echo(_source(shown))
            elif key == "u":
                return self._undo()
            elif key == "b":
                return self._bury(card.id)
            elif key in ("q", ""):
                return False
            else:
                click.echo(KEYS)

    def say_what_is_left(self) -> None:
        """Numbers at the end."""
        queue = self._queue()
        left = f"{queue.counts.total:,} left" if queue.counts.total else "nothing left for today"
        click.echo(f"\n{self.rated:,} rated, {queue.done:,} today, {left}.")

    def _queue(self) -> Queue:
        from studyq.database.base import now
        from studyq.reviews.queue import review_queue

        services = self.services
        with services.database.read() as session:
            return review_queue(session, services.user_id, now(), document_id=self.document_id)

    def _next(self) -> ShownCard | None:
        from studyq.database.base import now
        from studyq.reviews.showing import shown_cards

        queue = self._queue()
        with self.services.database.read() as session:
            found = shown_cards(session, self.services.user_id, queue.cards, now())
            session.expunge_all()
        return found[0] if found else None

    def _rate(self, shown: ShownCard, rating: int, milliseconds: int) -> bool:
        from studyq.database.base import now
        from studyq.library.errors import ConflictError
        from studyq.reviews.service import Answer, rate_card

        answer = Answer(
            shown.card.id, rating, version=shown.schedule.version, duration_ms=milliseconds
        )
        try:
            with self.services.database.write(synced=True) as session:
                rate_card(session, self.services.user_id, answer, now())
            self.rated += 1
        except ConflictError as error:  # a browser was faster
            click.echo(error.message, err=True)
        return True

    def _undo(self) -> bool:
        from studyq.database.base import now
        from studyq.library.errors import ConflictError
        from studyq.reviews.service import undo_rating

        try:
            with self.services.database.write(synced=True) as session:
                undo_rating(session, self.services.user_id, now())
            self.rated = max(0, self.rated - 1)
            click.echo("Undone.")
        except ConflictError as error:
            click.echo(error.message, err=True)
        return True

    def _bury(self, card_id: str) -> bool:
        from studyq.database.base import now
        from studyq.reviews.service import bury

        with self.services.database.write() as session:
            bury(session, self.services.user_id, card_id, now())
        click.echo("Buried until tomorrow.")
        return True


def _key(prompt: str) -> str:
    """One key, or where nobody sits at a terminal one line; empty at its end."""
    click.echo(prompt, nl=False)
    if sys.stdin.isatty():
        key = click.getchar()
        click.echo()
        return " " if key in ("\r", "\n") else key
    line = sys.stdin.readline()
    click.echo()
    return (line.strip() or " ") if line else ""


def _sides(shown: ShownCard) -> tuple[str, str]:
    """Question and answer, each on one line."""
    from studyq.text.cloze import covered, uncovered

    front, back = shown.card.front, shown.card.back
    if shown.card.kind == "cloze":
        front, back = covered(front), uncovered(front)
    return " ".join(front.split()), " ".join(back.split())


def _source(shown: ShownCard) -> str:
    card = shown.card
    if not card.page:
        return card.source_title or "This card names no page."
    place = f"{card.source_title}, page {card.page_label or card.page}"
    return f"{place}\n  “{' '.join(card.quote.split())}”" if card.quote else place


def _print_bars(title: str, rows: list[tuple[str, Any]]) -> None:
    most = max((number for _, number in rows), default=0)
    click.echo(title)
    for day, number in rows:
        if number:
            click.echo(f"  {day} {'█' * max(1, round(BAR * number / most))} {number:,}")
