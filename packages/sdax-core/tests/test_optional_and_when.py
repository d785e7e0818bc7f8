"""Optional tasks and tasks with a `when`: what may be declared, and what an analysis shows of it."""

from functools import partial
from typing import Any

import pytest
from sdax_core import AsyncTask, GraphError, TaskAnalyzer, TaskFunction, after


async def nothing(_: object) -> None: ...


def asked(_: object) -> bool:
    return True


async def asked_later(_: object) -> bool:
    return True


class AsynchronousAnswer:
    async def __call__(self, _: object) -> bool:
        return True

    def __repr__(self) -> str:
        return "AsynchronousAnswer()"


async def answers(_: object) -> Any:
    yield True


class Answer:
    def __call__(self, _: object) -> bool:
        return True


FUNCTION = TaskFunction(nothing)
RIGHT = "must be a plain function that takes the context and returns a bool, or None"


def test_a_task_is_required_and_unconditional_unless_it_says_otherwise() -> None:
    task = AsyncTask("a")

    assert task.when is None
    assert task.optional is False


@pytest.mark.parametrize("when", [bool, Answer(), asked, partial(max, 1)])
def test_when_may_be_any_plain_callable(when: Any) -> None:
    assert AsyncTask("a", when=when).when is when


def test_both_are_given_by_keyword() -> None:
    make: Any = AsyncTask
    with pytest.raises(TypeError, match="positional argument"):
        make("a", None, None, None, bool)


@pytest.mark.guarantee("37.1")
@pytest.mark.parametrize(
    ("when", "message"),
    [
        (True, f"task ('a', 1): when {RIGHT}; got True (bool)"),
        ("premium", f"task ('a', 1): when {RIGHT}; got 'premium' (str)"),
        *(
            (
                function,
                f"task ('a', 1): when {RIGHT}; "
                f"got {function!r}, an async function, which nobody would await",
            )
            for function in (
                asked_later,
                partial(asked_later, None),
                AsynchronousAnswer(),
                answers,
            )
        ),
    ],
)
def test_a_when_that_is_no_plain_function_is_refused(when: Any, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        AsyncTask(("a", 1), when=when)

    assert str(caught.value) == message


@pytest.mark.guarantee("38.1")
@pytest.mark.parametrize(
    ("optional", "got"), [(1, "1 (int)"), (None, "None (NoneType)"), ("no", "'no' (str)")]
)
def test_an_optional_that_is_no_bool_is_refused(optional: Any, got: str) -> None:
    with pytest.raises(TypeError) as caught:
        AsyncTask("a", optional=optional)

    assert str(caught.value) == f"task 'a': optional must be True or False; got {got}"


def test_a_task_shows_what_is_special_about_it() -> None:
    task = AsyncTask("a", execute=FUNCTION, when=asked, optional=True)

    assert repr(task) == (
        "AsyncTask('a', execute=TaskFunction(nothing), when=asked, optional=True)"
    )


# A required task may not depend on an optional one

OPTIONAL = partial(AsyncTask[Any, Any], optional=True)


def mistake_in(*tasks: tuple[AsyncTask[Any, Any], tuple[Any, ...]]) -> GraphError:
    analyzer = TaskAnalyzer[Any, Any]()
    for task, depends_on in tasks:
        analyzer.add_task(task, depends_on)
    with pytest.raises(GraphError) as caught:
        analyzer.analyze()
    return caught.value


@pytest.mark.guarantee("38.2")
@pytest.mark.parametrize("depends_on", [("cache",), ("cache", after("cache")), ("db", "cache")])
@pytest.mark.parametrize("function", [FUNCTION, None], ids=["with a function", "a join"])
def test_a_required_task_that_depends_on_an_optional_one_is_refused(
    depends_on: tuple[Any, ...], function: Any
) -> None:
    error = mistake_in(
        (AsyncTask("db"), ()),
        (OPTIONAL("cache"), ()),
        (AsyncTask("page", execute=function), depends_on),
    )

    assert str(error) == (
        "task 'page' is required and depends on 'cache', which is optional: "
        "name it as after('cache'), or make 'page' optional=True as well"
    )
    assert error.requiring_optional == (("page", "cache"),)


@pytest.mark.guarantee("38.2")
def test_the_first_five_are_described_and_the_others_counted_beside_all_that_is_wrong() -> None:
    error = mistake_in(
        *((OPTIONAL(n), ()) for n in range(7)),
        (AsyncTask("page"), tuple(range(7))),
        (AsyncTask("a"), ("b",)),
        (AsyncTask("b"), ("a", "nowhere")),
    )

    assert str(error) == (
        "these tasks do not make a graph:\n"
        "  task 'b' depends on non-existent task 'nowhere'\n"
        + "".join(
            f"  task 'page' is required and depends on {n}, which is optional: "
            f"name it as after({n}), or make 'page' optional=True as well\n"
            for n in range(5)
        )
        + "  and 2 more of these\n"
        "  Cycle detected: 'a' -> 'b' -> 'a' (each depends on the next)"
    )
    assert error.requiring_optional == tuple(("page", n) for n in range(7))
    assert error.missing == (("b", "nowhere"),)


@pytest.mark.guarantee("38.2")
@pytest.mark.parametrize(
    ("dependant", "depends_on"),
    [
        (AsyncTask("page"), (after("cache"),)),
        (OPTIONAL("page"), ("cache",)),
        (OPTIONAL("page"), (after("cache"), "cache")),
    ],
)
def test_what_says_after_or_is_optional_itself_may_depend_on_an_optional_task(
    dependant: AsyncTask[Any, Any], depends_on: tuple[Any, ...]
) -> None:
    analyzer = TaskAnalyzer[Any, Any]().add_task(OPTIONAL("cache"))

    analysis = analyzer.add_task(dependant, depends_on).analyze()

    assert analysis.dependencies["page"] == ("cache",)


# What is shown


def test_an_analysis_lists_and_renders_what_is_special() -> None:
    analyzer = TaskAnalyzer[Any]()
    analyzer.add_task(AsyncTask("recent", execute=FUNCTION, optional=True))
    analyzer.add_task(AsyncTask("cache", pre_execute=FUNCTION, optional=True, when=asked))
    analyzer.add_task(AsyncTask("page", pre_execute=FUNCTION), (after("recent"), after("cache")))
    analyzer.add_task(AsyncTask("ads", pre_execute=FUNCTION, when=asked))
    analysis = analyzer.analyze()

    assert analysis.optional_task_names == ("cache", "recent")
    assert analysis.conditional_task_names == ("ads", "cache")
    assert analysis.render() == (
        "tasks: 4\n"
        "  with pre_execute: 3\n"
        "  with execute: 1\n"
        "  with post_execute: 0\n"
        "  with none: 0\n"
        "with when: 'ads', 'cache'\n"
        "optional: 'cache', 'recent'\n"
        "'page' only waits for: 'cache', 'recent'\n"
        "pre_execute:\n"
        "  wave 0: 'ads', 'cache'\n"
        "  wave 1: 'page' (after 'cache')\n"
        "post_execute:\n"
        "  no waves"
    )
