"""The quick start of 0.3.2, a whole program."""

import pytest
from readme_blocks import read_block


def test_the_program_runs_as_printed(capsys: pytest.CaptureFixture[str]) -> None:
    read_block("readme_0_3/01_quick_start").run()

    assert capsys.readouterr().out.splitlines() == [
        "Level 1: Checking authentication...",
        "Level 1: Loading feature flags...",
        "Auth successful.",
        "Flags loaded.",
        "Level 2: Fetching user data...",
        "User data fetched.",
        "Tearing down db connection...",
        "Connection closed.",
        "",
        "Workflow completed successfully!",
    ]
