"""Release, in a clone that is thrown away, every package that has something to release."""

import sys
from pathlib import Path

from releasing.building import run
from releasing.distributions import Distribution, distributions, git


def rehearse(clone: Path) -> str:
    """Do it, those that others stand on first; say what has been released.

    Raises:
        ReleaseError: One cannot be released as the last commit is.
    """
    git(clone, "config", "user.name", "Rehearsal")
    git(clone, "config", "user.email", "rehearsal@example.org")
    tags: list[str] = []
    for name in sorted(distributions(clone), key=lambda name: number_of_siblings(clone, name)):
        # A break further down has given it a fragment, perhaps, since the last one was released.
        if distributions(clone)[name].fragments:
            run(clone, sys.executable, "scripts/release.py", name, "--update-ranges")
            tags.append(str(distributions(clone)[name].last_release()))
    return ", ".join(tags) or "nothing"


def number_of_siblings(root: Path, name: str) -> int:
    """How many packages of the workspace this one requires."""
    known: dict[str, Distribution] = distributions(root)
    return sum(any(known[name].requirements_of(other)) for other in known if other != name)
