"""`LevelKey`, the names of the entry and exit nodes of a level."""

from typing import Literal

from readme_blocks import read_block
from sdax import AsyncTask, AsyncTaskProcessor


def test_level_key_is_what_the_comment_says() -> None:
    names = read_block("readme_0_7/19_level_key").run()
    entry, exit_ = tuple[int, Literal["below"]], tuple[int, Literal["above"]]

    assert names.LevelKey == entry | exit_ | str


def test_a_level_has_an_entry_and_an_exit_around_its_tasks() -> None:
    processor = AsyncTaskProcessor[None].builder().add_task(AsyncTask("MyTask"), 0).build()

    assert dict(processor.analysis.dependencies) == {
        (0, "below"): (),
        "MyTask": ((0, "below"),),
        (0, "above"): ("MyTask",),
    }
