"""Counts the lines of code of the two programs, without blank lines, comments, docstrings and imports."""

import ast
import re
import tokenize
from io import StringIO
from pathlib import Path

MARK = re.compile(r"# --8<-- \[start:([\w-]+)\]")
NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def docstring_lines(source: str) -> set[int]:
    """The lines of strings that are statements of their own."""
    return {
        line
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def lines_of_code(source: str) -> int:
    tokens = tokenize.generate_tokens(StringIO(source).readline)
    lines = {
        line
        for token in tokens
        if token.type not in NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    return len(lines - docstring_lines(source))


def parts(program: str) -> dict[str, int]:
    """The lines of each part between two marks; what is outside is not counted."""
    source = Path(__file__).with_name(program).read_text("utf-8")
    return {
        name: lines_of_code(
            source.partition(f"# --8<-- [start:{name}]\n")[2].partition("# --8<-- [end:")[0]
        )
        for name in MARK.findall(source)
    }


def main() -> None:
    by_hand, with_sdax = parts("by_hand_asyncio.py"), parts("by_hand_sdax.py")
    print(f"{'':10}{'asyncio':>8}{'sdax':>8}")
    for name in ("start-up", "retries", "order", "graph"):
        print(f"{name:10}{by_hand.get(name, 0):8}{with_sdax.get(name, 0):8}")
    print(f"{'all':10}{sum(by_hand.values()):8}{sum(with_sdax.values()):8}")


if __name__ == "__main__":
    main()
