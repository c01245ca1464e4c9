"""Cards without a language model: taken from the sentences of the document themselves.

Every card is true by construction, since it says what its sentence says. `survey` looks through a
document once, `generate` gives the drafts of a window; how, and what it can not do, is told in
docs/cards.md.
"""

from studyq.cards.builtin.generator import generate
from studyq.cards.builtin.survey import Survey, survey

__all__ = ["Survey", "generate", "survey"]
