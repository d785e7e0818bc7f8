"""The pages of the site that are made from something else are up to date, and its tables of contents agree."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import check_site
import pytest
import write_changelog_pages
import write_reference_pages

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
NOT_RELEASED = re.compile(r"^## Next .*?(?=^--8<--)", re.MULTILINE | re.DOTALL)
REFERENCE = write_reference_pages.pages()
LINK = re.compile(r"- \[(?P<title>.+?)\]\((?P<address>[^)]+)\): \S.*")


def navigation(entries: list[Any]) -> Iterator[str]:
    """The pages of a part of the navigation, in their order."""
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        else:
            for below in entry.values():
                yield from [below] if isinstance(below, str) else navigation(below)


def sections() -> dict[str, list[str]]:
    """The pages of each tab of the site; those before the tabs have none."""
    found: dict[str, list[str]] = {"": []}
    mkdocs: Any = importlib.import_module("mkdocs.config")  # whose types are not complete
    for entry in mkdocs.load_config(str(ROOT / "mkdocs.yml")).nav:
        if isinstance(entry, str):
            found[""].append(entry)
        else:
            found |= {title: [*navigation(below)] for title, below in entry.items()}
    return found


def address(page: str) -> str:
    """Where a page is in the site, from its root."""
    return re.sub(r"(^|/)index\.md$|\.md$", "/", page).removeprefix("/") or "./"


def title(page: str) -> str:
    found = re.search(r"^# (.+)$", (DOCS / page).read_text("utf-8"), re.MULTILINE)
    assert found, f"{page} has no title"
    return found.group(1)


@pytest.mark.parametrize("name", REFERENCE)
def test_the_reference_is_the_one_that_the_packages_make(name: str) -> None:
    written = (DOCS / "reference" / name).read_text("utf-8")
    assert REFERENCE[name] == written, "run scripts/write_reference_pages.py"


def test_a_guarantee_that_a_docstring_speaks_of_is_a_link() -> None:
    assert (
        "(guarantees [15](../guarantees.md#15-retryableexception) and [23]" in REFERENCE["sdax.md"]
    )


def test_the_changelogs_are_those_of_the_packages() -> None:
    # What is not released yet may lag behind: whoever adds a fragment need not touch a page of the site for it, and
    # scripts/build_site.py, which builds what is published, writes it anew.
    for name, made in write_changelog_pages.pages().items():
        written = (DOCS / "changelogs" / name).read_text("utf-8")
        assert NOT_RELEASED.sub("", made) == NOT_RELEASED.sub("", written), (
            "run scripts/write_changelog_pages.py"
        )


def test_every_page_is_in_the_navigation_once() -> None:
    listed = [page for pages in sections().values() for page in pages]
    assert sorted(listed) == sorted(
        path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")
    )


def test_llms_txt_has_the_pages_of_the_navigation_under_their_titles() -> None:
    text = (DOCS / "llms.txt").read_text("utf-8")
    head, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    listed = {"": head} | {part.splitlines()[0]: part for part in parts}
    found = {section: LINK.findall(part) for section, part in listed.items()}
    expected = {
        section: [(title(page), address(page)) for page in pages]
        for section, pages in sections().items()
    }
    assert found == expected
    assert re.match(r"# sdax\n\n> .+\n\n", text)


@pytest.mark.parametrize("folder", ["how-to", "decisions", "changelogs", "reference"])
def test_the_first_page_of_a_section_leads_to_all_others(folder: str) -> None:
    text = (DOCS / folder / "index.md").read_text("utf-8")
    others = {path.name for path in (DOCS / folder).glob("*.md")} - {"index.md"}
    assert others - {*re.findall(r"\]\(([\w.-]+)\)", text)} == set()


def test_what_the_search_is_tried_with_is_on_the_page() -> None:
    page = (DOCS / "how-to" / f"{check_site.SEARCHED}.md").read_text("utf-8")
    assert check_site.FOUND in page
    assert check_site.FOUND not in (DOCS / "index.md").read_text("utf-8")
