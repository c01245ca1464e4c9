"""`Idempotency-Key`: a request that created work gives the same answer when it is sent again.

The answer is stored in the transaction that creates the work, so that a crash between the two
cannot leave one without the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from studyq.database.base import now
from studyq.jobs.models import IdempotencyKey
from studyq.web.problems import ProblemError

LONGEST_KEY = 255


@dataclass(frozen=True)
class Answer:
    """A status and a body."""

    status: int
    body: dict[str, Any]


def stored_answer(session: Session, user_id: str, key: str | None, operation: str) -> Answer | None:
    """The answer that this key got before, if it did.

    Args:
        operation: what is asked for; the same key for something else is refused.

    Raises:
        ProblemError: 400 for a key that is too long, 409 for one used for something else.
    """
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST_KEY:
        raise ProblemError(
            400, "bad_idempotency_key", f"An Idempotency-Key has 1 to {LONGEST_KEY} characters."
        )
    row = session.get(IdempotencyKey, (user_id, key))
    if row is None:
        return None
    if row.operation != operation:
        raise ProblemError(
            409, "idempotency_key_reused", "This Idempotency-Key was used for another request."
        )
    return Answer(row.status, row.body)


def store_answer(
    session: Session, user_id: str, key: str | None, operation: str, answer: Answer
) -> Answer:
    """Keep the answer for whoever sends the key again."""
    if key is not None:
        session.add(
            IdempotencyKey(
                user_id=user_id,
                key=key,
                operation=operation,
                status=answer.status,
                body=answer.body,
                created_at=now(),
            )
        )
    return answer
