"""What `/metrics` says, read as Prometheus reads it."""

from __future__ import annotations

import httpx
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families


class Scrape:
    """One answer, by family and by series."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families: dict[str, Metric] = {}
        self._values: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
        for family in text_string_to_metric_families(text):
            assert family.name not in self.families, f"{family.name} is told twice"
            self.families[family.name] = family
            for sample in family.samples:
                key = sample.name, frozenset(sample.labels.items())
                assert key not in self._values, f"{key} is told twice"
                self._values[key] = sample.value

    def value(self, name: str, **labels: str) -> float:
        """A series' value.

        Raises:
            KeyError: when there is no such series.
        """
        return self._values[name, frozenset(labels.items())]

    def series(self, name: str) -> dict[frozenset[tuple[str, str]], float]:
        """All series of a name."""
        return {labels: value for (of, labels), value in self._values.items() if of == name}


def scrape(client: httpx.Client) -> Scrape:
    """Asks a server."""
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Scrape(answer.text)
