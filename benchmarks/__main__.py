"""Run the benchmarks named, or all short ones: ``python -m benchmarks [NAME…] [OPTION…]``.

Options go to the one benchmark that is named: ``python -m benchmarks soak --minutes 20``.
"""

import importlib
import itertools
import pkgutil
import sys

import benchmarks

#: Runs only when named: it takes as long as one tells it to.
ENDURING = "soak"


def main(arguments: list[str]) -> int:
    """Run each benchmark's ``main()`` in turn.

    Returns:
        The exit code: 2 when a name is unknown or options have no single benchmark to go to.
    """
    wanted = list(itertools.takewhile(lambda word: not word.startswith("-"), arguments))
    options = arguments[len(wanted) :]
    known = sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if m.name[0] != "_")
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"No benchmark is called {', '.join(unknown)}; there are: {', '.join(known)}.")
        return 2
    if options and len(wanted) != 1:
        print("Options go to one benchmark: name it before them.")
        return 2
    for name in wanted or [name for name in known if name != ENDURING]:
        module = importlib.import_module(f"benchmarks.{name}")
        if hasattr(module, "main"):
            print(f"== {name} ==", flush=True)
            module.main(*([options] if options else []))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
