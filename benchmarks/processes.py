"""Starts the processes that measure: one for sdax and what is written by hand, one for each peer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.contestants import Entry

ROOT = Path(__file__).resolve().parent.parent
Found = dict[str, dict[str, Any]]
"""For each case what was found about each contestant: the fields of a `Ratio`, or a reason."""


class NotInstalled(Exception):
    """A peer's environment could not be made, or its process failed."""


def measure_together(entries: Sequence[Entry], loop: str, options: Sequence[str]) -> Found:
    """Measure in one process of its own, with what the contestants require.

    Raises:
        NotInstalled: With the last line of what went wrong.
    """
    names = [entry.name for entry in entries]
    requirements = [needed for entry in entries for needed in entry.requirements]
    if requirements and loop != "asyncio":
        requirements.append(loop)
    worker = ["-m", "benchmarks.worker", *names, "--loop", loop, *options]
    print(f"\n{', '.join(names)} ", end="", file=sys.stderr, flush=True)
    # Its errors go the same way as ours, so that a failure at home is seen in full.
    errors = subprocess.PIPE if requirements else None
    finished = subprocess.run(
        [*interpreter(requirements), *worker],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        check=False,
    )
    if finished.returncode:
        if not requirements:
            raise SystemExit(finished.returncode)
        raise NotInstalled((finished.stderr or "no output").strip().splitlines()[-1])
    found: Found = json.loads(finished.stdout)
    return found


def interpreter(requirements: Sequence[str]) -> list[str]:
    """This Python; with requirements, in an environment that uv makes of them and keeps in its cache."""
    if not requirements:
        return [sys.executable]
    uv = os.environ.get("UV") or shutil.which("uv")  # `uv run` says which uv it is
    if uv is None:
        raise NotInstalled("uv was not found: it makes the environments of the peers")
    installed = [option for needed in requirements for option in ("--with", needed)]
    return [
        uv,
        "run",
        "--quiet",
        "--isolated",
        "--no-project",
        "--python",
        sys.executable,
        *installed,
        "python",
    ]
