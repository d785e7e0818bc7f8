"""The `sdax` command: its options, and what it says where the demo cannot run."""

import subprocess
import sys

import pytest
from sdax import __version__
from sdax._command import main

PATIENCE = 60


def test_version_names_the_installed_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"sdax {__version__}\n"


def test_without_a_command_the_help_is_shown_and_nothing_succeeds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 2
    assert "demo" in capsys.readouterr().out


def test_the_help_of_the_demo_names_its_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["demo", "--help"])
    assert exit_.value.code == 0
    assert "--orders N" in capsys.readouterr().out


@pytest.mark.parametrize("orders", ["0", "-1", "1.5", "many", ""])
def test_a_number_of_orders_that_cannot_be_placed_is_refused(
    orders: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["demo", f"--orders={orders}"])
    assert exit_.value.code == 2
    expected = f"argument --orders: must be a whole number of at least 1, got {orders!r}\n"
    assert capsys.readouterr().err.endswith(expected)


def run_without(module: str) -> subprocess.CompletedProcess[str]:
    """Run `sdax demo` in a process where a module is as good as not installed."""
    program = (
        f"import sys; sys.modules[{module!r}] = None; "
        "from sdax._command import main; sys.exit(main(['demo']))"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize("module", ["aiosqlite", "httpx2"])
def test_without_a_library_of_the_extra_the_demo_says_how_to_install_it(module: str) -> None:
    finished = run_without(module)
    assert finished.returncode == 2
    assert finished.stdout == ""
    assert finished.stderr == "sdax demo needs two more libraries: pip install 'sdax[demo]'\n"


def test_any_other_missing_module_is_not_taken_for_the_extra() -> None:
    finished = run_without("sqlite3")
    assert finished.returncode == 1
    assert "import of sqlite3 halted" in finished.stderr


def test_version_needs_none_of_the_libraries_of_the_extra() -> None:
    program = (
        "import sys; sys.modules['httpx2'] = sys.modules['aiosqlite'] = None; "
        "from sdax._command import main; main(['--version'])"
    )
    subprocess.run([sys.executable, "-c", program], timeout=PATIENCE, check=True)


def test_the_package_can_be_run_as_a_module() -> None:
    command = [sys.executable, "-m", "sdax", "--version"]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == f"sdax {__version__}"
