"""`studyq review` and `studyq stats`, with the keys given on standard input."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from review_desk import Desk
from studyq.database.engine import Database
from studyq_command import SECONDS, Studyq


@pytest.fixture
def desk(studyq: Studyq) -> Iterator[Desk]:
    assert studyq("db", "upgrade").returncode == 0
    database = Database(f"sqlite:///{studyq.data / 'studyq.db'}")
    yield Desk(database)
    database.close()


def review(studyq: Studyq, keys: str, *arguments: str) -> str:
    """What the command says to somebody who presses these keys, one a line."""
    answer = subprocess.run(
        [sys.executable, "-m", "studyq", "review", *arguments],
        env=studyq.environment,
        input="\n".join(keys) + "\n",
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_cards_are_reviewed_in_the_terminal(studyq: Studyq, desk: Desk) -> None:
    assert "0 rated, 0 today, nothing left for today." in review(studyq, " ")
    first, second, third = desk.add_cards(
        3, front="The {{c1::mitochondrion}} makes ATP.", back="mitochondrion", kind="cloze",
        source_title="Cells", page=3, page_label="xii", quote="The mitochondrion\nmakes ATP.",
    )  # fmt: skip
    # Shown, rated easy; shown, its source, good; shown, undone; shown again and rated; buried; end.
    said = review(studyq, " 4 s3 u 4 bq")
    assert "The […] makes ATP." in said
    assert "The mitochondrion makes ATP." in said
    assert "Cells, page xii" in said
    assert "“The mitochondrion makes ATP.”" in said
    assert "1 again 1 min" in said
    assert "Undone." in said
    assert "Buried until tomorrow." in said
    assert [row.rating for row in desk.log()] == [4, 3, None, 4]
    assert desk.schedule(third).buried_until is not None
    assert desk.memory(second).phase == desk.memory(first).phase == "review"


def test_a_number_of_ratings_is_enough(studyq: Studyq, desk: Desk) -> None:
    desk.add_cards(3)
    assert "1 rated, 1 today, 2 left." in review(studyq, " 4 4", "--limit", "1")


def test_statistics_for_people_and_programs(studyq: Studyq, desk: Desk) -> None:
    desk.add_cards(2)
    review(studyq, " 4 1q")
    answer = studyq("stats")
    assert answer.returncode == 0, answer.stderr
    assert "2 ratings on 1 of 30 days" in answer.stdout
    assert "█ " in answer.stdout
    assert "no reviews yet" in answer.stdout
    body = studyq.json("stats", "--days", "7")
    assert len(body["days"]) == 7
    assert body["days"][-1]["ratings"] == 2
    assert studyq.refusal(2, "stats", "--days", "0")
