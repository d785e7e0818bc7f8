"""Write down what the packages show to their users: `uv run scripts/update_public_surface.py`.

One text file per package in tests/public_surface/. A test compares them with the code, so a name
or a parameter changes only on purpose: run this, and let the reviewer read the difference.
"""

import enum
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

SNAPSHOTS = Path(__file__).resolve().parent.parent / "tests" / "public_surface"
PACKAGES = ("sdax", "sdax_contrib", "sdax_core", "sdax_helpers", "sdax_levels")


def snapshot(package: str) -> str:
    """Every public module of the package with the names of its `__all__`, as text."""
    return "\n".join(line for module in public_modules(package) for line in module_lines(module))


def public_modules(package: str) -> Iterator[ModuleType]:
    """The package itself, then its modules without an underscore."""
    door = importlib.import_module(package)
    yield door
    for found in pkgutil.walk_packages(door.__path__, f"{package}."):
        if not any(part.startswith("_") for part in found.name.split(".")):
            yield importlib.import_module(found.name)


def module_lines(module: ModuleType) -> Iterator[str]:
    """The module's name, then its public names, indented."""
    package = module.__name__.partition(".")[0]
    yield module.__name__
    for name in sorted(module.__all__):
        value = getattr(module, name)
        home = str(getattr(value, "__module__", "")).partition(".")[0]
        if home in PACKAGES and home != package:
            yield f"    {name} from {home}"
        else:
            yield from (f"    {line}" for line in name_lines(name, value))
    yield ""


def name_lines(name: str, value: object) -> Iterator[str]:
    """One public name: an enumeration or a class with its members, a function, or a value."""
    if inspect.isclass(value) and issubclass(value, enum.Enum):
        yield f"enum {name}"
        yield from (f"    {key} = {member.value!r}" for key, member in value.__members__.items())
    elif inspect.isclass(value):
        yield f"class {name}{constructor(value)}"
        yield from (f"    {line}" for line in member_lines(value))
    elif inspect.isfunction(value):
        yield f"def {name}{parameters(value)}"
    else:
        yield name


def member_lines(cls: type) -> Iterator[str]:
    """The public members that the class has from our own code, inherited ones included."""
    members: dict[str, Any] = {}
    for owner in reversed(own_classes(cls)):
        members.update(vars(owner))
    for name in sorted(name for name in members if not name.startswith("_")):
        member = members[name]
        kind = type(member).__name__
        if kind in ("classmethod", "staticmethod"):
            yield f"{kind} {name}{parameters(getattr(cls, name))}"
        elif inspect.isfunction(member):
            yield f"def {name}{parameters(member)}"
        else:
            yield name


def constructor(cls: type) -> str:
    """The parameters of the class, where our own code defines them."""
    defines = any({"__init__", "__new__"} & vars(owner).keys() for owner in own_classes(cls))
    return parameters(cls) if defines else ""


def own_classes(cls: type) -> list[type]:
    """The classes of its method resolution order that these packages define."""
    return [owner for owner in cls.__mro__ if owner.__module__.partition(".")[0] in PACKAGES]


def parameters(function: Callable[..., object]) -> str:
    """The signature without annotations: those are held by the type checkers."""
    signature = inspect.signature(function)
    bare = [
        parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()
    ]
    return str(signature.replace(parameters=bare, return_annotation=signature.empty))


def main() -> None:
    """Write a snapshot of each package."""
    SNAPSHOTS.mkdir(exist_ok=True)
    for package in PACKAGES:
        path = SNAPSHOTS / f"{package}.txt"
        path.write_text(snapshot(package), "utf-8", newline="\n")
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
