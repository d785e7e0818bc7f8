"""The shop's SQLite file: made before the first order, read after each run by nobody but us."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

SCHEMA = """
    PRAGMA journal_mode = WAL;
    CREATE TABLE stock (item TEXT PRIMARY KEY, available INTEGER NOT NULL CHECK (available >= 0));
    CREATE TABLE orders (
        number INTEGER PRIMARY KEY,
        customer TEXT NOT NULL,
        item TEXT NOT NULL REFERENCES stock (item),
        quantity INTEGER NOT NULL CHECK (quantity > 0),
        cents INTEGER NOT NULL
    );
"""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in the file: the numbers of the orders, what they come to, and the lamps in stock."""

    orders: list[int]
    sold: int
    cents: int
    in_stock: int


def create_database(path: Path, lamps: int) -> None:
    """Make the file, with nothing but lamps in stock."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
        connection.execute("INSERT INTO stock VALUES ('lamp', ?)", (lamps,))
        connection.commit()


def read_database(path: Path) -> Contents:
    """Read the file over a connection of its own, which sees committed rows only."""
    with closing(sqlite3.connect(path)) as connection:
        orders = [row[0] for row in connection.execute("SELECT number FROM orders ORDER BY number")]
        sold, cents = connection.execute(
            "SELECT coalesce(sum(quantity), 0), coalesce(sum(cents), 0) FROM orders"
        ).fetchone()
        (in_stock,) = connection.execute("SELECT sum(available) FROM stock").fetchone()
    return Contents(orders, sold, cents, in_stock)


def check_integrity(path: Path) -> str:
    """SQLite's own verdict on the file: `ok`, or what is wrong with it."""
    with closing(sqlite3.connect(path)) as connection:
        (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
    return str(verdict)
