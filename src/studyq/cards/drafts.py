"""A card as it is proposed: by a language model, by the built-in generator, or by a reader."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Draft:
    """A proposed card. Nothing of it has been checked.

    Attributes:
        kind: A value of `models.Kind`.
        front: Markdown; of a cloze the whole sentence with `{{c1::…}}`.
        back: Markdown; of a cloze what is hidden, of a choice the right option.
        quote: The words of the page that say so.
        page: The page that holds them, counted from 1; None when only the chunk is known.
        options: Of a choice, in the order shown.
        chunk_id: The chunk it was made from.
        tags: Words to file it under.
    """

    kind: str
    front: str
    back: str
    quote: str
    page: int | None = None
    options: tuple[str, ...] = ()
    chunk_id: int | None = None
    tags: tuple[str, ...] = ()
