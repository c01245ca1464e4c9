from __future__ import annotations

import pytest

from studyq.cards.builtin.facts import find_facts
from studyq.cards.builtin.language import Language, language_of


def usual_case(text: str) -> str:
    """Every first word is a common one, unless a capital follows."""
    first, _, rest = text.partition(" ")
    return text if rest[:1].isupper() else f"{first.lower()} {rest}".strip()


def asked(text: str, code: str = "en") -> list[tuple[str, str]]:
    language = language_of([_SAMPLES[code]] * 3)
    assert isinstance(language, Language) and language.code == code
    return [(fact.question, fact.answer) for fact in find_facts(text, usual_case, language)]


_SAMPLES = {
    "en": "The cell is the unit of life, and all of the organisms that we know of are made of it.",
    "de": "Die Zelle ist die Einheit des Lebens, und alle sind aus ihr gemacht, die man so kennt.",
    "fr": "La cellule est une unité de la vie, et tous les êtres que nous avons vus en sont faits.",
    "es": "La célula es la unidad de la vida, y todos los seres que se ven están hechos de ella.",
    "zh": "细胞是生命的基本单位，所有的生物都由细胞组成。",  # noqa: RUF001
}


@pytest.mark.parametrize(
    ("sentence", "question", "answer"),
    [
        (
            "Osmosis is the movement of water through a membrane.",
            "What is osmosis?",
            "the movement of water through a membrane",
        ),
        (
            "A hypothesis is an assumption about how two variables are related.",
            "What is a hypothesis?",
            "an assumption about how two variables are related",
        ),
        (
            "The hippocampus is a structure of the brain that forms new memories.",
            "What is the hippocampus?",
            "a structure of the brain that forms new memories",
        ),
        (
            "William James was the first American psychologist who taught the subject.",
            "Who was William James?",
            "the first American psychologist who taught the subject",
        ),
        (
            "Reliability refers to how likely research results are to be repeated.",
            "What does reliability refer to?",
            "how likely research results are to be repeated",
        ),
        (
            "The process of moving water through a membrane is called osmosis.",
            "What is the process of moving water through a membrane called?",
            "osmosis",
        ),
        (
            "The Treaty of Paris was signed in 1763.",
            "When was the Treaty of Paris signed?",
            "in 1763",
        ),
        (
            "The Royal Observatory is located in Greenwich.",
            "Where is the Royal Observatory located?",
            "in Greenwich",
        ),
        (
            "The telephone was invented by Alexander Graham Bell.",
            "Who invented the telephone?",
            "Alexander Graham Bell",
        ),
        (
            "Wilhelm Wundt founded the first laboratory for psychology in 1879.",
            "Who founded the first laboratory for psychology?",
            "Wilhelm Wundt",
        ),
        (
            "The National Security Agency (NSA) listens to radio traffic everywhere.",
            "What does NSA stand for?",
            "National Security Agency",
        ),
    ],
)
def test_a_fact_becomes_a_question_in_good_grammar(
    sentence: str, question: str, answer: str
) -> None:
    assert (question, answer) in asked(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "This is a structure of the brain that forms new memories.",
        "It is called osmosis.",
        "The first step is a careful look at the data that we have.",
        "The result is a number that nobody had expected at all.",
        "The problem is the lack of money for the schools of the town.",
        "Whatever is learned is a part of the person who learns.",
        "A good example is the city of London with its many boroughs.",
        "The other reason is the weather of the northern islands in winter.",
        "Cats are fond of fish.",
        "The experiment was conducted by him in 1901.",
        "Genes are also associated with temperament and a number of disorders.",
        "The score is based on the sequence.",
    ],
)
def test_what_leans_on_other_sentences_is_not_asked(sentence: str) -> None:
    assert asked(sentence) == []


@pytest.mark.parametrize(
    ("code", "sentence", "question", "answer"),
    [
        (
            "de",
            "Photosynthese ist ein Vorgang, bei dem Licht in Zucker verwandelt wird.",
            "Was ist Photosynthese?",
            "ein Vorgang, bei dem Licht in Zucker verwandelt wird",
        ),
        (
            "fr",
            "La photosynthèse est un processus qui transforme la lumière en sucre.",
            "Qu’est-ce que la photosynthèse\u00a0?",  # noqa: RUF001
            "un processus qui transforme la lumière en sucre",
        ),
        (
            "es",
            "La fotosíntesis es un proceso que transforma la luz en azúcar.",
            "¿Qué es la fotosíntesis?",
            "un proceso que transforma la luz en azúcar",
        ),
    ],
)
def test_definitions_in_other_languages(
    code: str, sentence: str, question: str, answer: str
) -> None:
    assert asked(sentence, code) == [(question, answer)]
