"""Where the demo prints: how wide it is, and which characters and colours it can show."""

import os
import shutil
import sys
import textwrap
from typing import Literal, TextIO

WIDEST = 100
NARROWEST = 72

Colour = Literal["red", "green", "yellow", "bold", "dim"]

_CODES: dict[Colour, str] = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}


class Terminal:
    """A terminal, a file or a pipe."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        columns = shutil.get_terminal_size((WIDEST, 24)).columns
        self.width = max(NARROWEST, min(columns, WIDEST))
        self.is_interactive = stream.isatty()
        self._has_colour = self.is_interactive and _wants_colour()
        unicode = _can_encode(stream, "█░✓✗")
        self.running = "█" if unicode else "#"
        """A cell of a bar in which a function runs."""
        self.waiting = "░" if unicode else "."
        """A cell of a bar in which a function waits to be tried again."""
        self.holds = "✓" if unicode else "ok"
        """The mark of a claim that holds."""
        self.broken = "✗" if unicode else "WRONG"
        """The mark of a claim that does not hold."""

    def write(self, line: str = "") -> None:
        """Print a line."""
        print(line, file=self._stream, flush=True)

    def write_wrapped(self, text: str) -> None:
        """Print a paragraph, indented."""
        lines = textwrap.wrap(
            text,
            self.width,
            initial_indent="  ",
            subsequent_indent="  ",
            break_on_hyphens=False,
        )
        self.write("\n".join(lines))

    def write_progress(self, text: str) -> None:
        """Print a line that the next such line replaces; nothing where nobody watches."""
        if self.is_interactive:
            print(f"\r  {text:<{self.width - 4}}\r", end="", file=self._stream, flush=True)

    def paint(self, text: str, colour: Colour | None) -> str:
        """Colour the text, if there is a colour and the terminal shows it."""
        if colour is None or not self._has_colour:
            return text
        return f"\033[{_CODES[colour]}m{text}\033[0m"


def _can_encode(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _wants_colour() -> bool:
    """What https://no-color.org asks for; and the old console of Windows knows no colours."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.platform != "win32" or "WT_SESSION" in os.environ
