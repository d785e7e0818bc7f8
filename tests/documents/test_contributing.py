"""What CONTRIBUTING.md shows of the code stands there, and each command that it names exists."""

import re

from releasing.distributions import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
EXAMPLE = re.compile(r"\]\((packages/[\w./-]+\.py)\):\n\n```python\n(.*?)```", re.DOTALL)


def test_every_example_is_a_part_of_the_file_that_is_linked_above_it() -> None:
    examples = EXAMPLE.findall(TEXT)
    assert len(examples) == TEXT.count("```python")
    for path, code in examples:
        assert code in (ROOT / path).read_text("utf-8"), f"{path} has changed"


def test_the_example_of_a_snapshot_is_a_part_of_one() -> None:
    [text] = re.findall(r"In a snapshot.*?```text\n(.*?)```", TEXT, re.DOTALL)
    assert text in (ROOT / "tests" / "public_surface" / "sdax_core.txt").read_text("utf-8")


def test_every_file_that_is_named_is_there() -> None:
    documents = ("ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "VERSIONING.md")
    for document in documents:
        text = (ROOT / document).read_text("utf-8")
        links = re.findall(r"\]\((?!https:)(.*?)\)", text)
        scripts = re.findall(r"\bscripts/[\w.-]+", text)
        assert [path for path in [*links, *scripts] if not (ROOT / path).exists()] == []
