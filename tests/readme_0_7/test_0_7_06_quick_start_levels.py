"""The quick start with levels."""

import asyncio
from types import SimpleNamespace

import pytest
from readme_blocks import read_block
from sdax_proof import run

BLOCK = read_block("readme_0_7/06_quick_start_levels")


def test_the_levels_do_the_same_as_the_graph(
    quick_start: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    names = BLOCK.run(
        open_db=quick_start.open_db,
        close_db=quick_start.close_db,
        check_auth=quick_start.check_auth,
        load_feature_flags=quick_start.load_feature_flags,
        fetch_user_data=quick_start.fetch_user_data,
    )
    context = quick_start.TaskContext()

    async def main() -> float:
        await names.processor.process_tasks(context)
        return asyncio.get_running_loop().time()

    seconds = run(main())

    assert capsys.readouterr().out.splitlines() == ["Database opened", "Database closed"]
    assert context.db_connection.closed
    assert (context.user_id, context.feature_flags) == (123, {"new_api": True})
    assert seconds == pytest.approx(0.2 + 0.1)
