"""What a change makes of a version, and which versions of a sibling fit: the rules of VERSIONING.md."""

from collections.abc import Collection

from packaging.version import Version


def next_version(version: Version, kinds: Collection[str]) -> Version:
    """The version that a release with changes of these kinds gets."""
    if "breaking" in kinds:
        return next_breaking(version)
    if "added" in kinds and version.major:
        return Version(f"{version.major}.{version.minor + 1}.0")
    return Version(f"{version.major}.{version.minor}.{version.micro + 1}")


def next_breaking(version: Version) -> Version:
    """The first version after this one that may break its users' code."""
    if version.major:
        return Version(f"{version.major + 1}.0.0")
    return Version(f"0.{version.minor + 1}.0")


def requirement(name: str, version: Version) -> str:
    """What stands on this version of a package requires: it or later, until something breaks."""
    return f"{name}>={short(version)},<{short(next_breaking(version))}"


def short(version: Version) -> str:
    """The version without a last part that says nothing: 0.2 for 0.2.0."""
    return str(version).removesuffix(".0")
