"""Numbers in sentences."""


def counted(number: int, thing: str) -> str:
    """The number with its noun, which is in the plural unless there is just one."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
