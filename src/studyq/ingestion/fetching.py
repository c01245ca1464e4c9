"""Getting an import's file, before it is read like an upload."""

from __future__ import annotations

from sqlalchemy.orm import Session

from studyq.ingestion.work import Work
from studyq.jobs.errors import PermanentError, TransientError
from studyq.library.errors import RefusedError
from studyq.library.models import Pdf
from studyq.library.service import pdf_of
from studyq.library.uploads import new_pdf, require_pdf
from studyq.storage.imports import ImportRefused


def fetch_import(work: Work) -> None:
    """Fetch the file of an import, unless an earlier attempt has done so.

    Raises:
        PermanentError: when it is not allowed, not there, not a PDF, or in the library already.
        TransientError: when trying again may help.
    """
    with work.context.database.read() as session:
        if pdf_of(session, work.document_id) is not None:
            return
    uri = work.source_uri or ""

    def report(done: int, size: int) -> None:
        percent = 1 + 8 * done / max(size, 1)
        message = f"Fetching {done:,} of {size:,} bytes"
        work.context.progress(percent, message, stage="fetching", bytes=done, of=size)

    storage = work.services.storage
    with work.timed("fetching"), storage.receive() as incoming:
        try:
            work.services.importer.fetch(uri, incoming, progress=report)
            require_pdf(incoming)
        except ImportRefused as error:
            kind = TransientError if error.transient else PermanentError
            raise kind(error.code, error.message) from error
        except RefusedError as error:
            raise PermanentError(error.code, f"{uri}: {error.message}") from error

        def store(session: Session) -> None:
            twin = (
                session.query(Pdf)
                .filter(Pdf.user_id == work.context.user_id, Pdf.sha256 == incoming.sha256)
                .one_or_none()
            )
            if twin is not None:
                raise PermanentError(
                    "duplicate",
                    f"The content of {uri} is in the library already, as {twin.filename}.",
                )
            filename = uri.rpartition("/")[2]
            new_pdf(session, storage, work.context.user_id, work.document_id, incoming, filename)

        work.commit(store, 10, "Stored and opened", "stored")
