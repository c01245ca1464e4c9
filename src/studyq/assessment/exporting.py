"""Tests for other programs: QTI 2.1 packages, Moodle XML, and results as CSV.

QTI: https://www.imsglobal.org/question/ (items as `assessmentItem`, the test as `assessmentTest`,
all in one content package). Moodle: https://docs.moodle.org/en/Moodle_XML_format.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from xml.etree import ElementTree as ET

from studyq.assessment.items import GAP
from studyq.assessment.models import Item, ItemKind
from studyq.assessment.sittings import options_of
from studyq.text.spreadsheets import guarded

QTI = "http://www.imsglobal.org/xsd/imsqti_v2p1"
PACKAGE = "http://www.imsglobal.org/xsd/imscp_v1p1"
MATCH_CORRECT = "http://www.imsglobal.org/question/qti_v2p1/rptemplates/match_correct"
MAP_RESPONSE = "http://www.imsglobal.org/question/qti_v2p1/rptemplates/map_response"
#: Characters that XML 1.0 does not have.
_NOT_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
EPOCH = (1980, 1, 1, 0, 0, 0)  #: so that the same test gives the same bytes


def moodle_xml(title: str, items: Sequence[Item]) -> bytes:
    """A test's items as questions of one Moodle category."""
    quiz = ET.Element("quiz")
    category = ET.SubElement(ET.SubElement(quiz, "question", type="category"), "category")
    _text(category, f"$course$/{title.replace('/', '//')}")
    for number, item in enumerate(items, start=1):
        quiz.append(_moodle_question(number, item))
    return _xml(quiz)


def _moodle_question(number: int, item: Item) -> ET.Element:
    kinds = {ItemKind.CHOICE: "multichoice", ItemKind.TRUE_FALSE: "truefalse"}
    written = "numerical" if item.numeric else "shortanswer"
    question = ET.Element("question", type=kinds.get(ItemKind(item.kind), written))
    _text(ET.SubElement(question, "name"), f"{number:03} {item.stem[:60]}")
    _text(ET.SubElement(question, "questiontext", format="plain_text"), item.stem)
    _text(ET.SubElement(question, "generalfeedback", format="plain_text"), _source(item))
    ET.SubElement(question, "defaultgrade").text = "1"
    if item.kind == ItemKind.CHOICE:
        ET.SubElement(question, "single").text = "true"
        ET.SubElement(question, "shuffleanswers").text = "true"
    if item.kind == ItemKind.SHORT or item.kind == ItemKind.CLOZE:
        ET.SubElement(question, "usecase").text = "0"
    for answer, right in _moodle_answers(item):
        element = ET.SubElement(
            question, "answer", fraction="100" if right else "0", format="plain_text"
        )
        _text(element, answer)
        if item.numeric:
            ET.SubElement(element, "tolerance").text = str(item.numeric["tolerance"])
    return question


def _moodle_answers(item: Item) -> list[tuple[str, bool]]:
    if item.numeric:
        return [(str(item.numeric["value"]), True)]
    options = options_of(item)
    if options:
        return [(option, option == item.answer) for option in options]
    return [(answer, True) for answer in (item.answer, *item.accepted)]


def qti_package(title: str, items: Sequence[Item]) -> bytes:
    """A test as a QTI 2.1 content package: a zip of a manifest, the test and its items."""
    names = [f"item{number:03}" for number in range(1, len(items) + 1)]
    files = {
        "imsmanifest.xml": _manifest(names),
        "test.xml": _qti_test(title, names),
        **{
            f"items/{name}.xml": _qti_item(name, item)
            for name, item in zip(names, items, strict=True)
        },
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), data)
    return content.getvalue()


def _manifest(names: Sequence[str]) -> bytes:
    manifest = ET.Element("manifest", xmlns=PACKAGE, identifier="studyq-test")
    metadata = ET.SubElement(manifest, "metadata")
    ET.SubElement(metadata, "schema").text = "QTIv2.1 Package"
    ET.SubElement(metadata, "schemaversion").text = "1.0.0"
    ET.SubElement(manifest, "organizations")
    resources = ET.SubElement(manifest, "resources")
    test = _resource(resources, "test", "imsqti_test_xmlv2p1", "test.xml")
    for name in names:
        _resource(resources, name, "imsqti_item_xmlv2p1", f"items/{name}.xml")
        ET.SubElement(test, "dependency", identifierref=name)
    return _xml(manifest)


def _resource(resources: ET.Element, name: str, kind: str, href: str) -> ET.Element:
    resource = ET.SubElement(resources, "resource", identifier=name, type=kind, href=href)
    ET.SubElement(resource, "file", href=href)
    return resource


def _qti_test(title: str, names: Sequence[str]) -> bytes:
    test = ET.Element("assessmentTest", xmlns=QTI, identifier="test", title=title)
    part = ET.SubElement(
        test, "testPart", identifier="part", navigationMode="nonlinear",
        submissionMode="simultaneous",
    )  # fmt: skip
    section = ET.SubElement(
        part, "assessmentSection", identifier="section", title=title, visible="true"
    )
    for name in names:
        ET.SubElement(section, "assessmentItemRef", identifier=name, href=f"items/{name}.xml")
    return _xml(test)


def _qti_item(name: str, item: Item) -> bytes:
    root = ET.Element(
        "assessmentItem", xmlns=QTI, identifier=name, title=item.stem[:60], adaptive="false",
        timeDependent="false",
    )  # fmt: skip
    options = options_of(item)
    _declare_response(root, item, options)
    ET.SubElement(
        root, "outcomeDeclaration", identifier="SCORE", cardinality="single", baseType="float"
    )
    body = ET.SubElement(root, "itemBody")
    if options:
        interaction = ET.SubElement(
            body, "choiceInteraction", responseIdentifier="RESPONSE", maxChoices="1",
            shuffle="true" if item.kind == ItemKind.CHOICE else "false",
        )  # fmt: skip
        ET.SubElement(interaction, "prompt").text = item.stem
        for place, option in enumerate(options):
            ET.SubElement(interaction, "simpleChoice", identifier=_letter(place)).text = option
    else:
        paragraph = ET.SubElement(body, "p")
        before, gap, after = item.stem.partition(GAP)
        paragraph.text = before if gap else f"{item.stem} "
        entry = ET.SubElement(paragraph, "textEntryInteraction", responseIdentifier="RESPONSE")
        entry.tail = after
    template = MATCH_CORRECT if options or item.numeric else MAP_RESPONSE
    ET.SubElement(root, "responseProcessing", template=template)
    return _xml(root)


def _declare_response(root: ET.Element, item: Item, options: Sequence[str]) -> None:
    kind = "identifier" if options else "float" if item.numeric else "string"
    declaration = ET.SubElement(
        root, "responseDeclaration", identifier="RESPONSE", cardinality="single", baseType=kind
    )
    correct = ET.SubElement(ET.SubElement(declaration, "correctResponse"), "value")
    if options:
        correct.text = _letter(options.index(item.answer))
    elif item.numeric:
        correct.text = str(item.numeric["value"])
    else:
        correct.text = item.answer
        mapping = ET.SubElement(declaration, "mapping", defaultValue="0")
        for answer in dict.fromkeys((item.answer, *item.accepted)):
            ET.SubElement(
                mapping, "mapEntry", mapKey=answer, mappedValue="1", caseSensitive="false"
            )


def responses_csv(
    items: Sequence[Item], sittings: Iterable[tuple[str, Mapping[str, str]]]
) -> bytes:
    """Who answered what, as `studyq tests analyse` reads it.

    Args:
        sittings: each with its taker's name and the answers by item.
    """
    rows = ([taker, *(answers.get(item.id, "") for item in items)] for taker, answers in sittings)
    return _csv(["student", *_columns(items)], rows)


def key_csv(items: Sequence[Item]) -> bytes:
    """The key beside `responses_csv`."""
    pairs = zip(_columns(items), items, strict=True)
    return _csv(["item", "key"], ([column, item.answer] for column, item in pairs))


def results_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """What each sitting came to: student, sitting, points, items, handed in, seconds."""
    return _csv(["student", "sitting", "points", "items", "handed_in", "seconds"], rows)


def _columns(items: Sequence[Item]) -> list[str]:
    return [f"i{number:02}" for number in range(1, len(items) + 1)]


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _source(item: Item) -> str:
    if item.page is None:
        return item.quote
    return f"{item.quote} ({item.source_title}, p. {item.page_label or item.page})".strip()


def _letter(place: int) -> str:
    return f"choice_{chr(ord('A') + place)}"


def _text(parent: ET.Element, text: str) -> None:
    ET.SubElement(parent, "text").text = text


def _xml(root: ET.Element) -> bytes:
    ET.indent(root)
    return _NOT_XML.sub(b"", ET.tostring(root, encoding="utf-8", xml_declaration=True))
