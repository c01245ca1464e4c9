"""docs/settings.md, docs/cli.md and docs/api.md say what the code does."""

import re
from pathlib import Path

import pytest
from litestar import Litestar

from reference_docs import GENERATED, ROOT, commands, routes, scratch_app, with_block
from studyq.settings import PREFIX, Settings

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
OTHERS = [ROOT / name for name in ("Dockerfile", "compose.yaml", ".env.example")]
SERVICE = "http://127.0.0.1:8642"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Litestar:
    return scratch_app(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize("name", GENERATED)
def test_generated_part_is_what_the_code_says(name: str) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    assert page == with_block(page, GENERATED[name]()), "run `make docs`"


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=lambda path: path.name)
def test_every_variable_named_is_a_setting(page: Path) -> None:
    settings = {PREFIX + name.upper() for name in Settings.__dataclass_fields__}
    known = settings | {name + "_FILE" for name in settings}
    named = set(re.findall(PREFIX + r"[A-Z_]*[A-Z]", page.read_text(encoding="utf-8")))
    assert named <= known


def test_every_command_and_option_explains_itself() -> None:
    for command, context in commands():
        assert command.get_short_help_str(), f"{context.command_path} has no help"
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert getattr(parameter, "help", None), (
                    f"{context.command_path} {parameter.opts[-1]} has no help"
                )


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_command_shown_exists(page: Path) -> None:
    known = {context.command_path: command for command, context in commands()}
    for words in _shown_commands(page.read_text(encoding="utf-8")):
        path = max((path for path in known if words[: len(path.split())] == path.split()), key=len)
        options = {name for parameter in known[path].params for name in parameter.opts}
        arguments = words[len(path.split()) :]
        is_group = hasattr(known[path], "commands")
        for word in arguments:
            if word.startswith("--"):
                assert word.split("=")[0] in options | {"--help"}, " ".join(words)
            else:
                assert not is_group, f"{' '.join(words)}: no such command"


def _shown_commands(text: str) -> list[list[str]]:
    in_fences = re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line for fence in in_fences for line in fence.splitlines()]
    lines += re.findall(r"`(studyq [a-z][^`]*)`", text)
    shown = [re.sub(r"\s+#.*", "", line).removeprefix("$ ").strip() for line in lines]
    return [
        line.removeprefix(".venv/bin/").split()
        for line in shown
        if line.startswith(("studyq ", ".venv/bin/studyq "))
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_address_shown_is_a_route(page: Path, app: Litestar) -> None:
    patterns = [
        re.compile(re.sub(r"\\\{\w+(?::\w+)?\\\}", "[^/]+", re.escape(route.path)))
        for route in app.routes
    ]
    shown = re.findall(re.escape(SERVICE) + r"(/[^\s?'\"#`)>]*)", page.read_text("utf-8"))
    unknown = [path for path in shown if not any(p.fullmatch(path) for p in patterns)]
    assert not unknown


def test_every_route_says_what_it_does(app: Litestar) -> None:
    silent = [row for row in routes(app) if not row[2]]
    assert not silent


def test_every_make_target_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    phony = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())  # type: ignore[index]
    assert targets == phony, "every target has a line of help"
    for page in [*PAGES, ROOT / ".ci/run"]:
        text = page.read_text(encoding="utf-8")
        named = set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE))
        assert named <= targets, page.name
