"""The quick start with a graph."""

import asyncio
from types import SimpleNamespace

import pytest
from sdax_proof import run


def test_the_quick_start_opens_works_and_closes(
    quick_start: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    context = quick_start.TaskContext()

    async def main() -> float:
        await quick_start.processor.process_tasks(context)
        return asyncio.get_running_loop().time()

    seconds = run(main())

    assert capsys.readouterr().out.splitlines() == ["Database opened", "Database closed"]
    assert context.db_connection.closed
    assert context.user_id == 123
    assert context.feature_flags == {"new_api": True}
    # Auth (0.1) and Flags (0.2) run side by side, then Fetch (0.1).
    assert seconds == pytest.approx(0.2 + 0.1)


def test_the_printed_graph_may_run_for_many_requests_at_once(quick_start: SimpleNamespace) -> None:
    contexts = [quick_start.TaskContext() for _ in range(10)]

    async def main() -> None:
        await asyncio.gather(*(quick_start.processor.process_tasks(c) for c in contexts))

    run(main())

    assert all(context.db_connection.closed for context in contexts)
    assert len({id(context.db_connection) for context in contexts}) == 10
