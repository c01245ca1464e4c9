"""The OpenAPI document: whole, consistent, and true to what the service answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from server_process import QUEUE, add_pdf

METHODS = {"get", "post", "put", "patch", "delete"}
PATHS = {
    "/pdfs": {"get", "post"},
    "/pdfs/{filename}": {"put"},
    "/pdfs/{pdf_id}": {"get", "delete"},
    "/pdfs/{pdf_id}/file": {"get"},
    "/documents": {"get", "post"},
    "/documents/import": {"post"},
    "/documents/reprocess": {"post"},
    "/documents/{document_id}": {"get", "patch", "delete"},
    "/documents/{document_id}/reprocess": {"post"},
    "/documents/{document_id}/pages/{number}": {"get"},
    "/documents/{document_id}/pages/{number}/image": {"get"},
    "/flashcards": {"get", "post"},
    "/flashcards/{card_id}": {"get", "patch", "delete"},
    "/flashcards/{card_id}/history": {"get"},
    "/flashcards/export": {"get"},
    "/flashcards/import": {"post"},
    **{
        f"/flashcards/{action}": {"post"}
        for action in ("approve", "reject", "suspend", "restore", "delete", "tags")
    },
    "/pdfs/{pdf_id}/flashcards": {"post"},
    "/documents/{document_id}/flashcards": {"post"},
    "/documents/{document_id}/sessions": {"get"},
    "/sessions/{session_id}": {"get"},
    "/sessions/{session_id}/retry": {"post"},
    "/usage": {"get"},
    "/search": {"get"},
    "/queue": {"get"},
    "/queue/{queue}": {"get", "patch"},
    "/queue/{queue}/pause": {"post"},
    "/queue/{queue}/resume": {"post"},
    "/queue/{queue}/retry-failed": {"post"},
    "/queue/{queue}/cancel": {"post"},
    "/queue/{queue}/jobs": {"get"},
    "/queue/{queue}/jobs/{job_id}": {"get", "patch", "delete"},
    "/queue/{queue}/jobs/{job_id}/retry": {"post"},
    "/queue/{queue}/jobs/{job_id}/events": {"get"},
    "/jobs": {"get"},
    "/jobs/{job_id}": {"get"},
    "/events": {"get"},
    "/health/live": {"get"},
    "/health/ready": {"get"},
}


@pytest.fixture
def schema(client: httpx.Client) -> dict[str, Any]:
    answer = client.get("/schema/openapi.json")
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in schema["paths"].items():
        for method in METHODS & set(item):
            yield path, method, item[method]


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def test_every_route_is_described(schema: dict[str, Any]) -> None:
    found = {path: METHODS & set(item) for path, item in schema["paths"].items()}
    assert {path: found.get(path) for path in PATHS} == PATHS


def test_pages_for_people_are_not_in_it(schema: dict[str, Any]) -> None:
    assert not [path for path in schema["paths"] if path.startswith(("/app", "/static", "/schema"))]


def test_every_operation_says_what_it_is_for(schema: dict[str, Any]) -> None:
    ids = []
    for path, method, operation in operations(schema):
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)
        ids.append(operation["operationId"])
    assert len(ids) == len(set(ids))


def test_every_reference_leads_somewhere(schema: dict[str, Any]) -> None:
    for reference in set(references(schema)):
        node: Any = schema
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_every_path_parameter_is_declared(schema: dict[str, Any]) -> None:
    for path, method, operation in operations(schema):
        declared = {
            item["name"] for item in operation.get("parameters", ()) if item["in"] == "path"
        }
        named = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        assert declared == named, (method, path)


def test_every_operation_has_a_good_answer_and_its_refusals(schema: dict[str, Any]) -> None:
    for path, method, operation in operations(schema):
        codes = set(operation["responses"])
        assert any(code.startswith("2") for code in codes), (method, path)
        if "{" in path and method != "put":
            assert "404" in codes, (method, path)


def test_uploads_say_how_files_are_sent(schema: dict[str, Any]) -> None:
    form = schema["paths"]["/pdfs"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert form["schema"]["required"] == ["file"]
    assert form["schema"]["properties"]["file"]["format"] == "binary"
    body = schema["paths"]["/pdfs/{filename}"]["put"]["requestBody"]["content"]
    assert list(body) == ["application/pdf"]


def fits(value: object, node: dict[str, Any], schema: dict[str, Any]) -> bool:
    """Whether an answer has the fields and kinds that the document promises."""
    if "$ref" in node:
        return fits(value, schema["components"]["schemas"][node["$ref"].split("/")[-1]], schema)
    if "oneOf" in node or "anyOf" in node:
        return any(fits(value, option, schema) for option in node.get("oneOf") or node["anyOf"])
    if "enum" in node:
        return value in node["enum"]
    kinds = node.get("type")
    if isinstance(kinds, list):
        return any(fits(value, {**node, "type": kind}, schema) for kind in kinds)
    if kinds == "object":
        properties = node.get("properties", {})
        return (
            isinstance(value, dict)
            and set(node.get("required", ())) <= set(value)
            and (not properties or set(value) <= set(properties))
            and all(fits(value[key], properties[key], schema) for key in properties if key in value)
        )
    if kinds == "array":
        items = node.get("items", {})
        return isinstance(value, list) and all(fits(item, items, schema) for item in value)
    plain: dict[str, type | tuple[type, ...]] = {
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
    }
    if kinds == "null":
        return value is None
    return kinds is None or isinstance(value, plain[str(kinds)])


def test_answers_have_the_promised_shape(
    client: httpx.Client, schema: dict[str, Any], pdf: bytes, word: str
) -> None:
    document = add_pdf(client, "cells.pdf", pdf)
    addresses = {
        "/pdfs": "/pdfs",
        "/pdfs/{pdf_id}": f"/pdfs/{document['pdf_id']}",
        "/documents": "/documents",
        "/documents/{document_id}": f"/documents/{document['id']}",
        "/documents/{document_id}/pages/{number}": f"/documents/{document['id']}/pages/1",
        "/search": f"/search?q={word}",
        "/queue": "/queue",
        "/queue/{queue}": "/queue/pdf-ingestion",
        "/queue/{queue}/jobs": QUEUE,
        "/queue/{queue}/jobs/{job_id}": f"{QUEUE}/{document['job']['id']}",
        "/health/live": "/health/live",
        "/health/ready": "/health/ready",
    }
    for path, address in addresses.items():
        answer = client.get(address)
        assert answer.status_code == 200, (path, answer.text)
        promised = schema["paths"][path]["get"]["responses"]["200"]["content"]
        assert fits(answer.json(), promised["application/json"]["schema"], schema), path
