"""Cards without a language model: taken from the sentences of the document themselves.

Every card is true by construction, since it says what its sentence says. `survey` looks through a
document once, `generate` gives the drafts of a window; how, and what it can not do, is told in
docs/cards.md.
"""

from studyq.cards.builtin.generator import generate
from studyq.cards.builtin.survey import Survey, survey

#: Passages to offer for each card, so that those with a definition can be chosen.
BREADTH = 3.0

__all__ = ["BREADTH", "Survey", "generate", "survey"]
