"""Guarantee 4: what type checkers know of a builder that is given the type of the context alone."""

from pathlib import Path

import pytest

CODE = """
from typing import assert_type
from sdax_core import AsyncDagTaskProcessor, AsyncTask

class Context: ...

builder = AsyncDagTaskProcessor[Context].builder()
builder.add_task(AsyncTask("auth")).add_task(AsyncTask("user"), depends_on=("auth",))
assert_type(builder.build(), AsyncDagTaskProcessor[Context, str])
AsyncDagTaskProcessor[Context, int].builder().add_task(AsyncTask(7), depends_on=(8,))
"""
MISTAKE = "AsyncDagTaskProcessor[Context].builder().add_task(AsyncTask(7))\n"


@pytest.mark.guarantee("4.4")
def test_a_type_checker_takes_keys_to_be_strings_unless_told_otherwise(
    tmp_path: Path,
) -> None:
    api = pytest.importorskip("mypy.api", reason="mypy is not installed here")
    options = ["--strict", "--no-error-summary", f"--cache-dir={tmp_path}"]
    code = tmp_path / "code.py"

    code.write_text(CODE, "utf-8")
    assert api.run([*options, str(code)])[:2] == ("", "")

    code.write_text(CODE + MISTAKE, "utf-8")
    report = api.run([*options, str(code)])[0]
    assert report.startswith(f"{code}:{len(CODE.splitlines()) + 1}: error: ")
    assert '"int"' in report
