"""Ingesting a corpus of real PDFs, over the least that it could take on the same machine."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pypdfium2
import sqlalchemy as sa

from benchmarks._running import CORPUS, LONG_BOOK, SHORT_BOOK, Server, group_memory, server, verdict
from studyq.database.engine import Database
from studyq.ingestion.embedding import passage_text
from studyq.library.models import Chunk, Document
from studyq.providers.minilm import load_minilm
from studyq.providers.minilm_files import model_folder
from studyq.settings import load_settings

THREADS = 2  #: of the embedding process, in the run and in its floor


def main() -> None:
    """Print the three figures of ingestion."""
    if not CORPUS.is_dir():
        print(f"There is no {CORPUS}; set BENCH_DATA to a folder with corpus/good in it.")
        return
    corpus_over_floor()
    searchable_over_extraction()
    memory_of_long_over_short()


def corpus_over_floor() -> None:
    """Wall time of the corpus over pdfium's text plus the model over the same chunks."""
    files = sorted(CORPUS.glob("*.pdf"))
    with server(embedding_threads=str(THREADS)) as running:
        begun = time.monotonic()
        jobs = [running.upload(path) for path in files]
        taken = running.wait(jobs) - begun
        texts = _chunk_texts(running)
    begun = time.monotonic()
    for path in files:
        _extract(path)
    model = load_minilm(model_folder(load_settings()[0].models_dir), threads=THREADS)
    for document in texts:
        model.embed(document)
    floor = time.monotonic() - begun
    count = sum(map(len, texts))
    print(f"{len(files)} files, {count} chunks: {taken:.1f} s, floor {floor:.1f} s")
    verdict("corpus, wall over floor", taken / floor, 1.25)


def searchable_over_extraction() -> None:
    """A long book: upload until searchable by words, over pdfium's extraction alone."""
    with server(embedding="none") as running:
        running.wait([running.upload(SHORT_BOOK)])
        begun = time.monotonic()
        taken = running.wait([running.upload(LONG_BOOK)], progress=50, every=0.02) - begun
    begun = time.monotonic()
    _extract(LONG_BOOK)
    floor = time.monotonic() - begun
    print(f"{LONG_BOOK.name}: searchable by words after {taken:.2f} s, extraction {floor:.2f} s")
    verdict("searchable by words over extraction", taken / floor, 3)


def memory_of_long_over_short() -> None:
    """Peak memory of all processes while a long book is ingested, over a short one."""
    peaks = [_peak(path) for path in (SHORT_BOOK, LONG_BOOK)]
    print(f"peak memory: short {peaks[0] / 1e6:.0f} MB, long {peaks[1] / 1e6:.0f} MB")
    verdict("peak memory, long over short", peaks[1] / peaks[0], 1.2)


def _extract(path: Path) -> None:
    document = pypdfium2.PdfDocument(path)
    for index in range(len(document)):
        document[index].get_textpage().get_text_range()
    document.close()


def _chunk_texts(running: Server) -> list[list[str]]:
    database = Database(f"sqlite:///{running.data / 'studyq.db'}")
    query = sa.select(Document.id, Document.title, Chunk.section, Chunk.text).join(
        Chunk, Chunk.document_id == Document.id
    )
    texts: dict[str, list[str]] = {}
    with database.read() as session:
        for row in session.execute(query):
            texts.setdefault(row.id, []).append(passage_text(row.title, row.section, row.text))
    database.close()
    return list(texts.values())


def _peak(path: Path) -> int:
    with server() as running:
        peak, over = 0, threading.Event()

        def watch() -> None:
            nonlocal peak
            while not over.wait(0.05):
                peak = max(peak, group_memory(running.process))

        watcher = threading.Thread(target=watch)
        watcher.start()
        running.wait([running.upload(path)])
        over.set()
        watcher.join()
        return peak
