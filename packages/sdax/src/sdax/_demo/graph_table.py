"""The graph as a table: a line per task, with its functions and what it depends on."""

from collections.abc import Iterator

from sdax import AsyncDagTaskProcessor, TaskFunction
from sdax._demo.order_endpoint import Order
from sdax._demo.terminal import Terminal
from sdax._demo.timeline import function_name


def graph_table(processor: AsyncDagTaskProcessor[Order], terminal: Terminal) -> Iterator[str]:
    """The lines of the table, the head first."""
    head = ("task", "pre_execute", "execute", "post_execute", "depends on")
    yield terminal.paint(_line(*head), "dim")
    for key, task in processor.analysis.tasks.items():
        yield _line(
            key,
            _name(task.pre_execute),
            _name(task.execute),
            _name(task.post_execute),
            ", ".join(processor.analysis.dependencies[key]),
        )


def _line(task: str, pre: str, execute: str, post: str, dependencies: str) -> str:
    return f"    {task:<13}{pre:<15}{execute:<13}{post:<16}{dependencies}".rstrip()


def _name(task_function: TaskFunction[Order] | None) -> str:
    return "" if task_function is None else function_name(task_function)
