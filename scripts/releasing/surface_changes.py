"""What has changed in a public surface since the last release, and which changelog fragment that needs.

update_public_surface.py writes the snapshots. Here they are read as text, because the code of the last
release is not installed: its snapshot comes from the commit that carries its tag.
"""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from releasing.distributions import Distribution, git
from releasing.signatures import takes_the_same_calls

DEFINITIONS = "async def|def|class|protocol|enum|classmethod|staticmethod"
OTHERS = ("is", "extra", "command")  # they have a name that something else may have, too
LINE = re.compile(rf"( *)(?:({DEFINITIONS}|{'|'.join(OTHERS)}) )?([\w.]+)(.*)")
LITERAL = " = Literal"


class Entry(NamedTuple):
    """What a snapshot says of one name."""

    kind: str
    detail: str


Changes = dict[str, list[str]]
"""What has changed, by the kind of fragment that it needs."""


def missing_fragment(distribution: Distribution) -> str | None:
    """What a fragment has to be written about; None if the fragments cover what has changed.

    Raises:
        ReleaseError: The tags of earlier releases are not here, or a fragment has no known kind.
    """
    kinds, tag = distribution.kinds(), distribution.last_release()
    if tag is None:
        is_told = "added" in kinds
        return None if is_told else f"{distribution.name} is new: it needs an `added` fragment"
    path = f"tests/public_surface/{distribution.package}.txt"
    now = (distribution.root / path).read_text("utf-8")
    found = changes(git(distribution.root, "show", f"{tag}:{path}"), now)
    for kind, enough in (("breaking", {"breaking"}), ("added", {"breaking", "added"})):
        if found[kind] and not kinds & enough:
            told = "; ".join(found[kind])
            return f"since {tag} {told}: {distribution.folder} needs a fragment of kind {kind}"
    return None


def changes(before: str, after: str) -> Changes:
    """What has changed between two snapshots of one package."""
    old, new = dict(entries(before)), dict(entries(after))
    found: Changes = {"breaking": [], "added": []}
    for name in sorted(old.keys() | new.keys()):
        # A protocol is what users write themselves: whatever comes in addition, theirs lacks it.
        owner = old.get(name.rpartition(".")[0])
        for_all_to_write = owner is not None and owner.kind == "protocol"
        if name not in new:
            found["breaking"].append(f"{name} is gone")
        elif name not in old:
            found["breaking" if for_all_to_write else "added"].append(f"{name} is new")
        elif old[name] != new[name]:
            is_extended = not for_all_to_write and extends(old[name], new[name])
            found["added" if is_extended else "breaking"].append(f"{name} has changed")
    return found


def extends(old: Entry, new: Entry) -> bool:
    """Whether who could use the old one can use the new one in the same way."""
    if old.kind != new.kind:
        return False
    if old.detail.startswith("(") and new.detail.startswith("("):
        return takes_the_same_calls(old.detail, new.detail)
    if old.detail.startswith(LITERAL) and new.detail.startswith(LITERAL):
        return values(old) <= values(new)
    return False


def values(literal: Entry) -> set[object]:
    """The values that a `Literal` allows."""
    return set(ast.literal_eval(literal.detail.removeprefix(LITERAL)))


def entries(snapshot: str) -> Iterator[tuple[str, Entry]]:
    """Each line of a snapshot: the full name, and what is said of it."""
    inside: list[str] = []
    for line in filter(None, snapshot.splitlines()):
        match = LINE.fullmatch(line)
        assert match is not None, line
        indent, kind, name, detail = match.groups(default="")
        inside[len(indent) // 4 :] = [f"{kind} {name}" if kind in OTHERS else name]
        yield ".".join(inside), Entry(kind, detail)
