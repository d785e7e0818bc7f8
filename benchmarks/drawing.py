"""How long it takes to draw a graph: `python -m benchmarks.drawing`.

Graphs whose tasks depend on up to three random ones among the fifty before them. Processor time; the shortest of a
few rounds.
"""

import random
import time
from typing import Any

from sdax_contrib.pictures import to_dot, to_mermaid, to_svg
from sdax_core import AsyncDagTaskProcessor, AsyncTask, TaskFunction

SIZES = {12: 20, 300: 3, 5000: 1}
"""Tasks of a graph, and how many rounds."""


async def nothing(_: object) -> None:
    pass


def graph_of(tasks: int) -> AsyncDagTaskProcessor[Any, Any]:
    rng = random.Random(tasks)
    builder = AsyncDagTaskProcessor[Any].builder()
    for number in range(tasks):
        near = range(max(0, number - 50), number)
        depends_on = tuple(
            f"task {other}" for other in rng.sample(near, min(len(near), rng.randint(0, 3)))
        )
        task = AsyncTask(f"task {number}", execute=TaskFunction(nothing))
        builder.add_task(task, depends_on=depends_on)
    return builder.build()


def main() -> None:
    for tasks, rounds in SIZES.items():
        graph = graph_of(tasks)
        for draw in (to_svg, to_mermaid, to_dot):
            best = float("inf")
            for _ in range(rounds):
                started = time.process_time()
                draw(graph)
                best = min(best, time.process_time() - started)
            print(f"{best * 1000:8.1f} ms  {draw.__name__}, {tasks} tasks")


if __name__ == "__main__":
    main()
