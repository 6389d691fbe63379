"""The program as another process: a home of its own, its command line, its server."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

import zstandard

PROGRAM = os.environ["TESTCARD_PROGRAM"]
KEY = "sk_test_trustHarness0123456789"
# How long anything may take before it counts as a hang.
PATIENCE = 30.0
EXIT_CODES = (0, 1, 2, 3, 4)
# Where `std` and the panic hook of the program speak of a panic.
PANIC_WORDS = (b"panicked at", b"RUST_BACKTRACE", b"stack overflow", b"memory allocation of")


class Hang(Exception):
    """Something did not end."""


@dataclass(frozen=True)
class Run:
    """A command that has ended."""

    args: tuple[str, ...]
    code: int
    out: bytes
    err: bytes

    @property
    def ended_well(self) -> bool:
        """By an exit status that the program documents, and without a panic."""
        return self.code in EXIT_CODES and not any(word in self.err for word in PANIC_WORDS)

    def told(self) -> str:
        lines = self.err.decode(errors="replace").strip().splitlines() or [""]
        return f"exit {self.code}, stdout {len(self.out)} bytes, stderr {' / '.join(lines[-3:])}"


class Home:
    """A folder for the program, gone at the end of the `with`."""

    def __init__(self, root: pathlib.Path | None = None):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="testcard-trust-"))
        self.root = root or self.scratch / "home"
        self.root.mkdir(mode=0o700, exist_ok=True)
        self.servers: list[Server] = []

    def __enter__(self) -> "Home":
        return self

    def __exit__(self, *_: object) -> None:
        for server in self.servers:
            server.kill()
        shutil.rmtree(self.scratch, ignore_errors=True)

    @property
    def data(self) -> pathlib.Path:
        return self.root / "data"

    @property
    def database(self) -> pathlib.Path:
        return self.data / "testcard.sqlite3"

    @property
    def wal(self) -> pathlib.Path:
        return self.data / "testcard.sqlite3-wal"

    def beside(self, name: str) -> pathlib.Path:
        """A path outside the program's folders."""
        return self.scratch / name

    def environment(self, more: dict[str, str] | None = None) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "NO_PROXY", "no_proxy") if name in os.environ}
        return {**kept, "TESTCARD_HOME": str(self.root), "HOME": str(self.scratch), **(more or {})}

    def start(self, *args: str | bytes, more: dict[str, str] | None = None, **how: object) -> subprocess.Popen[bytes]:
        how.setdefault("stdout", subprocess.DEVNULL)
        how.setdefault("stderr", subprocess.DEVNULL)
        return subprocess.Popen(
            [PROGRAM, *args], env=self.environment(more), stdin=subprocess.DEVNULL, cwd=self.scratch, **how
        )

    def run(self, *args: str | bytes, more: dict[str, str] | None = None, patience: float = PATIENCE, **how: object) -> Run:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = self.start(*args, more=more, stdout=out, stderr=err, **how)
            try:
                child.wait(patience)
            except subprocess.TimeoutExpired:
                raise Hang(f"{shown(args)} did not end in {patience} s") from None
            finally:
                child.kill()
                child.wait()
            out.seek(0)
            err.seek(0)
            return Run(tuple(shown(args).split()), child.returncode, out.read(), err.read())

    def mint(self, count: int = 1) -> list[str]:
        run = self.run("mint", "--count", str(count))
        assert run.code == 0, run.told()
        return run.out.decode().split()

    def history(self) -> list[dict]:
        run = self.run("history", "--format", "json", "--limit", "1000000")
        assert run.code == 0, run.told()
        return json.loads(run.out)

    def serve(self, *args: str, **how: object) -> "Server":
        server = Server(self, args, **how)
        self.servers.append(server)
        return server

    def files(self) -> dict[pathlib.Path, bytes]:
        return {path: path.read_bytes() for path in sorted(self.root.rglob("*")) if path.is_file()}

    def packed(self) -> bytes:
        """All that is packed in the database, as it was before."""
        # Of a copy, for SQLite makes files beside what it opens.
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / self.database.name
            shutil.copy(self.database, copy)
            if self.wal.exists():
                shutil.copy(self.wal, copy.with_name(self.wal.name))
            database = sqlite3.connect(copy)
            query = "SELECT packed FROM {} WHERE packed IS NOT NULL"
            rows = [row for table in ("exchanges", "objects") for row in database.execute(query.format(table))]
            database.close()
        return b"\n".join(unpacked(blob) for (blob,) in rows)


# By their version, the first byte of what was packed with them.
DICTIONARIES = [
    zstandard.ZstdCompressionDict((pathlib.Path(__file__).parents[2] / "assets" / f"calls-{version}.dict").read_bytes())
    for version in [1, 2]
]


def unpacked(packed: bytes) -> bytes:
    """The lists and the body of a call, or an object, as they were before they were packed."""
    dictionary = DICTIONARIES[packed[0] - 1]
    return zstandard.ZstdDecompressor(dict_data=dictionary).decompress(packed[1:], max_output_size=1 << 28)


def shown(args: tuple[str | bytes, ...]) -> str:
    return " ".join(arg.decode(errors="replace") if isinstance(arg, bytes) else arg for arg in args)


class Server:
    """`testcard serve` on a free port."""

    def __init__(self, home: Home, args: tuple[str, ...] = (), more: dict[str, str] | None = None, **how: object):
        number = len(home.servers)
        self.said, self.log = home.beside(f"said-{number}"), home.beside(f"log-{number}")
        with open(self.said, "wb") as out, open(self.log, "wb") as err:
            self.child = home.start("serve", "--listen", "127.0.0.1:0", *args, more=more, stdout=out, stderr=err, **how)
        try:
            wait_for(lambda: b"control token" in self.said.read_bytes() or self.child.poll() is not None, "a start")
            if self.child.poll() is not None:
                raise Hang(f"serve ended with {self.child.returncode}: {self.log.read_bytes()[-300:]!r}")
        except BaseException:
            self.kill()
            raise
        lines = self.said.read_text().splitlines()
        self.port = int(lines[0].rsplit(":", 1)[1])
        self.control = lines[1].rsplit(" ", 1)[1]

    @property
    def is_alive(self) -> bool:
        return self.child.poll() is None

    @property
    def resident_mb(self) -> float:
        return self.memory("VmRSS")

    @property
    def peak_mb(self) -> float:
        return self.memory("VmHWM")

    def memory(self, name: str) -> float:
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return int(status.split(f"{name}:")[1].split()[0]) / 1024

    def kill(self) -> None:
        """As a crash ends it. Only its own process: it starts none."""
        if self.is_alive:
            self.child.kill()
        self.child.wait()

    def stop(self) -> int:
        """As Ctrl+C of a service manager ends it; gives its exit status."""
        self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Hang("the server did not end after SIGTERM") from None

    def errors(self) -> bytes:
        return self.log.read_bytes()

    @property
    def panicked(self) -> bool:
        return any(word in self.errors() for word in PANIC_WORDS)


def wait_for(holds: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Asks until something holds, at most so long."""
    end = time.monotonic() + patience
    while not holds():
        if time.monotonic() > end:
            raise Hang(f"waited {patience} s for {what}")
        time.sleep(0.005)
