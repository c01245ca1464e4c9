"""Books to make cards of: short sections of plain sentences that say different things."""

from __future__ import annotations

from pdf_files import make_pdf

THINGS = [
    "barnacle",
    "bulrush",
    "buttress",
    "caldera",
    "capillary",
    "cassiterite",
    "chrysalis",
    "cistern",
    "clarinet",
    "cochlea",
    "comet",
    "condenser",
    "cormorant",
    "crucible",
    "cuttlefish",
    "dandelion",
    "diaphragm",
    "dynamo",
    "earthworm",
    "escarpment",
    "falconry",
    "feldspar",
    "ferment",
    "filament",
    "flagellum",
    "foxglove",
    "furnace",
    "gallium",
    "gemstone",
    "glacier",
    "granary",
    "gyroscope",
    "haematite",
    "harpsichord",
    "hawthorn",
    "heather",
    "helium",
    "hibernation",
    "hornbeam",
    "icicle",
    "isotope",
    "jellyfish",
    "juniper",
    "kingfisher",
    "lantern",
    "lichen",
    "limestone",
    "lodestone",
    "magnet",
    "marigold",
    "meridian",
    "meteor",
    "millstone",
    "mistletoe",
    "monsoon",
    "nebula",
    "nettle",
    "obsidian",
    "orchard",
    "osprey",
    "otter",
    "oxbow",
    "pendulum",
    "peninsula",
    "plankton",
    "porcelain",
    "propeller",
    "quartz",
    "quicksilver",
    "raven",
    "reservoir",
    "rosemary",
    "saffron",
    "sandstone",
    "sextant",
    "silkworm",
    "sluice",
    "sycamore",
    "telescope",
    "thistle",
    "tidepool",
    "tributary",
    "tungsten",
    "turbine",
    "vellum",
    "viaduct",
    "volcano",
    "walnut",
    "wetland",
]
PLACES = [
    "harbour",
    "valley",
    "workshop",
    "meadow",
    "cellar",
    "quarry",
    "estuary",
    "museum",
    "orchard",
    "lighthouse",
]
LOOKS = ["", "grey ", "pale ", "late "]
MONTHS = ["March", "April", "May", "June", "July", "August", "October"]
DEEDS = [
    "gathers",
    "hides",
    "carries",
    "absorbs",
    "measures",
    "releases",
    "repels",
    "guides",
    "reflects",
    "stores",
]


def sentence(number: int, about: str = "old") -> str:
    """A sentence about a thing of its own; there are some 350."""
    look, kind = divmod(number, len(THINGS))
    thing, place = LOOKS[look] + THINGS[kind], PLACES[number % len(PLACES)]
    deed, month = DEEDS[(number // 3) % len(DEEDS)], MONTHS[number * 7 % len(MONTHS)]
    return f"The {thing} {deed} what it needs in {month} and leaves the {about} {place} soon after."


def textbook(sections: int, *, sentences: int = 4, about: str = "old") -> bytes:
    """A PDF with a section a page; four sentences are one passage.

    Args:
        about: A word of its title and its sentences, which make it another book.
    """
    pages = []
    for section in range(sections):
        first = section * sentences
        told = " ".join(sentence(number, about) for number in range(first, first + sentences))
        pages.append([f"# {section + 1} About the {THINGS[first % len(THINGS)]}", told])
    return make_pdf(pages, title=f"A book of {about} things")
