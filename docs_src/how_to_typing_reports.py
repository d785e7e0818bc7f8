"""Prints what pyright and mypy say of `how_to_typing_mistakes.py` without its `type: ignore` comments."""

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent


def report(*command: str, folder: str) -> list[str]:
    """The errors, without the path before and the explanations after."""
    finished = subprocess.run(
        [sys.executable, "-m", *command],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        cwd=folder,  # not where a configuration might lie
        env=os.environ | {"MYPYPATH": folder},
        check=False,
    )
    found = re.findall(r"mistakes\.py:(\d+).*?error: (.+)", finished.stdout)
    return [f"line {line}: {message}" for line, message in found]


def main() -> None:
    with TemporaryDirectory() as folder:
        for name in ("how_to_typing.py", "how_to_typing_mistakes.py"):
            text = (HERE / name).read_text("utf-8")
            Path(folder, name).write_text(re.sub(r"  # type: ignore.*", "", text), "utf-8")
        mistakes = str(Path(folder, "how_to_typing_mistakes.py"))
        print(
            "mypy",
            *report("mypy", "--strict", "--cache-dir", folder, mistakes, folder=folder),
            sep="\n",
        )
        print(
            "pyright",
            *report("pyright", "--pythonpath", sys.executable, mistakes, folder=folder),
            sep="\n",
        )


if __name__ == "__main__":
    main()
