"""A graph as a Mermaid flowchart."""

from __future__ import annotations

from sdax_contrib._picture_view import Direction, ShownTask, View

# What Mermaid gives a meaning even inside quotes, as its own entities.
_ENTITIES = {ord(character): f"#{ord(character)};" for character in '"#&<>`\\'}


def mermaid_of(view: View, direction: Direction) -> str:
    """Describe it: tasks by number, the names as labels."""
    lines = [f"flowchart {'LR' if direction == 'right' else 'TD'}"]
    lines += [f"  n{number}{_shape(task)}" for number, task in enumerate(view.tasks)]
    for edge in view.edges:
        arrow = "-.->" if edge.only_after else "-->"
        lines.append(f"  n{edge.before} {arrow} n{edge.task}")
    optional = [f"n{number}" for number, task in enumerate(view.tasks) if task.is_optional]
    if optional:
        lines.append("  classDef optional stroke-dasharray: 5 4")
        lines.append(f"  class {','.join(optional)} optional")
    return "\n".join(lines) + "\n"


def _shape(task: ShownTask) -> str:
    label = f'"{task.name.translate(_ENTITIES)}"'
    if task.is_join:
        return f"([{label}])"
    return f"{{{{{label}}}}}" if task.is_conditional else f"[{label}]"
