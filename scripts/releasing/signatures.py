"""Whether every call that suits a signature suits another one too, and means the same."""

import ast
from itertools import zip_longest


def takes_the_same_calls(old: str, new: str) -> bool:
    """Whether `new` takes all that `old` took; both as text, such as `(key, *, timeout=None)`."""
    before, after = arguments(old), arguments(new)
    first, second = positional(before), positional(after)
    inserted_before_others = before.vararg is not None and len(second) > len(first)
    return (
        not inserted_before_others
        and all(suits(*pair) for pair in zip_longest(first, second))
        and keywords_suit(keyword_only(before), keyword_only(after))
        and (before.vararg is None or after.vararg is not None)
        and (before.kwarg is None or after.kwarg is not None)
    )


def arguments(signature: str) -> ast.arguments:
    """Parse a signature."""
    function = ast.parse(f"def function{signature}: ...").body[0]
    assert isinstance(function, ast.FunctionDef)
    return function.args


Parameter = tuple[str, str | None]
"""The name, if callers may use it, and the default as text; None if it has to be given."""


def positional(found: ast.arguments) -> list[Parameter]:
    """What can be given by its place."""
    names = [""] * len(found.posonlyargs) + [argument.arg for argument in found.args]
    required = len(names) - len(found.defaults)
    return list(zip(names, [None] * required + [*map(ast.unparse, found.defaults)], strict=True))


def keyword_only(found: ast.arguments) -> dict[str, Parameter]:
    """What can be given by its name alone."""
    defaults = [None if default is None else ast.unparse(default) for default in found.kw_defaults]
    names = [argument.arg for argument in found.kwonlyargs]
    return {name: (name, text) for name, text in zip(names, defaults, strict=True)}


def keywords_suit(old: dict[str, Parameter], new: dict[str, Parameter]) -> bool:
    """Whether each keyword is still what it was, and none has to be given that was not there."""
    return all(suits(old.get(name), new.get(name)) for name in old.keys() | new.keys())


def suits(old: Parameter | None, new: Parameter | None) -> bool:
    """Whether a caller may go on as before: what is new has a default, and no default has changed."""
    if old is None:
        return new is not None and new[1] is not None
    return new is not None and old[0] in ("", new[0]) and old[1] in (None, new[1])
