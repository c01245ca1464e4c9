"""Reading bodies so that no body, however odd, counts as a defect of the service."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.datastructures import FormMultiDict

from studyq.web.problems import ProblemError


class ApiRequest(Request[Any, Any, Any]):
    """A request whose body is refused when it cannot be decoded at all."""

    async def json(self) -> Any:
        """The decoded body.

        Raises:
            ProblemError: 400 when it is not UTF-8, or nested too deeply to be read.
        """
        try:
            return await super().json()
        except (UnicodeDecodeError, RecursionError) as error:
            raise ProblemError(
                400, "bad_json", f"The body is no JSON that can be read: {error}."
            ) from error

    async def form(self) -> FormMultiDict:
        """The decoded form.

        Raises:
            ProblemError: 400 when a field is no text, or in an encoding that nobody knows.
        """
        try:
            return await super().form()
        except (UnicodeDecodeError, LookupError) as error:
            raise ProblemError(
                400, "bad_form", f"A field of the form is no text that can be read: {error}."
            ) from error
