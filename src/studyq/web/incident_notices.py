"""Open incidents as the sentences that stand above every page."""

from __future__ import annotations

from collections.abc import Sequence

from studyq.operations.models import Incident
from studyq.web.pages.views import Notice

TITLES = {
    "waiting": "Jobs wait for too long.",
    "stalled": "Running jobs get no further.",
    "failure_rate": "Many jobs fail.",
    "consumer": "Nobody runs jobs.",
    "disk": "The disk is nearly full.",
    "duty": "Upkeep fails.",
    "transport": "Workers are not rung.",
}


def incident_notices(incidents: Sequence[Incident]) -> list[Notice]:
    """One notice a kind, whatever number of queues it is about."""
    kinds: dict[str, list[Incident]] = {}
    for incident in incidents:
        kinds.setdefault(incident.kind, []).append(incident)
    return [
        Notice(
            TITLES.get(kind, "Something is not as it should be."),
            " ".join([*(incident.message for incident in alike), alike[0].next_step]),
            "warn",
        )
        for kind, alike in kinds.items()
    ]
