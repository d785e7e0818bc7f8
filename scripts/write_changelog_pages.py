"""Write docs/changelogs/*.md: `uv run scripts/write_changelog_pages.py`.

A page for each package: what is released, from its changelog, and what is not yet, from its fragments.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "changelogs"
PACKAGES = ("sdax", "sdax-core", "sdax-helpers", "sdax-levels", "sdax-contrib")
WARNING = "<!-- Made by scripts/write_changelog_pages.py from packages/{}: add a fragment there instead. -->"
START = "<!-- towncrier release notes start -->\n"


def pages() -> dict[str, str]:
    """The text of each page, by the name of its file."""
    return {f"{package}.md": _page(package) for package in PACKAGES}


def _page(package: str) -> str:
    _, _, released = (
        (ROOT / "packages" / package / "CHANGELOG.md").read_text("utf-8").partition(START)
    )
    about = f"What has changed in `{package}`, the newest first."
    parts = [f"# {package}", WARNING.format(package), about, _unreleased(package), released.strip()]
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
