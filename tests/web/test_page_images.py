"""Pictures of pages, with a passage lit up where it stands."""

from __future__ import annotations

import io
from typing import Any

import httpx
import pytest
from PIL import Image

from pdf_files import Page, make_pdf
from server_process import add_pdf, refusal, search


@pytest.fixture
def document(client: httpx.Client, pdf: bytes) -> dict[str, Any]:
    return add_pdf(client, "cells.pdf", pdf)


def picture(answer: httpx.Response) -> Image.Image:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/webp"
    return Image.open(io.BytesIO(answer.content)).convert("RGB")


def marked(image: Image.Image) -> set[tuple[int, int]]:
    """Places whose colour is the marker's: much red and green, less blue."""
    data = image.load()
    assert data is not None
    found = set()
    for x in range(0, image.width, 2):
        for y in range(0, image.height, 2):
            red, green, blue = data[x, y]  # type: ignore[misc]  # RGB
            if red > 220 and green > 200 and blue < 170:
                found.add((x, y))
    return found


def test_a_page_is_drawn_at_its_size(client: httpx.Client, document: dict[str, Any]) -> None:
    path = f"/documents/{document['id']}/pages/2/image"
    assert picture(client.get(path)).size == (893, 1263)
    assert picture(client.get(path, params={"scale": 1})).size == (595, 842)
    assert marked(picture(client.get(path))) == set()


def test_a_passage_is_lit_up_where_search_says_it_stands(
    client: httpx.Client, document: dict[str, Any], word: str
) -> None:
    hits = {hit["page_from"]: hit for hit in search(client, word)}
    for number, hit in hits.items():
        path = f"/documents/{document['id']}/pages/{number}/image"
        query = {"scale": 1, "highlight": hit["chunk_id"]}
        places = marked(picture(client.get(path, params=query)))
        assert places
        for x, y in places:
            assert any(
                box["x0"] - 3 <= x <= box["x1"] + 3 and box["y0"] - 3 <= y <= box["y1"] + 3
                for box in hit["rectangles"]
            ), (x, y, hit["rectangles"])


def test_another_page_or_documents_passage_lights_nothing(
    client: httpx.Client, document: dict[str, Any], word: str
) -> None:
    other = add_pdf(client, "other.pdf", make_pdf([f"Other text of {word}."]))
    hits = {(hit["document_id"], hit["page_from"]): hit["chunk_id"] for hit in search(client, word)}
    path = f"/documents/{document['id']}/pages/1/image"
    for key in ((document["id"], 2), (other["id"], 1)):
        image = picture(client.get(path, params={"scale": 1, "highlight": hits[key]}))
        assert marked(image) == set()
    unknown = client.get(path, params={"scale": 1, "highlight": 2**62})
    assert marked(picture(unknown)) == set()


@pytest.mark.parametrize("scale", ["0", "-1", "1e9", "nan", "inf", "-inf", "0.0000001"])
def test_any_scale_gives_a_picture_of_bearable_size(
    client: httpx.Client, document: dict[str, Any], scale: str
) -> None:
    path = f"/documents/{document['id']}/pages/1/image?scale={scale}"
    image = picture(client.get(path))
    assert 1 <= image.width <= 2400


@pytest.mark.parametrize(
    "query",
    ["scale=x", "scale=", "highlight=x", "highlight=0", "highlight=-1", "highlight=" + "9" * 40],
)
def test_nonsense_is_refused(client: httpx.Client, document: dict[str, Any], query: str) -> None:
    path = f"/documents/{document['id']}/pages/1/image?{query}"
    refusal(client.get(path), 400, "bad_request")


def test_pages_out_of_range_are_not_found(client: httpx.Client, document: dict[str, Any]) -> None:
    for number in (3, 1_000_000_000):
        path = f"/documents/{document['id']}/pages/{number}/image"
        refusal(client.get(path), 404, "page_not_found")


def test_a_huge_page_is_drawn_small(client: httpx.Client, word: str) -> None:
    content = make_pdf([Page(lines=[word], media_box=(0, 0, 14_400, 14_400))])
    document = add_pdf(client, "huge.pdf", content)
    path = f"/documents/{document['id']}/pages/1/image?scale=4"
    assert max(picture(client.get(path)).size) <= 8000


def test_browsers_may_keep_a_picture(client: httpx.Client, document: dict[str, Any]) -> None:
    path = f"/documents/{document['id']}/pages/1/image"
    first, again = client.get(path), client.get(path)
    assert first.headers["etag"] == again.headers["etag"]
    assert first.content == again.content
    assert "private" in first.headers["cache-control"]
    other = client.get(path, params={"scale": 2})
    assert other.headers["etag"] != first.headers["etag"]
