"""The delay before an attempt is tried again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from studyq.jobs.backoff import backoff

attempts = st.integers(1, 16)
shares = st.floats(0, 1)


@given(attempts, shares)
def test_doubles_and_stays_within_ten_per_cent(attempt: int, share: float) -> None:
    plain = 2.0 * 2.0 ** (attempt - 1)
    assert plain * 0.9 <= backoff(attempt, uniform=share) <= plain * 1.1


@given(attempts, shares, shares)
def test_later_attempts_wait_longer_whatever_the_jitter(
    attempt: int, share: float, other: float
) -> None:
    assert backoff(attempt, uniform=share) < backoff(attempt + 1, uniform=other) or attempt == 16


@given(st.integers(1, 10_000))
def test_jitter_is_drawn_and_never_grows_without_bound(attempt: int) -> None:
    assert 1.8 <= backoff(attempt) <= 2.0 * 2**15 * 1.1
