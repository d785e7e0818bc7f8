"""What the demo claims. Each claim is checked as it is printed, and all decide the exit code."""

from sdax._demo.terminal import Terminal


class Claims:
    """Prints claims, each with a mark that says whether it holds."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self.checked = 0
        self.broken = 0

    def check(self, text: str, *, found: object, expected: object) -> None:
        """Claim `text`, which holds if what was found is what was expected."""
        self.checked += 1
        if found == expected:
            mark = self._terminal.paint(self._terminal.holds, "green")
            self._terminal.write(f"  {mark} {text}")
        else:
            self.broken += 1
            mark = self._terminal.paint(self._terminal.broken, "red")
            self._terminal.write(f"  {mark} {text}")
            self._terminal.write(f"      expected {expected!r}")
            self._terminal.write(f"      found    {found!r}")
