"""What the OpenAPI document must say beyond what the framework finds out by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# These two have no public names.
from litestar._openapi.schema_generation import SchemaCreator
from litestar._openapi.schema_generation.plugins.struct import StructSchemaPlugin
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    RequestBody,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.typing import FieldDefinition

FILE = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
TEXT = Schema(type=OpenAPIType.STRING)
FORM = "multipart/form-data"


class ClosedStructs(StructSchemaPlugin):
    """Says of bodies that refuse unknown fields that they do."""

    def to_openapi_schema(
        self, field_definition: FieldDefinition, schema_creator: SchemaCreator
    ) -> Schema:
        """The schema of a struct."""
        schema = super().to_openapi_schema(field_definition, schema_creator)
        if field_definition.annotation.__struct_config__.forbid_unknown_fields:
            schema.additional_properties = False
        return schema


@dataclass
class OptionalBody(Operation):
    """An operation whose body may be left out."""

    def __post_init__(self) -> None:
        if isinstance(self.request_body, RequestBody):
            self.request_body.required = False


def form(*required: str, **fields: Schema) -> Schema:
    """A form with some fields, of which some are required."""
    return Schema(type=OpenAPIType.OBJECT, properties={**fields}, required=list(required))


def takes(content: Mapping[str, Schema]) -> type[Operation]:
    """An operation that reads its body by itself; `content` says it for each media type."""
    kinds = {kind: OpenAPIMediaType(schema=schema) for kind, schema in content.items()}

    @dataclass  # again, or __post_init__ is not called
    class TakingOperation(Operation):
        def __post_init__(self) -> None:
            self.request_body = RequestBody(required=True, content=kinds)

    return TakingOperation


def answers_with_file(media_types: Iterable[str]) -> type[Operation]:
    """An operation that answers with a file of one of some media types."""
    document = Schema(type=OpenAPIType.OBJECT)
    kinds = {
        kind: OpenAPIMediaType(schema=document if kind == "application/json" else FILE)
        for kind in media_types
    }

    @dataclass
    class FileOperation(Operation):
        def __post_init__(self) -> None:
            answer = OpenAPIResponse(description="The file", content=kinds)
            self.responses = {**(self.responses or {}), "200": answer}

    return FileOperation
