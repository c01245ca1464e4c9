"""Which language models there are, and what each still needs."""

from __future__ import annotations

from dataclasses import dataclass

from studyq.providers.language import LanguageOptions
from studyq.providers.llm_language import key_of, use_llm_folder

LIST_SECONDS = 5.0  #: how long a server may take to say what it has


@dataclass(frozen=True)
class ListedModel:
    """A model as `studyq models list` shows it.

    Attributes:
        name: As STUDYQ_LLM takes it.
        about: Who offers it.
        needs: What to do before it can be used; empty when it is ready.
        default: Whether it is the one in force.
    """

    name: str
    about: str
    needs: str
    default: bool


def list_models(options: LanguageOptions) -> list[ListedModel]:
    """The built-in generator, the models of the server that is set, and those of llm's plugins."""
    found = [
        ("builtin", "takes cards from the text itself; needs no key and no network", ""),
        *_of_server(options),
        *_of_plugins(options),
    ]
    listed = [ListedModel(*model, default=model[0] == options.default) for model in found]
    if not any(model.default for model in listed):
        unknown = ListedModel(options.default, "set, and offered by nobody", "another name", True)
        listed.insert(1, unknown)
    return listed


def _of_server(options: LanguageOptions) -> list[tuple[str, str, str]]:
    if not options.base_url:
        return []
    import openai

    about = f"at {options.base_url}"
    with openai.OpenAI(
        base_url=options.base_url,
        api_key=options.key or "none",
        timeout=LIST_SECONDS,
        max_retries=0,
    ) as client:
        try:
            names = sorted(model.id for model in client.models.list())
        except openai.OpenAIError as error:
            name = options.default if options.default.startswith("openai:") else "openai:…"
            return [(name, about, f"a server that answers ({error})")]
    return [(f"openai:{name}", about, "") for name in names]


def _of_plugins(options: LanguageOptions) -> list[tuple[str, str, str]]:
    use_llm_folder(options.user_path)
    import llm

    found = []
    for entry in llm.get_models_with_aliases():
        model = entry.model
        if model is None:
            continue
        name = f"llm:{model.model_id}"
        has_key = not model.needs_key or (name == options.default and options.key) or key_of(model)
        needs = "" if has_key else f"a key: llm keys set {model.needs_key}"
        found.append((name, str(model).partition(":")[0], needs))
    return found
