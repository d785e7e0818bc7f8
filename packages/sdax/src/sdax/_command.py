"""The `sdax` command."""

import argparse
import os
import sys
from collections.abc import Sequence

from sdax import __version__

DEMO_NEEDS = {"aiosqlite", "httpx2"}

FAILED = 1
UNUSABLE = 2
"""As argparse has it: something is wrong with how the command was called."""
INTERRUPTED = 130
"""As shells have it: 128 and the number of the signal."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: What follows `sdax` on the command line; that of this process if left out.

    Returns:
        The exit code.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return UNUSABLE
    return _demo(options.orders)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sdax", description="Structured declarative async execution, on the command line."
    )
    parser.add_argument("--version", action="version", version=f"sdax {__version__}")
    commands = parser.add_subparsers(dest="command", title="commands")
    demo = commands.add_parser(
        "demo",
        help="run an order endpoint on a real HTTP service and a real SQLite database",
        description="Run the inside of an order endpoint on a real HTTP service and a real SQLite "
        "database: a good order, one that fails, one whose caller loses patience, and many at once. "
        "Every claim that is printed is checked; the exit code is 0 only if all of them hold.",
    )
    demo.add_argument(
        "--orders",
        type=_count,
        default=1000,
        metavar="N",
        help="how many orders are placed at once in the last run (default: %(default)s)",
    )
    return parser


def _count(text: str) -> int:
    """Read a number of at least 1."""
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, got {text!r}")
    return count


def _demo(orders: int) -> int:
    try:
        from sdax._demo.demo import run_demo  # Only now: its libraries are an extra.
    except ModuleNotFoundError as error:
        if error.name not in DEMO_NEEDS:
            raise
        sys.stderr.write("sdax demo needs two more libraries: pip install 'sdax[demo]'\n")
        return UNUSABLE
    try:
        return run_demo(orders)
    except KeyboardInterrupt:
        sys.stderr.write("\nsdax demo: interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has gone, say `head`. Nobody is left to hear of it, so the
        # interpreter must not try to flush the rest when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
