"""Write down what the packages show to their users: `uv run scripts/update_public_surface.py`.

One text file per package in tests/public_surface/. A test compares them with the code, so a name
or a parameter changes only on purpose: run this, and let the reviewer read the difference. Another
compares them with the last release (surface_changes.py): what has changed needs a changelog fragment.
"""

import ast
import enum
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, cast, get_args, get_origin

from releasing.distributions import distributions

SNAPSHOTS = Path(__file__).resolve().parent.parent / "tests" / "public_surface"
PACKAGES = ("sdax", "sdax_contrib", "sdax_core", "sdax_helpers", "sdax_levels")

# A member without an underscore, or what `with`, `for`, `await`, `in`, `[]`, `|` and calls ask for.
PUBLIC_MEMBER = re.compile(
    r"(?!_)\w+|__(a?enter|a?exit|a?iter|a?next|await|call|contains|getitem|len|or)__"
)


def snapshot(package: str) -> str:
    """The extras, the commands, and every public module with the names of its `__all__`, as text."""
    lines = list(installation_lines(package.replace("_", "-")))
    lines += [line for module in public_modules(package) for line in module_lines(module)]
    return "\n".join(lines)


def installation_lines(distribution: str) -> Iterator[str]:
    """What pyproject.toml shows to users."""
    project = distributions()[distribution].project
    yield from (f"extra {name}" for name in sorted(project.get("optional-dependencies", ())))
    yield from (f"command {name}" for name in sorted(project.get("scripts", ())))


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
        is_protocol = bool(getattr(value, "_is_protocol", False))
        yield f"protocol {name}" if is_protocol else f"class {name}{constructor(value)}"
        yield from (f"    is {base}" for base in public_bases(value))
        yield from (f"    {line}" for line in member_lines(value))
    elif inspect.isfunction(value):
        yield f"{function_kind(value)} {name}{parameters(value)}"
    elif get_origin(value) is Literal:
        yield f"{name} = Literal[{', '.join(map(repr, get_args(value)))}]"
    else:
        yield name


def member_lines(cls: type) -> Iterator[str]:
    """The public members that the class has from our own code, inherited ones included."""
    members: dict[str, Any] = {}
    for owner in reversed(own_classes(cls)):
        members.update(vars(owner))
    for name in sorted(filter(PUBLIC_MEMBER.fullmatch, members)):
        member = members[name]
        kind = type(member).__name__
        if kind in ("classmethod", "staticmethod"):
            yield f"{kind} {name}{parameters(getattr(cls, name))}"
        elif inspect.isfunction(member):
            yield f"{function_kind(member)} {name}{parameters(member)}"
        else:
            yield name


def constructor(cls: type) -> str:
    """The parameters of the class, where our own code defines them."""
    defines = any({"__init__", "__new__"} & vars(owner).keys() for owner in own_classes(cls))
    return parameters(cls) if defines else ""


def own_classes(cls: type) -> list[type]:
    """The classes of its method resolution order that these packages define."""
    return [owner for owner in cls.__mro__ if owner.__module__.partition(".")[0] in PACKAGES]


def public_bases(cls: type) -> list[str]:
    """What an instance also is, for `except` and `isinstance`: built-in and our own public classes."""
    untold = (object, BaseException)
    bases = [base for base in cls.__mro__[1:] if base not in untold and is_public(base)]
    return sorted(base.__name__ for base in bases)


def is_public(cls: type) -> bool:
    """Whether the class is built in, or users can import it from one of these packages."""
    home, *inside = cls.__module__.split(".")
    if any(part.startswith("_") for part in inside) or home not in PACKAGES:
        return cls.__module__ == "builtins"
    return cls.__name__ in importlib.import_module(cls.__module__).__all__


def function_kind(function: object) -> str:
    """Whether the function has to be awaited, as its first word says."""
    return "async def" if inspect.iscoroutinefunction(function) else "def"


def parameters(function: Any) -> str:
    """The signature without annotations: those are held by the type checkers."""
    signature = inspect.signature(function)
    bare = [
        parameter.replace(annotation=parameter.empty, default=Default.of(parameter.default))
        for parameter in signature.parameters.values()
    ]
    return str(signature.replace(parameters=bare, return_annotation=signature.empty))


class Default:
    """A default value that is shown as Python source, so that a snapshot can be parsed."""

    def __init__(self, value: object) -> None:
        self.value = value

    @classmethod
    def of(cls, value: object) -> object:
        """Wrap a default; no default stays none."""
        return value if value is inspect.Parameter.empty else cls(value)

    def __repr__(self) -> str:
        return source(self.value)


def source(value: object) -> str:
    """The value as an expression: what no expression stands for, as `...`."""
    if isinstance(value, tuple):
        items = [source(item) for item in cast("tuple[object, ...]", value)]
        return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
    if inspect.isclass(value) or inspect.isroutine(value):
        home = "" if value.__module__ == "builtins" else f"{value.__module__}."
        return f"{home}{value.__qualname__}"
    text = repr(value)
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return "..."
    return text


def main() -> None:
    """Write a snapshot of each package."""
    SNAPSHOTS.mkdir(exist_ok=True)
    for package in PACKAGES:
        path = SNAPSHOTS / f"{package}.txt"
        path.write_text(snapshot(package), "utf-8", newline="\n")
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
