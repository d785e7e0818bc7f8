"""Code blocks of READMEs that were published earlier, run as they were printed."""

import ast
import inspect
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any

TESTS = Path(__file__).parent

block_name = attrgetter("name")
"""Names the parameters of a test that runs several blocks."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced code block of a README.

    Attributes:
        name: The README and the block, for example `readme_0_7/01_task_func`.
        text: The code, as printed unless `replace` has changed it.
    """

    name: str
    text: str

    def replace(self, printed: str, code: str) -> "Block":
        """The block with `code` in place of something that it prints exactly once."""
        assert self.text.count(printed) == 1, f"{self.name} must print {printed!r} once"
        return Block(self.name, self.text.replace(printed, code))

    def compile(self) -> CodeType:
        """The code of the block, which may use `await` outside of a function.

        Raises:
            SyntaxError: The block is not Python.
        """
        tree = ast.parse(self.text)
        last = tree.body[-1]
        if isinstance(last, ast.Expr):  # Keep its value, as the interactive prompt would show it.
            tree.body[-1] = ast.Assign([ast.Name("last_value", ast.Store())], last.value)
            ast.fix_missing_locations(tree)
        code: CodeType = compile(tree, self.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        return code

    def run(self, **missing: Any) -> SimpleNamespace:
        """Run the block with the names that it leaves undefined, and give all its names.

        The value of a last line that is an expression is `last_value`.
        """
        names, result = self._evaluate(missing)
        assert result is None, f"{self.name} awaits; use run_in_loop"
        return SimpleNamespace(**names)

    async def run_in_loop(self, **missing: Any) -> SimpleNamespace:
        """The same for a block with an `await` outside of a function."""
        names, result = self._evaluate(missing)
        assert inspect.isawaitable(result), f"{self.name} does not await; use run"
        await result
        return SimpleNamespace(**names)

    def _evaluate(self, missing: dict[str, Any]) -> tuple[dict[str, Any], object]:
        names: dict[str, Any] = {"__name__": "__main__", **missing}
        return names, eval(self.compile(), names)


def read_block(name: str) -> Block:
    """The block of that name, for example `readme_0_7/01_task_func`."""
    readme, block = name.split("/")
    return Block(name, (TESTS / readme / "blocks" / f"{block}.txt").read_text("utf-8"))
