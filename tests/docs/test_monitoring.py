"""Metrics have good names, what deploy/ asks of them is there, and duties are described."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from reference_docs import ROOT
from studyq.operations.metrics.catalogue import METRICS, Metric, Tells

BY_NAME = {metric.name: metric for metric in METRICS}
OF_PROMETHEUS = {"job", "instance"}  #: labels that every series gets by being scraped
OTHERS = {  #: what is asked of others than us
    "up": Metric("up", "gauge", ""),
    "process_resident_memory_bytes": Metric("process_resident_memory_bytes", "gauge", ""),
    "process_cpu_seconds_total": Metric("process_cpu_seconds_total", "counter", ""),
}
NAME = re.compile(r"\b(studyq_\w+|process_\w+|up)\b(?!\()(?:\{([^}]*)\})?")
GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")


@dataclass(frozen=True)
class Asked:
    """A series that an expression asks for."""

    name: str
    metric: Metric
    suffix: str
    matched: frozenset[str]
    before: str

    @property
    def labels(self) -> set[str]:
        return {*self.metric.labels, *OF_PROMETHEUS, *(["le"] if self.suffix == "_bucket" else [])}


def asked(expression: str) -> list[Asked]:
    """The series of an expression.

    Raises:
        AssertionError: when it asks for one that is not there.
    """
    found = []
    for match in NAME.finditer(expression):
        name = match[1]
        metric = BY_NAME.get(name) or OTHERS.get(name)
        suffix = ""
        if metric is None:
            base, _, end = name.rpartition("_")
            metric, suffix = BY_NAME.get(base), f"_{end}"
            assert metric is not None, f"{name} is no metric"
            assert metric.kind == "histogram", name
            assert suffix in ("_bucket", "_sum", "_count"), name
        matched = frozenset(re.findall(r"(\w+)\s*[=!]~?", match[2] or ""))
        found.append(Asked(name, metric, suffix, matched, expression[: match.start()]))
    return found


def rules() -> list[dict[str, Any]]:
    text = (ROOT / "deploy/alert-rules.yaml").read_text(encoding="utf-8")
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    text = (ROOT / "deploy/grafana-dashboard.json").read_text(encoding="utf-8")
    board: dict[str, Any] = json.loads(text)
    return board


def panels() -> Iterator[tuple[str, str, str]]:
    """Title, expression and legend of each query of the dashboard."""
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"], target["legendFormat"]


EXPRESSIONS = [rule["expr"] for rule in rules()] + [expression for _, expression, _ in panels()]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_names_follow_the_conventions(metric: Metric) -> None:
    """As https://prometheus.io/docs/practices/naming/ and promtool's check want them."""
    assert re.fullmatch(r"studyq_[a-z]+(_[a-z]+)*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert not re.search(r"_(bucket|sum|count|created|gauge|counter|histogram)$", metric.name)
    assert not re.search(r"_(ms|millis|milliseconds|minutes|hours|kb|mb|percent)\b", metric.name)
    if metric.kind == "histogram":
        assert metric.name.endswith("_seconds"), "a histogram of times, in their base unit"
    assert metric.about.endswith("."), "help is a sentence"
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", label) for label in metric.labels)
    assert not {*metric.labels} & {*OF_PROMETHEUS, "le", "quantile"}, "taken by Prometheus"


def test_no_two_metrics_have_one_name() -> None:
    assert len(BY_NAME) == len(METRICS)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expressions_ask_for_what_is_there(expression: str) -> None:
    series = asked(expression)
    assert series, expression
    for each in series:
        assert each.matched <= each.labels, f"{each.name} has no {each.matched - each.labels}"
    every = set[str]().union(*(each.labels for each in series))
    for group in GROUPING.findall(expression):
        assert {label.strip() for label in group.split(",")} <= every, group


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expressions_use_metrics_as_what_they_are(expression: str) -> None:
    for each in asked(expression):
        counts_up = each.metric.kind == "counter" or each.suffix
        in_rate = re.search(r"\b(rate|increase)\($", each.before)
        assert bool(in_rate) == bool(counts_up), f"{each.name} in {expression}"
        if each.metric.kind == "histogram":
            assert each.suffix, f"{each.name} is a histogram"
        if each.metric.tells is Tells.INSTANCE and each.metric.name.startswith("studyq_"):
            # Each server tells it; added up, two servers would make twice as many jobs.
            inner = re.split(r"\b(?:sum|max|min)\b", each.before)[-1]
            joins = re.findall(r"\b(sum|max|min)\b", each.before)
            assert not joins or joins[-1] != "sum", f"{each.name} is added up: {inner}"


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_rules_say_what_and_what_next(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("warning", "critical")
    summary, description = rule["annotations"]["summary"], rule["annotations"]["description"]
    known = set[str]().union(*(each.labels for each in asked(rule["expr"])))
    for group in re.findall(r"\bby\s*\(([^)]*)\)", rule["expr"]):
        known &= {label.strip() for label in group.split(",")}
    named = set(re.findall(r"\$labels\.(\w+)", summary + description))
    assert named <= known, "a label that the expression does not keep"
    assert description.endswith(".")


def test_legends_name_labels_that_are_kept() -> None:
    for title, expression, legend in panels():
        groups = re.findall(r"\bby\s*\(([^)]*)\)", expression)
        kept = {label.strip() for label in groups[0].split(",")} if groups else None
        for label in re.findall(r"\{\{(\w+)\}\}", legend):
            if kept is None:
                assert all(label in each.labels for each in asked(expression)), title
            else:
                assert label in kept, f"{title}: {legend}"


def test_the_dashboard_s_variables_and_notes_ask_for_what_is_there() -> None:
    board = dashboard()
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            found = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"])
            assert found
            assert all(found[2] in each.labels for each in asked(found[1]))
    for note in board["annotations"]["list"]:
        assert asked(note["expr"])


def test_panels_do_not_lie_on_each_other() -> None:
    cells: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        covers = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not covers & cells, panel["title"]
        cells |= covers


def test_every_metric_of_jobs_and_http_is_looked_at_somewhere() -> None:
    looked_at = {each.metric for expression in EXPRESSIONS for each in asked(expression)}
    of_interest = {m for m in METRICS if m.name.startswith(("studyq_job", "studyq_http"))}
    assert of_interest <= looked_at


def test_every_duty_is_described() -> None:
    files = {path.stem for path in (ROOT / "src/studyq/operations/duties").glob("[a-z]*.py")}
    text = (ROOT / "docs/alerts.md").read_text(encoding="utf-8")
    table = text[text.index("## Duties") :]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == files
