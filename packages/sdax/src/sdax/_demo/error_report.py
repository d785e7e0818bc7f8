"""An error as Python shows it, with groups and notes, but only the lines of the user's own code."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from traceback import FrameSummary, StackSummary, TracebackException

_FOLDER = Path(__file__).parent
_ROOT = _FOLDER.parent.parent
_SHOWN = [_FOLDER / "placing.py", _FOLDER / "order_endpoint.py"]
"""The caller of the run, and the graph: what a user would have written."""


def error_report(error: BaseException, width: int) -> Iterator[str]:
    """The lines of the traceback without the frames of libraries, long lines folded."""
    report = TracebackException.from_exception(error)
    _leave_out_libraries(report)
    for line in "".join(report.format()).splitlines():
        margin = re.match(r"[ |+]*", line)
        indent = margin.group().replace("+", "|") if margin else ""
        yield from textwrap.wrap(
            line, width, subsequent_indent=f"{indent}    ", drop_whitespace=False
        ) or [""]


def _leave_out_libraries(report: TracebackException | None) -> None:
    if report is None:
        return
    report.stack = StackSummary.from_list(
        [_short(frame) for frame in report.stack if Path(frame.filename) in _SHOWN]
    )
    _leave_out_libraries(report.__cause__)
    _leave_out_libraries(report.__context__)
    for nested in report.exceptions or ():
        _leave_out_libraries(nested)


def _short(frame: FrameSummary) -> FrameSummary:
    """The frame with its path as one would import it, and without marks under the line."""
    path = Path(frame.filename).relative_to(_ROOT).as_posix()
    return FrameSummary(path, frame.lineno, frame.name, line=frame.line)
