"""A small PDF writer for tests: pages of text, and the ways in which files go wrong.

>>> make_pdf(["First page.", ["# A heading", "Second page,", "two lines."]], title="Sample")

Lines that start with ``# ``, ``## `` or ``### `` are set larger, as headings are. Any text that
Unicode knows may be used. ``Page`` says more about a page: rotation, boxes, an image, raw
content. ``encrypt_pdf``, ``truncate_pdf`` and friends take what ``make_pdf`` returns.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import pypdf

BODY_SIZE = 11
HEADING_SIZES = {"# ": 20, "## ": 16, "### ": 13}
LEADING = 1.4
LEFT, TOP = 72, 770  # of the first line's baseline, in points on an A4 page
A4 = (0, 0, 595, 842)

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Page:
    """One page of a test PDF.

    Attributes:
        lines: Lines of text, from the top.
        rotate: Clockwise rotation for display, in degrees.
        media_box, crop_box: Left, bottom, right and top in points.
        image: Cover the page with a (grey) picture, as a scan does.
        content: Raw content stream to use instead of the lines.
        rotten: Store bytes which are not what the stream's filter says.
        left: Where lines begin, in points.
    """

    lines: Sequence[str] = ()
    rotate: int = 0
    media_box: Box = A4
    crop_box: Box | None = None
    image: bool = False
    content: bytes | None = None
    rotten: bool = False
    left: float = LEFT


Outline = Sequence[tuple[str, int, int]]  # title, page from 1, level from 1


@dataclass
class _Objects:
    """Numbered objects, serialised with a correct cross-reference table."""

    bodies: list[bytes] = field(default_factory=list)

    def reserve(self) -> int:
        self.bodies.append(b"null")
        return len(self.bodies)

    def add(self, body: str | bytes) -> int:
        number = self.reserve()
        self.put(number, body)
        return number

    def put(self, number: int, body: str | bytes) -> None:
        self.bodies[number - 1] = body.encode("latin-1") if isinstance(body, str) else body

    def stream(self, data: bytes, entries: str = "") -> int:
        packed = zlib.compress(data)
        return self.raw_stream(packed, f"/Filter /FlateDecode {entries}")

    def raw_stream(self, data: bytes, entries: str = "") -> int:
        head = f"<< /Length {len(data)} {entries} >>\nstream\n".encode("latin-1")
        return self.add(head + data + b"\nendstream")

    def serialise(self, root: int, info: int) -> bytes:
        output = io.BytesIO()
        output.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        offsets = []
        for number, body in enumerate(self.bodies, 1):
            offsets.append(output.tell())
            output.write(b"%d 0 obj\n" % number + body + b"\nendobj\n")
        start = output.tell()
        output.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1))
        for offset in offsets:
            output.write(b"%010d 00000 n \n" % offset)
        trailer = f"<< /Size {len(offsets) + 1} /Root {root} 0 R /Info {info} 0 R >>"
        output.write(f"trailer\n{trailer}\nstartxref\n{start}\n%%EOF\n".encode("latin-1"))
        return output.getvalue()


def make_pdf(
    pages: Sequence[str | Sequence[str] | Page],
    *,
    title: str | None = None,
    author: str | None = None,
    outline: Outline = (),
    labels: str | None = None,
) -> bytes:
    """Make a PDF in memory.

    Args:
        pages: Per page a string (lines end with a newline character), a list of lines, or a
            ``Page``.
        title: Title in the document's information dictionary.
        author: Author in the document's information dictionary.
        outline: Bookmarks, in order: title, page from 1, level from 1.
        labels: The ``/Nums`` array of the page labels, such as ``"0 << /S /r >> 2 << /S /D >>"``
            for two pages in Roman numerals before page 1.
    """
    objects = _Objects()
    tree, catalog = objects.reserve(), objects.reserve()
    plain = objects.add(
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    )
    described = [_as_page(page) for page in pages]
    characters = sorted({c for page in described for line in page.lines for c in line})
    wide = _wide_font(objects, characters)
    numbers = [_add_page(objects, page, tree, plain, wide, characters) for page in described]
    kids = " ".join(f"{number} 0 R" for number in numbers)
    objects.put(tree, f"<< /Type /Pages /Kids [{kids}] /Count {len(numbers)} >>")
    entries = f"/Type /Catalog /Pages {tree} 0 R"
    if outline:
        entries += f" /Outlines {_add_outline(objects, outline, numbers)} 0 R"
    if labels is not None:
        entries += f" /PageLabels << /Nums [{labels}] >>"
    objects.put(catalog, f"<< {entries} >>")
    named = {"Title": title, "Author": author}
    texts = " ".join(f"/{key} {_string(text)}" for key, text in named.items() if text is not None)
    return objects.serialise(catalog, objects.add(f"<< {texts} >>"))


def make_scanned_page() -> Page:
    """A page that holds a picture and no text."""
    return Page(image=True)


def encrypt_pdf(data: bytes, *, user: str, owner: str = "the owner's secret") -> bytes:
    """Encrypt with AES-256. With an empty ``user`` password, anybody can open the file."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    writer.encrypt(user_password=user, owner_password=owner, algorithm="AES-256")
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def truncate_pdf(data: bytes) -> bytes:
    """Cut in the middle, as an interrupted download does."""
    return data[: len(data) // 2]


def lose_cross_references(data: bytes) -> bytes:
    """Point ``startxref`` nowhere; the objects are all there."""
    return data[: data.rindex(b"startxref")] + b"startxref\n99999999\n%%EOF\n"


def make_nested_forms(depth: int = 30, fan_out: int = 10) -> bytes:
    """A page whose form XObjects draw each other ``fan_out ** depth`` times."""
    objects = _Objects()
    tree, catalog = objects.reserve(), objects.reserve()
    form = objects.add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    resources = f"/Font << /F1 {form} 0 R >>"
    draw = b"BT /F1 12 Tf 72 700 Td (deep) Tj ET"
    for _ in range(depth):
        entries = f"/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Resources << {resources} >>"
        form = objects.stream(draw, entries)
        resources, draw = f"/XObject << /X {form} 0 R >>", b"/X Do " * fan_out
    content = objects.stream(draw)
    page = objects.add(
        f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 595 842] /Contents {content} 0 R"
        f" /Resources << {resources} >> >>"
    )
    objects.put(tree, f"<< /Type /Pages /Kids [{page} 0 R] /Count 1 >>")
    objects.put(catalog, f"<< /Type /Catalog /Pages {tree} 0 R >>")
    return objects.serialise(catalog, objects.add("<< >>"))


def _as_page(page: str | Sequence[str] | Page) -> Page:
    if isinstance(page, Page):
        return page
    return Page(lines=page.split("\n") if isinstance(page, str) else page)


def _add_page(
    objects: _Objects, page: Page, tree: int, plain: int, wide: int, characters: list[str]
) -> int:
    content, resources = page.content, f"/Font << /F1 {plain} 0 R /F2 {wide} 0 R >>"
    if content is None:
        content = _text_operators(page, characters)
    if page.image:
        picture = objects.stream(
            bytes(range(0, 256, 4)),
            "/Type /XObject /Subtype /Image /Width 8 /Height 8 /ColorSpace /DeviceGray"
            " /BitsPerComponent 8",
        )
        resources += f" /XObject << /Im {picture} 0 R >>"
        left, bottom, right, top = page.media_box
        content = (
            b"q %g 0 0 %g %g %g cm /Im Do Q\n" % (right - left, top - bottom, left, bottom)
        ) + content
    if page.rotten:
        stream = objects.raw_stream(b"\x00rotten" * 20, "/Filter /FlateDecode")
    else:
        stream = objects.stream(content)
    entries = f"/MediaBox [{_numbers(page.media_box)}]"
    if page.crop_box is not None:
        entries += f" /CropBox [{_numbers(page.crop_box)}]"
    if page.rotate:
        entries += f" /Rotate {page.rotate}"
    return objects.add(
        f"<< /Type /Page /Parent {tree} 0 R {entries} /Contents {stream} 0 R"
        f" /Resources << {resources} >> >>"
    )


def _text_operators(page: Page, characters: list[str]) -> bytes:
    parts, y = [], float(min(TOP, page.media_box[3] - 40))
    for line in page.lines:
        marker = line[: line.find(" ") + 1]
        size = HEADING_SIZES.get(marker, BODY_SIZE)
        text = line.removeprefix(marker) if marker in HEADING_SIZES else line
        font, shown = _shown(text, characters)
        parts.append(f"BT /{font} {size} Tf {page.left:g} {y:g} Td {shown} Tj ET")
        y -= size * LEADING
    return "\n".join(parts).encode("latin-1")


def _shown(text: str, characters: list[str]) -> tuple[str, str]:
    """The font and the string operand that show a text."""
    try:
        return "F1", f"<{text.encode('cp1252').hex()}>"
    except UnicodeEncodeError:
        return "F2", "<" + "".join(f"{characters.index(c) + 1:04x}" for c in text) + ">"


def _wide_font(objects: _Objects, characters: list[str]) -> int:
    """A composite font, not embedded, whose ToUnicode map knows the given characters."""
    chunks = [
        f"<{number:04x}> <{character.encode('utf-16-be').hex()}>"
        for number, character in enumerate(characters, 1)
    ]
    ranges = "".join(
        f"{len(chunks[i : i + 100])} beginbfchar\n"
        + "\n".join(chunks[i : i + 100])
        + "\nendbfchar\n"
        for i in range(0, len(chunks), 100)
    )
    mapping = objects.stream(
        (
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
            "/CMapName /Test def /CMapType 2 def\n"
            "1 begincodespacerange <0000> <ffff> endcodespacerange\n"
            f"{ranges}endcmap end end"
        ).encode("ascii")
    )
    descriptor = objects.add(
        "<< /Type /FontDescriptor /FontName /Test /Flags 4 /FontBBox [0 -200 1000 800]"
        " /ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>"
    )
    descendant = objects.add(
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Test /DW 600"
        " /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
        f" /FontDescriptor {descriptor} 0 R >>"
    )
    return objects.add(
        "<< /Type /Font /Subtype /Type0 /BaseFont /Test /Encoding /Identity-H"
        f" /DescendantFonts [{descendant} 0 R] /ToUnicode {mapping} 0 R >>"
    )


def _add_outline(objects: _Objects, outline: Outline, pages: list[int]) -> int:
    root = objects.reserve()
    numbers = [objects.reserve() for _ in outline]
    children: dict[int, list[int]] = {root: []}
    parents: list[int] = []
    path = [root]
    for number, (_, _, level) in zip(numbers, outline, strict=True):
        del path[level:]
        parents.append(path[-1])
        children.setdefault(path[-1], []).append(number)
        path.append(number)
    for number, parent, (title, page, _) in zip(numbers, parents, outline, strict=True):
        siblings = children[parent]
        place = siblings.index(number)
        entries = f"/Title {_string(title)} /Parent {parent} 0 R"
        entries += f" /Dest [{pages[page - 1]} 0 R /Fit]"
        if place > 0:
            entries += f" /Prev {siblings[place - 1]} 0 R"
        if place + 1 < len(siblings):
            entries += f" /Next {siblings[place + 1]} 0 R"
        objects.put(number, f"<< {entries} {_family(children.get(number, []))} >>")
    objects.put(root, f"<< /Type /Outlines {_family(children[root])} >>")
    return root


def _family(numbers: list[int]) -> str:
    if not numbers:
        return ""
    return f"/First {numbers[0]} 0 R /Last {numbers[-1]} 0 R /Count {len(numbers)}"


def _string(text: str) -> str:
    return f"<feff{text.encode('utf-16-be').hex()}>"


def _numbers(box: Box) -> str:
    return " ".join(f"{value:g}" for value in box)
