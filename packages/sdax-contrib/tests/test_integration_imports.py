"""A missing library is an ImportError that says what to install."""

import subprocess
import sys

import pytest

WITHOUT = """
import sys
sys.modules[{library!r}] = None
import sdax_contrib.logging, sdax_contrib.pictures
try:
    import sdax_contrib.{module}
except ImportError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("module", "library", "name"),
    [
        ("otel", "opentelemetry", "OpenTelemetry"),
        ("prometheus", "prometheus_client", "prometheus_client"),
        ("structlog", "structlog", "structlog"),
        ("rich", "rich", "rich"),
    ],
)
def test_without_the_library_the_error_says_what_to_install(
    module: str, library: str, name: str
) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(module=module, library=library)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    expected = f"sdax_contrib.{module} needs {name}: pip install 'sdax-contrib[{module}]'"
    assert finished.stdout.strip() == expected
