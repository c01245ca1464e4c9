"""Files and texts that come in a form, or as the body."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.datastructures import FormMultiDict, UploadFile

from studyq.web.problems import ProblemError


def file_field(form: FormMultiDict, name: str) -> UploadFile:
    """The file in a field of a form.

    Raises:
        ProblemError: 400 when the form has no such field, or no file in it.
    """
    file = form.get(name)
    if not isinstance(file, UploadFile):
        detail = f"The form has no field `{name}` with a file in it."
        raise ProblemError(400, "file_missing", detail)
    return file


def text_field(form: FormMultiDict, name: str) -> str:
    """The text in a field of a form; empty without one.

    Raises:
        ProblemError: 400 when there is a file in it.
    """
    text = form.get(name, "")
    if not isinstance(text, str):
        raise ProblemError(400, "not_a_text", f"The field `{name}` of the form has a file in it.")
    return text


async def file_content(request: Request[Any, Any, Any]) -> bytes:
    """The file of a request: its body, or the field `file` of a form.

    Raises:
        ProblemError: when the form has no such field.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await request.body()
    return await file_field(await request.form(), "file").read()
