"""The built site has an entry for every public name, and nothing in it leads nowhere or is loaded from elsewhere."""

import os
import subprocess
import sys
from pathlib import Path

import build_site
import pytest
from build_site import found, missing, public_names
from website.built_html import problems

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    finished = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return folder


def test_every_public_name_has_an_entry_in_the_reference(site: Path) -> None:
    assert missing(site) == []


def test_nothing_leads_nowhere_or_is_loaded_from_elsewhere(site: Path) -> None:
    assert [*problems(site)] == []


def test_a_name_without_an_entry_is_missed(tmp_path: Path) -> None:
    assert missing(tmp_path) == public_names()
    assert {"sdax.task", "sdax_core.__version__", "sdax_contrib.retry.Retry"} <= {*public_names()}


def test_a_page_that_only_one_of_both_builders_makes_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sites = {"mkdocs": tmp_path / "one", "zensical": tmp_path / "other"}
    for site in sites.values():
        site.mkdir()
        (site / "index.html").touch()
    monkeypatch.setattr(build_site, "SITES", sites)
    assert "only one of both has the page" not in " ".join(found())
    (sites["zensical"] / "new.html").touch()
    assert "only one of both has the page new.html" in found()
