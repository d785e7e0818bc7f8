"""A PostgreSQL server of our own: a fresh cluster in a temporary folder, reached through a socket in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

_SECONDS = 60


@contextmanager
def private_postgres() -> Generator[str]:
    """Start a server, and give the folder of its socket; skips the test where that cannot be."""
    binaries = _binaries()
    # It refuses to be run by root, who may become somebody else.
    user = _somebody_else() if os.name == "posix" and os.geteuid() == 0 else None
    # Not pytest's own folder: the path of a socket must be short.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        if user is not None:
            shutil.chown(folder, user)

        def call(program: str, *arguments: str) -> None:
            subprocess.run(
                [binaries / program, "-D", folder / "data", *arguments],
                check=True,
                timeout=_SECONDS,
                stdout=subprocess.DEVNULL,
                user=user,
                cwd=folder,
            )

        call("initdb", "--username=sdax", "--auth=trust", "--no-sync")
        options = f"-k {folder} -c listen_addresses= -c fsync=off"
        call("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield str(folder)
        finally:
            call("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _binaries() -> Path:
    """Debian keeps them out of the PATH."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    pytest.skip("PostgreSQL is not installed here (Debian: apt-get install postgresql)")


def _somebody_else() -> str:
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in known:
            return name
    pytest.skip("PostgreSQL refuses to be run by root, and there is no other user here")
