"""What changed in a public surface is told apart, and a change without its fragment is found."""

from pathlib import Path

import pytest
from packaging.version import Version
from releasing.distributions import Distribution, ReleaseError, git
from releasing.signatures import takes_the_same_calls
from releasing.surface_changes import changes, entries, missing_fragment
from update_public_surface import PACKAGES, SNAPSHOTS

BEFORE = """\
extra fast
command ship

shop
    class Box(size, *, color='red')
        is Exception
        def open(self, *tools)
        size
    protocol Carrier
        async def carry(self, box, /)
    Color = Literal['red', 'blue']
    enum State
        OPEN = 'open'
    other from elsewhere
    async def send(box, carrier=None)
"""

BROKEN = [
    ("extra fast\n", "", "extra fast is gone"),
    ("command ship\n", "", "command ship is gone"),
    ("        size\n", "", "shop.Box.size is gone"),
    ("        is Exception\n", "", "shop.Box.is Exception is gone"),
    ("    other from elsewhere\n", "", "shop.other is gone"),
    ("        OPEN = 'open'\n", "", "shop.State.OPEN is gone"),
    ("OPEN = 'open'", "OPEN = 'ajar'", "shop.State.OPEN has changed"),
    ("'red', 'blue'", "'red'", "shop.Color has changed"),
    ("async def send", "def send", "shop.send has changed"),
    ("carrier=None", "courier=None", "shop.send has changed"),
    ("color='red'", "color='blue'", "shop.Box has changed"),
    ("carry(self, box, /)", "carry(self, box, note=None, /)", "shop.Carrier.carry has changed"),
    ("box, /)\n", "box, /)\n        def drop(self)\n", "shop.Carrier.drop is new"),
]
ADDED = [
    ("extra fast\n", "extra fast\nextra slow\n", "extra slow is new"),
    ("        size\n", "        size\n        weight\n", "shop.Box.weight is new"),
    (
        "        is Exception\n",
        "        is Exception\n        is OSError\n",
        "shop.Box.is OSError is new",
    ),
    ("OPEN = 'open'\n", "OPEN = 'open'\n        SHUT = 'shut'\n", "shop.State.SHUT is new"),
    ("'red', 'blue'", "'red', 'blue', 'green'", "shop.Color has changed"),
    ("carrier=None", "carrier=None, *, insured=False", "shop.send has changed"),
    ("command ship\n", "command ship\n\nshop.boats\n    row\n", "shop.boats is new"),
    (
        "    enum State\n",
        "    protocol Lid\n        lift\n    enum State\n",
        "shop.Lid.lift is new",
    ),
]


@pytest.mark.parametrize(("old", "new", "told"), BROKEN)
def test_what_breaks_the_code_of_users_is_found(old: str, new: str, told: str) -> None:
    assert changes(BEFORE, change(old, new)) == {"breaking": [told], "added": []}


@pytest.mark.parametrize(("old", "new", "told"), ADDED)
def test_what_is_added_is_found_and_is_no_break(old: str, new: str, told: str) -> None:
    found = changes(BEFORE, change(old, new))
    assert told in found["added"]
    assert found["breaking"] == []


def test_nothing_is_found_where_nothing_has_changed() -> None:
    assert changes(BEFORE, BEFORE) == {"breaking": [], "added": []}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_line_of_a_snapshot_is_read_and_its_name_is_unique(package: str) -> None:
    text = (SNAPSHOTS / f"{package}.txt").read_text("utf-8")
    found = dict(entries(text))
    assert len(found) == sum(bool(line) for line in text.splitlines())
    for entry in found.values():
        if entry.detail.startswith("("):
            assert takes_the_same_calls(entry.detail, entry.detail)


@pytest.fixture
def shop(tmp_path: Path) -> Distribution:
    """A repository with one package, `shop`, that was released as 0.1.0 and 0.1.10."""
    distribution = Distribution(tmp_path, "shop")
    write(distribution, "CHANGELOG.md", "# Changes of shop\n\n## 0.1.10\n")
    write(distribution, "changelog.d/.gitignore", "!.gitignore\n")
    show(distribution, BEFORE.replace("Box", "Crate"))
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "user.name", "Somebody")
    git(tmp_path, "config", "user.email", "somebody@example.org")
    commit(distribution, "0.1.9")
    show(distribution, BEFORE)
    commit(distribution, "0.1.10")
    return distribution


def test_without_a_change_since_the_last_release_no_fragment_is_missing(shop: Distribution) -> None:
    assert missing_fragment(shop) is None


def test_a_removal_needs_a_breaking_fragment(shop: Distribution) -> None:
    show(shop, change("        size\n", ""))
    write(shop, "changelog.d/+size.added.md", "Nothing of the kind.\n")
    problem = missing_fragment(shop)
    assert problem is not None
    assert problem.startswith("since shop-v0.1.10 shop.Box.size is gone")
    assert problem.endswith("needs a fragment of kind breaking")
    write(shop, "changelog.d/+size.breaking.md", "`Box` has no size any more.\n")
    assert missing_fragment(shop) is None


@pytest.mark.parametrize("kind", ["added", "breaking"])
def test_an_addition_needs_a_fragment_that_says_at_least_that(
    kind: str, shop: Distribution
) -> None:
    show(shop, change("        size\n", "        size\n        weight\n"))
    write(shop, "changelog.d/+weight.fixed.md", "Nothing of the kind.\n")
    problem = missing_fragment(shop)
    assert problem is not None
    assert problem.endswith("needs a fragment of kind added")
    write(shop, f"changelog.d/+weight.{kind}.md", "Boxes have a weight.\n")
    assert missing_fragment(shop) is None


def test_before_the_first_release_an_added_fragment_is_needed(shop: Distribution) -> None:
    forget_the_releases(shop)
    write(shop, "CHANGELOG.md", "# Changes of shop\n")
    assert missing_fragment(shop) == "shop is new: it needs an `added` fragment"
    write(shop, "changelog.d/+first.added.md", "First release.\n")
    assert missing_fragment(shop) is None


def test_missing_tags_are_no_first_release(shop: Distribution) -> None:
    forget_the_releases(shop)
    with pytest.raises(ReleaseError, match="the tags of shop are missing"):
        missing_fragment(shop)


def test_a_fragment_of_an_unknown_kind_is_refused(shop: Distribution) -> None:
    write(shop, "changelog.d/+size.removed.md", "A word that the changelog does not know.\n")
    with pytest.raises(ReleaseError, match=r"\+size\.removed\.md: a fragment is called"):
        missing_fragment(shop)


def change(old: str, new: str) -> str:
    assert BEFORE.count(old) == 1
    return BEFORE.replace(old, new)


def write(distribution: Distribution, path: str, text: str) -> None:
    file = distribution.folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


def show(distribution: Distribution, snapshot: str) -> None:
    write(distribution, "../../tests/public_surface/shop.txt", snapshot)


def commit(distribution: Distribution, version: str) -> None:
    git(distribution.root, "add", "--all")
    git(distribution.root, "commit", "--quiet", "--message", version)
    git(distribution.root, "tag", distribution.tag(Version(version)))


def forget_the_releases(distribution: Distribution) -> None:
    git(distribution.root, "tag", "--delete", "shop-v0.1.9", "shop-v0.1.10")
