"""Write docs/reference/sdax*.md from the `__all__` of the packages: `uv run scripts/write_reference_pages.py`.

A page for each package. Its sections are the comments in `__all__`, its entries are the names; mkdocstrings fills
them with the docstrings. The page of `sdax` itself, which only passes on names, leads to the others.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import griffe
from website.guarantee_links import GuaranteeLinks

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
HOMES = ("sdax_core", "sdax_levels", "sdax_helpers")
"""The packages whose names `sdax` passes on."""
PACKAGES = ("sdax", *HOMES, "sdax_contrib")
WARNING = "<!-- Made by scripts/write_reference_pages.py from the packages: edit their docstrings instead. -->"
INTRODUCTIONS = {
    "sdax": """\
`pip install sdax` brings all of these. Import them from `sdax`; each name leads to its entry.""",
    "sdax_core": """\
Graph, phases, engine and errors, without dependencies. Import these names from `sdax`, or from `sdax_core` if you build
on the core alone.""",
    "sdax_levels": """\
Levels on top of the graph: all tasks of a level run in parallel, level after level, and cleanup goes down again level
by level. Import these names from `sdax`, or from `sdax_levels`.""",
    "sdax_helpers": """\
Short ways to write tasks. Import these names from `sdax`, or from `sdax_helpers`.""",
    "sdax_contrib": """\
What a service needs around a graph. `import sdax_contrib` imports nothing: import each module by its name. A module
that needs a library is an extra; if the library is missing, the `ImportError` says what to install.""",
}
BESIDES = """\
## Besides the names

- `sdax demo`: a command that places orders in a shop, four times, and shows what runs when. It needs
  `pip install 'sdax[demo]'`.
- `sdax.sdax_core`, `sdax.tasks`, `sdax.sdax_task_analyser`: import paths of sdax 0.3 to 0.7. They go on working; new
  code imports from `sdax`."""


def pages() -> dict[str, str]:
    """The text of each page, by the name of its file."""
    links = griffe.load_extensions(GuaranteeLinks)
    sources = sorted(ROOT.glob("packages/*/src"))
    loader = griffe.GriffeLoader(search_paths=sources, extensions=links)
    for package in PACKAGES:
        loader.load(package)
    loader.resolve_aliases()
    modules = loader.modules_collection
    return {f"{_title(package)}.md": _page(modules[package]) for package in PACKAGES}


def _title(package: str) -> str:
    return package.replace("_", "-")


def _page(module: griffe.Module) -> str:
    lines = [f"# {_title(module.path)}", "", WARNING, "", INTRODUCTIONS[module.path], ""]
    if module.path == "sdax":
        lines += [*_links(module), BESIDES, ""]
    elif module.path == "sdax_contrib":
        lines += [line for name in _public_modules(module) for line in _module_lines(module[name])]
        lines += _entries(module, level=2)
    else:
        lines += _entries(module, level=3)
    return "\n".join(lines).rstrip() + "\n"


def _public_modules(package: griffe.Module) -> list[str]:
    """Its public modules, in the order in which its docstring speaks of them."""
    assert package.docstring
    text = package.docstring.value
    public = {name for name in package.modules if not name.startswith("_")}
    found = [name for name in re.findall(r"`(\w+)`", text) if name in public]
    assert set(found) == public, (
        f"the docstring of {package.path} says nothing of {public - {*found}}"
    )
    return list(dict.fromkeys(found))


def _module_lines(module: griffe.Module) -> Iterator[str]:
    alone = ("members: false", "show_root_full_path: true")
    yield from _entry(module.path, "heading_level: 2", *alone)
    yield from _entries(module, level=3)


def _entries(module: griffe.Module, *, level: int) -> Iterator[str]:
    for section, names in sections(module):
        if section and module.is_package:
            yield from (f"## {section}", "")
        for name in names:
            yield from _entry(f"{module.path}.{name}", f"heading_level: {level}")


def _entry(path: str, *options: str) -> Iterator[str]:
    yield from (f"::: {path}", "    options:", *(f"      {option}" for option in options), "")


def sections(module: griffe.Module) -> Iterator[tuple[str, list[str]]]:
    """The comments in the `__all__` of a module, each with the names that follow it."""
    source = module.source
    listing = re.search(r"^__all__ = \[(.*?)\]", source, re.MULTILINE | re.DOTALL)
    assert listing, f"{module.path} has no __all__"
    for part in re.split(r"^ *(?=# )", listing.group(1), flags=re.MULTILINE):
        comment = re.match(r"# (.*)", part)
        if names := re.findall(r'"(\w+)"', part):
            yield (comment.group(1) if comment else "", names)


def _links(module: griffe.Module) -> Iterator[str]:
    for section, names in sections(module):
        yield from (f"## {section}", "")
        for name in names:
            yield f"- {_link(module, name)}: {_summary(module, name)}"
        yield ""


def _link(module: griffe.Module, name: str) -> str:
    member = module[name]
    if not member.is_alias:
        return f'<a id="sdax.{name}"></a>`{name}`'
    home = member.target_path.partition(".")[0]
    return f"[`{name}`]({_title(home)}.md#{home}.{name}){{ #sdax.{name} }}"


def _summary(module: griffe.Module, name: str) -> str:
    member = module[name]
    if member.docstring:
        return str(member.docstring.value).partition("\n\n")[0].replace("\n", " ")
    return f"`{member.value or member.annotation}`"


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8", newline="\n")


if __name__ == "__main__":
    main()
