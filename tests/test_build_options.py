"""The options of build() are the same on every builder."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import sdax_core
import sdax_levels

BUILDERS: list[Callable[[], Any]] = [
    sdax_levels.AsyncTaskProcessor.builder,
    sdax_levels.AsyncTaskProcessor.elevator_builder,
    sdax_levels.AsyncTaskProcessor.graph_builder,
]


@pytest.mark.guarantee("options.1")
@pytest.mark.parametrize("builder", BUILDERS)
def test_every_builder_has_the_options_of_the_graph_builder(builder: Callable[[], Any]) -> None:
    graph_builder = sdax_core.AsyncDagTaskProcessor[Any].builder()

    options = inspect.signature(builder().build).parameters
    expected = inspect.signature(graph_builder.build).parameters

    assert {name: option.default for name, option in options.items()} == {
        name: option.default for name, option in expected.items()
    }
    assert {option.kind for option in options.values()} == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.guarantee("options.2")
@pytest.mark.parametrize("builder", BUILDERS)
@pytest.mark.parametrize(
    "option", ["execute_order", "on_execute_error", "max_concurrency", "cleanup_timeout"]
)
def test_every_builder_refuses_a_bad_value(builder: Callable[[], Any], option: str) -> None:
    with pytest.raises(ValueError, match=f"^{option} must be "):
        builder().build(**{option: "nonsense"})
