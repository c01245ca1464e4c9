"""A document of ten definitions over two sections: enough to make a test of without a model."""

from __future__ import annotations

from pdf_files import make_pdf

TITLE = "Living matter"
FACTS = [
    ("Mitochondria", "release the energy that is stored in sugar"),
    ("Ribosomes", "build proteins from amino acids"),
    ("Chloroplasts", "capture the energy of sunlight"),
    ("Lysosomes", "break down the waste of a cell"),
    ("Enzymes", "speed up the reactions of metabolism"),
    ("Hormones", "carry messages between distant organs"),
    ("Neurons", "conduct impulses along their axons"),
    ("Antibodies", "bind to the antigens of invaders"),
    ("Arteries", "carry blood away from the heart"),
    ("Glaciers", "carve valleys out of solid rock"),
]


def living_matter() -> bytes:
    """The document, a page for each section."""
    pages = [
        [
            f"# Part {part}",
            *(
                f"{name[:-1]} is the structure of living matter by which bodies {does} every day. "
                f"{name} {does}, as the experiments of the year {1900 + number} have shown."
                for number, (name, does) in enumerate(FACTS[5 * part : 5 * part + 5])
            ),
        ]
        for part in range(2)
    ]
    return make_pdf(pages, title=TITLE)
