"""Built-in cards of real PDFs: grounded, distinct, balanced, spread over the text, and quick.

Quotes and rectangles are checked with pdfium alone; wording and coverage by the judge that lies
beside the data (`../drivers/judge_generated.py`). `--print FILE` writes thirty cards of three
documents, as they come, for people to judge.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from benchmarks._card_calls import report as report_calls
from benchmarks._card_checks import Original
from benchmarks._running import CORPUS, DATA, Server, server, verdict
from studyq.cards.admission import KnownCards, Maker, admit
from studyq.cards.builtin import generate, survey
from studyq.cards.models import Flashcard, Kind, Origin
from studyq.cards.sampling import plan_windows
from studyq.cards.source import Source, read_source
from studyq.database.engine import Database
from studyq.library.models import Document

OPENSTAX = DATA / "openstax"
SQUAD = DATA / "retrieval" / "squad" / "pdf"
JUDGE = DATA.parent / "drivers" / "judge_generated.py"
COUNT = 40  #: cards asked of a document
MOST = 500  #: cards that one request may ask for; where coverage of a glossary is measured
GAP = "_____"
PRINTED = ("psychology_ch03.pdf", "French_and_Indian_War.pdf", "hmmer-userguide_227p.pdf")
PRINTED_EACH = 10


@dataclass(frozen=True)
class Made:
    """The cards of a document, and how long they took in one thread."""

    path: Path
    cards: tuple[Flashcard, ...]
    seconds: float


@dataclass(frozen=True)
class Group:
    """PDFs that are judged together, against a glossary where there is one."""

    name: str
    folder: Path
    count: int
    gold: Path | None = None


def main(options: Sequence[str] = ()) -> None:
    """Print the figures, or thirty cards."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks cards")
    parser.add_argument("--print", type=Path, dest="target", metavar="FILE")
    target = parser.parse_args(options).target
    groups = [group for group in _groups() if group.folder.is_dir()]
    if not groups:
        print(f"There is no {DATA}; set BENCH_DATA to a folder with corpus/good in it.")
    elif target is not None:
        print_cards(target, groups)
    else:
        measure(groups)
    if target is None:
        report_calls()


def _groups() -> list[Group]:
    subjects = sorted(OPENSTAX.glob("*/pdf"))
    return [
        Group("corpus", CORPUS, COUNT),
        Group("squad", SQUAD, COUNT),
        *[
            Group(folder.parent.name, folder, MOST, folder.parent / "glossary_cards.jsonl")
            for folder in subjects
        ],
    ]


def measure(groups: Sequence[Group]) -> None:
    """Make cards of all documents and print what was found of them."""
    made: dict[str, list[Made]] = {}
    with server(embedding="none") as running:
        for group in groups:
            sources = read_all(running, sorted(group.folder.glob("*.pdf")))
            made[group.name] = [make(path, source, group.count) for path, source in sources]
    everything = [each for several in made.values() for each in several]
    print_speed(everything)
    print_grounding(everything)
    if not JUDGE.is_file():
        print(f"There is no {JUDGE}: wording and coverage are not judged.")
        return
    judged = [(group, judge(group, made[group.name])) for group in groups]
    print_judged([(group, found) for group, found in judged if found["cards"]])


def read_all(running: Server, paths: Sequence[Path]) -> list[tuple[Path, Source]]:
    """Ingest files and read back what cards are made of."""
    running.wait([running.upload(path) for path in paths])
    database = Database(f"sqlite:///{running.data / 'studyq.db'}")
    try:
        with database.read() as session:
            found = []
            for path in paths:
                query = sa.select(Document).where(Document.filename == path.name)
                document = session.scalars(query).first()
                if document is not None:
                    found.append((path, read_source(session, document)))
            return found
    finally:
        database.close()


def make(path: Path, source: Source, count: int) -> Made:
    """Make cards as a job does, without its database."""
    begun = time.perf_counter()
    known, maker = KnownCards(), Maker("user", Origin.BUILTIN)
    looked_at = survey(source)
    plan = plan_windows(source.chunks, count, worth=looked_at.worth)
    cards: list[Flashcard] = []
    for window in plan.windows:
        drafts = generate(looked_at, window.chunk_ids)
        cards += admit(
            drafts,
            source=source,
            chunk_ids=window.chunk_ids,
            known=known,
            maker=maker,
            limit=window.quota,
        ).cards
    taken = time.perf_counter() - begun
    language = looked_at.language.code if looked_at.language else "?"
    print(
        f"  {path.name:40} {language}  {len(source.chunks):5} passages, {plan.quota:4} wanted, "
        f"{len(cards):4} kept, {taken:5.2f} s",
        flush=True,
    )
    return Made(path, tuple(cards), taken)


def print_speed(made: Sequence[Made]) -> None:
    """Cards a second, in one thread, of all documents together."""
    number, seconds = sum(len(each.cards) for each in made), sum(each.seconds for each in made)
    print(f"{number} cards of {len(made)} documents in {seconds:.1f} s")
    verdict("built-in, cards a second", number / seconds, 20, at_least=True)


def print_grounding(made: Sequence[Made]) -> None:
    """Whether quotes are on their pages, and what stands in their rectangles."""
    quoted, boxed, total = 0, 0, 0
    for each in made:
        with Original(each.path) as original:
            for card in each.cards:
                total += 1
                there = original.holds(card.page or 0, card.quote)
                quoted += there
                boxed += original.read_back(card.rectangles, card.quote) >= 0.85
                if not there:
                    print(f"  not on page {card.page} of {each.path.name}: {card.quote[:100]}")
    verdict("quotes on the stated page, %", 100 * quoted / total, 100, at_least=True)
    verdict("rectangles that hold their quote, %", 100 * boxed / total, 97, at_least=True)


def judge(group: Group, made: Sequence[Made]) -> dict[str, Any]:
    """What the judge says of a group's cards."""
    with TemporaryDirectory(prefix="studyq-bench-") as folder:
        target = Path(folder) / "cards.jsonl"
        cards = [card for each in made for card in each.cards]
        target.write_text("".join(f"{_judged_form(card)}\n" for card in cards), encoding="utf-8")
        command = [sys.executable, str(JUDGE), str(target), "--source", str(group.folder)]
        if group.gold:
            command += ["--gold", str(group.gold), "--sid-prefix", f"{group.name}/"]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = json.JSONDecoder().raw_decode(told)[0]
    print(f"  {group.name}: {json.dumps(found)}")
    return found


def _judged_form(card: Flashcard) -> str:
    told: dict[str, Any] = {"front": _shown(card), "back": card.back}
    if card.kind == Kind.CHOICE:
        options = card.options
        told = {"stem": card.front, "options": options, "correct_index": options.index(card.back)}
    return json.dumps(told, ensure_ascii=False)


def _shown(card: Flashcard) -> str:
    """A question as it is seen; a cloze with a gap."""
    return card.front.replace(f"{{{{c1::{card.back}}}}}", GAP)


def print_judged(judged: Iterable[tuple[Group, dict[str, Any]]]) -> None:
    """The judge's figures over all groups: sums, and the worst of each share."""
    judged = list(judged)
    found = [told for _, told in judged]
    total = sum(told["cards"] for told in found)
    verdict("grounding, mean of the worst group", min(t["grounding_mean"] for t in found), 0.85,
            at_least=True)  # fmt: skip
    verdict("exact duplicates", sum(told["exact_duplicates"] for told in found), 0)
    near = sum(told["near_duplicates"] for told in found)
    verdict("near duplicates, %", 100 * near / total, 2)
    absent = "number in the answer is not in the source"
    verdict("numbers absent from the source", sum(t["flags"].get(absent, 0) for t in found), 0)
    places: Counter[str] = Counter()
    for told in found:
        places.update(told.get("key_positions", {}))
    shares = [100 * places[place] / places.total() for place in "0123"]
    verdict("key position least often, %", min(shares), 15, at_least=True)
    verdict("key position most often, %", max(shares), 35)
    touched = [
        (group.name, told["sections_touched"])
        for group, told in judged
        if "sections_touched" in told
    ]
    for name, share in touched:
        verdict(f"sections touched, {name}, %", 100 * share, 90, at_least=True)


def print_cards(target: Path, groups: Sequence[Group]) -> None:
    """Write the first cards that three documents give, as they come."""
    paths = [path for name in PRINTED for group in groups for path in group.folder.glob(name)]
    with server(embedding="none") as running:
        made = [make(path, source, PRINTED_EACH) for path, source in read_all(running, paths)]
    parts = [_PREFACE]
    for each in made:
        parts.append(f"## {each.path.name}\n")
        parts += [_printed(number, card) for number, card in enumerate(each.cards, 1)]
    target.write_text("\n".join(parts), encoding="utf-8")
    print(f"{sum(len(each.cards) for each in made)} cards in {target}")


_PREFACE = f"""# Cards that the built-in generator makes

For people to judge: the {PRINTED_EACH} cards that a request for {PRINTED_EACH} gives of each of
three documents, none left out. Written by `python -m benchmarks cards --print
docs/builtin-cards.md`; how they are made is told in [cards](cards.md).
"""


def _printed(number: int, card: Flashcard) -> str:
    lines = [f"{number}. **{_shown(card)}** ({card.kind}, page {card.page})", ""]
    if card.kind == Kind.CHOICE:
        lines += [f"   - {'✓ ' if option == card.back else ''}{option}" for option in card.options]
    else:
        lines.append(f"   {card.back}")
    lines += ["", f"   > {card.quote}", ""]
    return "\n".join(lines)
