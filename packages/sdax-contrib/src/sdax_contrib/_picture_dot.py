"""A graph in DOT, the language of Graphviz."""

from __future__ import annotations

from collections.abc import Iterator

from sdax_contrib._picture_view import Direction, ShownTask, View


def dot_of(view: View, direction: Direction) -> str:
    """Describe it: tasks by number, the names as labels."""
    rank = "LR" if direction == "right" else "TB"
    return "\n".join(
        (
            "digraph sdax {",
            f'  graph [rankdir={rank}, bgcolor="transparent"];',
            '  node [shape=box, style=rounded, fontname="sans-serif"];',
            *(f"  n{number} [{_attributes(task)}];" for number, task in enumerate(view.tasks)),
            *(
                f"  n{edge.before} -> n{edge.task}{' [style=dashed]' if edge.only_after else ''};"
                for edge in view.edges
            ),
            "}\n",
        )
    )


def _attributes(task: ShownTask) -> str:
    return ", ".join(_each_attribute(task))


def _each_attribute(task: ShownTask) -> Iterator[str]:
    # Graphviz knows the entities of HTML in any label.
    escaped = task.name.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    yield f'label="{escaped}"'
    yield f'tooltip="{", ".join(task.phases) or "join"}"'
    shape = "ellipse" if task.is_join else "hexagon" if task.is_conditional else None
    if shape:
        yield f"shape={shape}"
    styles = ([] if shape else ["rounded"]) + (["dashed"] if task.is_optional else [])
    if styles != ["rounded"]:  # which all have
        yield f'style="{",".join(styles)}"'
