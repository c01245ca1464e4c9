"""The invariants of the job layer (DESIGN.md, section 4), asked of the books after draining.

Numbers up to 20 are the design's, 21 and 22 are about chains. 15 and 17 are looked at when a
process has started or stopped, 20 where documents are read; see arena.py and service.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations, groupby
from pathlib import Path

from crash.ledger import Run, query
from studyq.jobs.models import HELD

LIVE = "('waiting', 'delayed', 'active')"
ENDED = "('completed', 'failed', 'cancelled')"

JOB_RULES: tuple[tuple[str, str], ...] = (
    ("2: has not ended", f"SELECT id, name, state FROM jobs WHERE state IN {LIVE}"),
    ("4: too many attempts", "SELECT id, attempt FROM jobs WHERE attempt > max_attempts"),
    (
        "6: illegal transition",
        """SELECT job_id, old_state, new_state FROM ledger_audit
        WHERE old_state || '>' || new_state NOT IN ('waiting>active', 'waiting>cancelled',
            'delayed>waiting', 'delayed>cancelled', 'active>active', 'active>completed',
            'active>failed', 'active>cancelled', 'active>waiting', 'active>delayed')""",
    ),
    (
        "7: token did not grow by one at a claim, or grew otherwise",
        """SELECT job_id, old_state, new_state, old_token, new_token FROM ledger_audit
        WHERE old_state IS NOT NULL
            AND new_token - old_token != (old_state = 'waiting' AND new_state = 'active')""",
    ),
    (
        "9: progress 100 without completion, or completion without it",
        "SELECT id, state, progress FROM jobs WHERE (progress = 100) != (state = 'completed')",
    ),
    (
        "9: progress went back within an attempt",
        """SELECT job_id, old_progress, new_progress FROM ledger_audit
        WHERE old_state = 'active' AND old_token = new_token AND new_progress < old_progress""",
    ),
    (
        "14: retried before its backoff was over",  # at is exact to the millisecond
        f"""SELECT later.job_id, earlier.run_at - later.at FROM ledger_audit AS later
        JOIN ledger_audit AS earlier ON earlier.seq = (
            SELECT max(seq) FROM ledger_audit WHERE job_id = later.job_id AND seq < later.seq)
        JOIN jobs ON jobs.id = later.job_id
        WHERE later.old_state = 'delayed' AND later.new_state = 'waiting'
            AND later.at < earlier.run_at - 1000
            -- What is released by the job before it was not waiting for a time.
            AND (jobs.after_id IS NULL OR earlier.run_at < {HELD})""",
    ),
    (
        "21: started before the job that comes before it had completed",
        """SELECT claim.job_id, jobs.after_id FROM ledger_audit AS claim
        JOIN jobs ON jobs.id = claim.job_id
        WHERE jobs.after_id IS NOT NULL AND claim.new_token > claim.old_token AND NOT EXISTS (
            SELECT 1 FROM ledger_audit AS first WHERE first.job_id = jobs.after_id
                AND first.new_state = 'completed' AND first.seq < claim.seq)""",
    ),
    (
        "22: held although the job before it has completed",
        f"""SELECT jobs.id FROM jobs JOIN jobs AS first ON first.id = jobs.after_id
        WHERE jobs.state = 'delayed' AND jobs.run_at = {HELD}
            AND first.state = 'completed'""",
    ),
    (
        "16: several live jobs of one unique key",
        f"""SELECT unique_key, count(*) FROM jobs
        WHERE unique_key IS NOT NULL AND state IN {LIVE} GROUP BY unique_key HAVING count(*) > 1""",
    ),
    (
        "19: not exactly one terminal event",
        f"""SELECT jobs.id, jobs.state, count(job_events.id) FROM jobs LEFT JOIN job_events
        ON job_events.job_id = jobs.id AND job_events.state IN {ENDED}
        WHERE jobs.state IN {ENDED} GROUP BY jobs.id HAVING count(job_events.id) != 1""",
    ),
    (
        "19: something was told after the terminal event",
        f"""SELECT job_id, id FROM job_events AS terminal WHERE state IN {ENDED} AND EXISTS (
            SELECT 1 FROM job_events WHERE job_id = terminal.job_id AND id > terminal.id)""",
    ),
    (
        "19: events tell another story than the rows",
        """WITH told AS (SELECT job_id, group_concat(state, ' ' ORDER BY id) AS story
            FROM job_events WHERE event = 'state' GROUP BY job_id),
        lived AS (SELECT job_id, group_concat(new_state, ' ' ORDER BY seq) AS story
            FROM ledger_audit WHERE old_state IS NOT new_state GROUP BY job_id)
        SELECT lived.job_id, lived.story, told.story FROM lived
        LEFT JOIN told ON told.job_id = lived.job_id WHERE told.story IS NOT lived.story""",
    ),
)

LEDGER_RULES: tuple[tuple[str, str], ...] = (
    (
        "5: completed without its one effect",
        """SELECT jobs.id, name, count(ledger_effects.job_id) FROM jobs
        LEFT JOIN ledger_effects ON ledger_effects.job_id = jobs.id
        WHERE state = 'completed' GROUP BY jobs.id HAVING count(ledger_effects.job_id) != 1""",
    ),
    (
        "5: a step's effect is missing or doubled",
        """SELECT jobs.id, count(step), count(DISTINCT step) FROM jobs
        LEFT JOIN ledger_steps ON ledger_steps.job_id = jobs.id
        WHERE name = 'steps' GROUP BY jobs.id HAVING count(step) != count(DISTINCT step)
            OR (state = 'completed' AND count(step) != payload ->> 'steps')""",
    ),
    (
        "12: final effects of a job that did not complete",
        """SELECT jobs.id, state FROM ledger_effects JOIN jobs ON jobs.id = ledger_effects.job_id
        WHERE state != 'completed'""",
    ),
    (
        "13: the effect is not the last claimant's",
        """SELECT jobs.id, ledger_effects.token, jobs.token FROM ledger_effects
        JOIN jobs ON jobs.id = ledger_effects.job_id WHERE ledger_effects.token != jobs.token""",
    ),
    (
        "13: somebody wrote without holding the job",
        "SELECT job_id, token, what FROM ledger_strangers",
    ),
    (
        "8: a document without its job",
        """SELECT ledger_documents.id FROM ledger_documents
        LEFT JOIN jobs ON jobs.id = ledger_documents.job_id WHERE jobs.id IS NULL""",
    ),
    (
        "8: a job without its document",
        """SELECT jobs.id, name FROM jobs
        LEFT JOIN ledger_documents ON ledger_documents.job_id = jobs.id
        WHERE unique_key IS NULL AND ledger_documents.id IS NULL""",
    ),
    (
        "12: the room of a job was not told of its end, or more than once",
        """SELECT jobs.id, jobs.state, count(ledger_told.job_id) FROM jobs
        LEFT JOIN ledger_told ON ledger_told.job_id = jobs.id
            AND ledger_told.state IN ('failed', 'cancelled')
        GROUP BY jobs.id
        HAVING count(ledger_told.job_id) != (jobs.state IN ('failed', 'cancelled'))""",
    ),
)


def broken_rules(path: Path, rules: Iterable[tuple[str, str]]) -> list[str]:
    """Ask each rule for the rows that break it."""
    return [
        f"{rule}: {' '.join(map(str, row))}" for rule, sql in rules for row in query(path, sql)[:5]
    ]


def damage(path: Path) -> list[str]:
    """Invariant 10, asked of the database itself."""
    rows = query(path, "PRAGMA integrity_check") + query(path, "PRAGMA foreign_key_check")
    return [f"10: {row}" for row in rows if row != ("ok",)]


def lost_or_revived(path: Path, acknowledged: Iterable[str], rolled_back: set[str]) -> list[str]:
    """Invariant 1: what was acknowledged is there, what was rolled back never was."""
    present = {row[0] for row in query(path, "SELECT id FROM jobs")}
    missing = [f"1: acknowledged job {job} is missing" for job in set(acknowledged) - present]
    return missing + [f"1: rolled-back job {job} exists" for job in rolled_back & present]


def claimed_at(path: Path) -> dict[tuple[str, int], float]:
    """When each execution was claimed, in seconds of the wall clock."""
    claims = "SELECT job_id, new_token, at FROM ledger_audit WHERE new_token > old_token"
    return {(job, token): at / 1e6 for job, token, at in query(path, claims)}


def broken_runs(
    runs: list[Run],
    rolled_back: set[str],
    claims: Mapping[tuple[str, int], float],
    ends: Mapping[int, float],
    freezes: Mapping[int, list[float]],
) -> list[str]:
    """Invariants 1, 3 and 11, asked of what handlers wrote when they began and ended.

    Args:
        ends: when a process was killed.
        freezes: the moments at which a process was stopped for a while; what it had claimed
            before counts until that moment, because nobody can promise more.
    """
    found = [f"1: rolled-back job {run.job_id} ran" for run in runs if run.job_id in rolled_back]
    spans: dict[str, list[tuple[float, float, int]]] = {}
    ordered = sorted(runs, key=lambda run: (run.job_id, run.token, run.at))
    for (job, token), group in groupby(ordered, key=lambda run: (run.job_id, run.token)):
        lines = list(group)
        began = [run for run in lines if run.what == "start"]
        if len(began) != 1:
            found.append(f"3: {job} started {len(began)} times under token {token}")
            continue
        pid, start = began[0].pid, began[0].at
        stops = [run.at for run in lines if run.what == "end"]
        stops += [at for at in freezes.get(pid, ()) if at >= claims.get((job, token), start)]
        stops.append(ends.get(pid, float("inf")))
        spans.setdefault(job, []).append((start, min(stops), token))
    for job, executions in spans.items():
        for (start, stop, token), (other_start, other_stop, other) in combinations(executions, 2):
            if max(start, other_start) < min(stop, other_stop):
                found.append(f"11: {job} ran twice at once, under tokens {token} and {other}")
    return found
