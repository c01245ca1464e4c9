# ruff: noqa: RUF001
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyq.text.scripts import estimate_tokens, has_spaceless_script
from studyq.text.terms import index_form, query_terms


@pytest.mark.parametrize(
    ("query", "content", "language"),
    [
        ("What is the longest river of Germany?", ("longest", "river", "germany"), "en"),
        ("Wie heißt der längste Fluss?", ("heißt", "längste", "fluss"), "de"),
        ("Quel est le fleuve le plus long ?", ("fleuve", "long"), "fr"),
        ("¿Cuál es el río más largo?", ("río", "largo"), "es"),
        ("Qual è il fiume più lungo?", ("fiume", "lungo"), "it"),
        ("Qual é o rio mais longo que há?", ("rio", "longo"), "pt"),
        ("Wat is de langste rivier van het land?", ("langste", "rivier", "land"), "nl"),
        ("French Indian War", ("french", "indian", "war"), None),
        ("who is it", ("who", "is", "it"), "en"),
        ('"AND" (x* NEAR', ("x", "near"), "en"),
        ("", (), None),
    ],
)
def test_content_words(query: str, content: tuple[str, ...], language: str | None) -> None:
    terms = query_terms(query)
    assert (terms.content, terms.language) == (content, language)


def test_pairs_are_content_words_side_by_side() -> None:
    terms = query_terms("What is the ideal gas law of Boyle?")
    assert terms.pairs == (("ideal", "gas"), ("gas", "law"))
    assert query_terms("德国军队").pairs == ()


@pytest.mark.parametrize(
    ("query", "stems"),
    [
        ("Welche Wirtschaftskrisen gab es in der Neuzeit?", ("wirtschafts", "neuze")),
        ("economic crises", ()),
        ("What economic crises were there?", ()),
        ("государственный переворот", ("государств", "перево")),
        (
            "Türkiye cumhuriyetinin kuruluş tarihi nedir",
            ("türki", "cumhuriye", "kurul", "tarih"),
        ),
        ("وقت الازمات الاقتصادية", ()),
    ],
)
def test_stems_serve_languages_without_a_stemmer(query: str, stems: tuple[str, ...]) -> None:
    assert query_terms(query).stems == stems


def test_scripts_are_told_apart() -> None:
    assert query_terms("river").latin and query_terms("1984").latin
    assert not query_terms("что такое").latin and not query_terms("德国").latin
    assert query_terms("德国").spaceless and not query_terms("ما هذا").spaceless


def test_the_phrase_keeps_every_word_in_order() -> None:
    assert query_terms("the end of the end").words == ("the", "end", "of", "the", "end")


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("plain", "plain"),
        ("德国军队。", " 德国 国军 军队 。"),
        ("水", " 水 "),
        ("والكِتابُ إلى مدرستها", "كتاب الي مدرست"),
        ("ｆｕｌｌ　１２", "full　12"),
        ("שָׁלוֹם", "שלום"),
        ("Köln", "Köln"),
    ],
)
def test_index_form(text: str, form: str) -> None:
    assert index_form(text) == form


@given(st.text())
def test_any_query_gives_plain_words(query: str) -> None:
    terms = query_terms(query)
    assert set(terms.content) <= set(terms.words)
    assert bool(terms.content) == bool(terms.words)
    assert not any(character in word for word in terms.words for character in "\"'*() \n")


def test_scripts_without_spaces_are_noticed() -> None:
    assert has_spaceless_script("see 德国") and has_spaceless_script("ไทย")
    assert not has_spaceless_script("Köln 한국어 كتاب")


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a", 1), ("word " * 80, 100), ("德国" * 5, 10)]
)
def test_token_estimates(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens
