"""`studyq models`: which models there are, whether one works, and the one for search by meaning."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from studyq.cli.group import CommandFailed
from studyq.cli.options import data_option, json_option, print_json, settings_in_force

if TYPE_CHECKING:
    from studyq.settings import Settings

SENTENCE = "Mitochondria release most of the energy that a cell uses."


@click.group()
def models() -> None:
    """See which models there are, try one, install the one for search by meaning."""


@models.command("install")
@click.option("--from", "source", type=click.Path(exists=True, file_okay=False, path_type=Path),
              metavar="FOLDER",
              help="Folder with the published files, instead of STUDYQ_MODELS_FROM.")  # fmt: skip
@click.option("--force", is_flag=True, help="Install anew even if it is there and whole.")
@data_option
def install(source: Path | None, force: bool, data: Path | None) -> None:
    """Fetch, check and install the embedding model, for search by meaning.

    Nothing is done when it is there and whole.
    """
    from studyq.providers.install import install_model

    settings = settings_in_force(data)
    if source is None and settings.models_from:
        source = Path(settings.models_from)
    installed = install_model(
        settings.models_dir,
        source_folder=source,
        force=force,
        report=lambda sentence: click.echo(sentence, err=True),
    )
    done = "is there" if installed.already else f"was installed in {installed.seconds:.0f} s"
    click.echo(f"The embedding model {installed.manifest.model_id} {done}: {installed.folder}")


@models.command("list")
@click.option("--all", "everything", is_flag=True, help="Show those that still need a key, too.")
@data_option
@json_option
def list_(everything: bool, data: Path | None, as_json: bool) -> None:
    """List the models that can write cards; * marks the one in force."""
    from studyq.app import language_options
    from studyq.providers.language_list import list_models

    found = list_models(language_options(settings_in_force(data)))
    if as_json:
        print_json([asdict(model) for model in found])
        return
    shown = [model for model in found if everything or model.default or not model.needs]
    width = max(len(model.name) for model in shown)
    for model in shown:
        needs = click.style(f"  needs {model.needs}", fg="yellow") if model.needs else ""
        click.echo(f"{'*' if model.default else ' '} {model.name:<{width}}  {model.about}{needs}")
    if len(shown) < len(found):
        click.echo(f"{len(found) - len(shown)} more need something first; --all shows them.")


@models.command("test")
@click.argument("model", required=False)
@data_option
@json_option
def test(model: str | None, data: Path | None, as_json: bool) -> None:
    """Ask a model for one card about one sentence; STUDYQ_LLM when none is named.

    This is a real call: with a hosted model it costs some hundred tokens.
    """
    settings = settings_in_force(data)
    name = model or settings.llm
    if name == "builtin":
        click.echo("The built-in generator works without a model; there is nothing to call.")
        return
    told = _try(settings, name)
    if as_json:
        print_json(told)
        return
    click.echo(f"{name} answered in {told['seconds']} s.")
    click.echo(f"  asked about: {SENTENCE}")
    click.echo(f"  it said:     {told['answer']}")
    click.echo(f"  {told['input_tokens']} tokens in, {told['output_tokens']} out")


def _try(settings: Settings, name: str) -> dict[str, str | int | float]:
    from studyq.app import language_options
    from studyq.cards.prompting import question_about
    from studyq.providers.embedding import Unavailable
    from studyq.providers.errors import ProviderError
    from studyq.providers.language import LanguageModels, Usage

    languages = LanguageModels(language_options(settings))
    usage, begun = Usage(), time.monotonic()
    try:
        found = languages.open(name)
        if isinstance(found, Unavailable):
            raise CommandFailed(f"{found.reason} {found.next_step}")
        answer = found.ask(question_about(SENTENCE), usage, lambda: None)
    except ProviderError as error:
        raise CommandFailed(error.message) from error
    finally:
        languages.close()
    return {
        "model": name,
        "seconds": round(time.monotonic() - begun, 2),
        "answer": answer,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
    }
