"""Write docs/changelogs/*.md: `uv run scripts/write_changelog_pages.py`.

A page for each package: what is not released yet, from its fragments, and what is, included from its changelog.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "changelogs"
PACKAGES = ("sdax", "sdax-core", "sdax-helpers", "sdax-levels", "sdax-contrib")
WARNING = "<!-- Made by scripts/write_changelog_pages.py from packages/{}: add a fragment there instead. -->"
HEAD = 3
"""The lines of a changelog before the first release: its title and the mark of towncrier."""


def pages() -> dict[str, str]:
    """The text of each page, by the name of its file."""
    return {f"{package}.md": _page(package) for package in PACKAGES}


def _page(package: str) -> str:
    about = f"What has changed in `{package}`, the newest first."
    released = f'--8<-- "{package}/CHANGELOG.md:{HEAD + 1}:"'
    parts = [f"# {package}", WARNING.format(package), about, _unreleased(package), released]
    return "\n\n".join(part for part in parts if part) + "\n"


def _unreleased(package: str) -> str:
    folder = ROOT / "packages" / package
    if not any(folder.glob("changelog.d/*.*.md")):
        return ""
    words = [
        "build",
        "--draft",
        "--dir",
        str(folder),
        "--version",
        "Next",
        "--date",
        "not yet released",
    ]
    command = [sys.executable, "-m", "towncrier", *words]
    finished = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    return finished.stdout[finished.stdout.index("## Next") :].strip()


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8", newline="\n")


if __name__ == "__main__":
    main()
