"""How long `import sdax_core` takes beyond `import asyncio`: `uv run scripts/measure_import.py`.

The best of several fresh interpreters, and processor time, because anything else that the machine
does only ever adds. It fails above the limit.
"""

import subprocess
import sys

LIMIT = 0.015  # seconds
ROUNDS = 30
IMPORT = """
import time
start = time.process_time()
import asyncio
between = time.process_time()
import sdax_core
print(between - start, time.process_time() - between)
"""


def seconds() -> tuple[float, float]:
    """Processor seconds for asyncio and then for core, in one fresh interpreter."""
    # -I: neither the environment nor the working directory may change what is measured. With
    # PYTHONDONTWRITEBYTECODE, for one, every import would compile the source anew.
    command = [sys.executable, "-I", "-c", IMPORT]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    asyncio, core = finished.stdout.split()
    return float(asyncio), float(core)


def main() -> int:
    """Measure, print and compare with the limit."""
    rounds = [seconds() for _ in range(ROUNDS)]
    asyncio, core = (min(column) for column in zip(*rounds, strict=True))
    print(
        f"import asyncio: {asyncio * 1000:.1f} ms; import sdax_core: {core * 1000:.1f} ms more, "
        f"at most {LIMIT * 1000:.0f} ms (best of {ROUNDS})"
    )
    return 0 if core <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
