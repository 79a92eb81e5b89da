"""Coverage-guided fuzzing: `python -m tests.fuzz NAME [--seconds N]`. It needs `pip install atheris`.

The corpus is kept in `.fuzz/NAME`, and what fails is written to `.fuzz/NAME-crash-…`; give that file as a
second argument to see it fail again. Ends with 0 if nothing was found.
"""

import argparse
import sys
from pathlib import Path


def main() -> None:
    """Fuzz one target."""
    try:
        import atheris  # noqa: PLC0415  # it is not a dependency
    except ModuleNotFoundError:
        raise SystemExit("fuzzing needs atheris: pip install atheris") from None

    with atheris.instrument_imports(include=["coredata_async"]):
        from tests.fuzz.seeds import SEEDS, words  # noqa: PLC0415  # instrumented
        from tests.fuzz.targets import TARGETS  # noqa: PLC0415

    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=TARGETS)
    parser.add_argument("input", nargs="?", help="File with one input, to be run once.")
    parser.add_argument("--seconds", type=int, default=600)
    options = parser.parse_args()
    home = Path(".fuzz")
    corpus = home / options.name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[options.name]):
        (corpus / f"seed-{number}").write_bytes(seed)
    dictionary = home / f"{options.name}.dict"
    dictionary.write_text("".join(f'"{_escaped(word)}"\n' for word in words(options.name)), "ascii")
    arguments = [
        sys.argv[0],
        f"-max_total_time={options.seconds}",
        f"-dict={dictionary}",
        f"-artifact_prefix={home / options.name}-",
        "-max_len=4096",
        "-timeout=10",  # of one input
        "-rss_limit_mb=1024",
        "-print_final_stats=1",
        options.input or str(corpus),
    ]
    atheris.Setup(arguments, TARGETS[options.name])
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


main()
