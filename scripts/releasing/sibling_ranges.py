"""The ranges by which the packages of the workspace require each other, when one of them is released."""

from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from releasing.distributions import Distribution, ReleaseError, distributions
from releasing.versions import requirement


def follow(released: Distribution, version: Version, *, update: bool) -> None:
    """See to it that what stands on a package lets its new version in.

    Raises:
        ReleaseError: Some ranges leave it out, and they are not to be updated.
    """
    wanted = requirement(released.name, version)
    left_out = list(ranges_without(released.root, released.name, version))
    if left_out and not update:
        told = "".join(f"\n  {other.name} requires {text}" for other, text in left_out)
        raise ReleaseError(
            f"{released.name} {version} is outside of what its siblings require:{told}\n"
            f"The right range is {wanted}. With --update-ranges it is written, with a fragment for each."
        )
    for other, text in left_out:
        write_range(other, text, wanted)
        fragment = other.folder / "changelog.d" / f"+{released.name}-{version}.breaking.md"
        fragment.parent.mkdir(exist_ok=True)
        fragment.write_text(f"Requires `{wanted}`.\n", "utf-8")


def ranges_without(root: Path, name: str, version: Version) -> Iterator[tuple[Distribution, str]]:
    """The siblings whose range of a package leaves a version out, with that range."""
    for other in distributions(root).values():
        for text in dict.fromkeys(other.requirements_of(name)):
            if other.name != name and version not in Requirement(text).specifier:
                yield other, text


def raise_floors(distribution: Distribution) -> None:
    """Make a package require the versions of its siblings that it is released beside.

    Nobody tries it with older ones.

    Raises:
        ReleaseError: A sibling has to be released before it.
    """
    name = distribution.name
    for sibling in distributions(distribution.root).values():
        requirements = dict.fromkeys(distribution.requirements_of(sibling.name))
        if sibling.name == name or not requirements:
            continue
        is_released, kinds = sibling.last_release() is not None, sibling.kinds()
        if not is_released or "breaking" in kinds:
            reason = "has a break to release" if is_released else "was never released"
            raise ReleaseError(f"it requires {sibling.name}, which {reason}: that one comes first")
        if "added" in kinds:
            print(
                f"Mind: {sibling.name} has additions that are not released; {name} must not need them.\n"
            )
        for text in requirements:
            write_range(distribution, text, requirement(sibling.name, sibling.version))


def write_range(distribution: Distribution, old: str, new: str) -> None:
    """Write another requirement in the place of one."""
    path = distribution.folder / "pyproject.toml"
    path.write_text(path.read_text("utf-8").replace(f'"{old}"', f'"{new}"'), "utf-8")
