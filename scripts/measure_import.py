"""How long `import sdax_core` takes beyond `import asyncio`: `uv run scripts/measure_import.py`.

The best of several fresh interpreters, because anything else on the machine only ever adds. It
fails above the limit.
"""

import subprocess
import sys

LIMIT = 0.015  # seconds
ROUNDS = 15
IMPORT = """
import asyncio, time
start = time.perf_counter()
import sdax_core
print(time.perf_counter() - start)
"""


def seconds() -> float:
    """Seconds for the import in one fresh interpreter."""
    # -I: neither the environment nor the working directory may change what is measured. With
    # PYTHONDONTWRITEBYTECODE, for one, every import would compile the source anew.
    command = [sys.executable, "-I", "-c", IMPORT]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(finished.stdout)


def main() -> int:
    """Measure, print and compare with the limit."""
    best = min(seconds() for _ in range(ROUNDS))
    print(
        f"import sdax_core: {best * 1000:.1f} ms beyond import asyncio, "
        f"best of {ROUNDS}; the limit is {LIMIT * 1000:.0f} ms"
    )
    return 0 if best <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
