"""Style, format and layers: `uv run scripts/lint.py`; `--fix` mends what can be mended."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECK = (["ruff", "check"], ["ruff", "format", "--check"], ["lint-imports"])
FIX = (["ruff", "check", "--fix"], ["ruff", "format"], ["lint-imports"])


def main() -> int:
    """Run all of them, whatever the first ones say."""
    commands = FIX if "--fix" in sys.argv[1:] else CHECK
    results = [subprocess.run(command, cwd=ROOT, check=False).returncode for command in commands]
    return max(results)


if __name__ == "__main__":
    sys.exit(main())
