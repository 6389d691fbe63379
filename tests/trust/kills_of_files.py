"""The program is killed while it makes, migrates, exports or saves its files."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import time

from attack import Trial, attack
from program import Hang, Home, wait_for

MIGRATIONS = pathlib.Path(__file__).parents[2] / "src" / "store" / "migrations"
APPLICATION_ID = 0x54435244
HEADER = b"SQLite format 3\0"
BACKUPS_KEPT = 3


def kill_after(child: subprocess.Popen[bytes], seconds: float, how: signal.Signals = signal.SIGKILL) -> int:
    """Sends the signal at that moment of the program's life, if it still lives; gives its exit status."""
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.send_signal(how)
    try:
        return child.wait(30)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        raise Hang(f"{child.args} did not end after {how.name}") from None


@attack("kill -9 of the first start", quick=12, full=80)
def first_start(trial: Trial) -> None:
    def once(_: int) -> None:
        with Home() as home:
            for _ in range(trial.random.randint(1, 4)):
                command = trial.random.choice([["mint"], ["serve", "--listen", "127.0.0.1:0"], ["history"]])
                kill_after(home.start(*command), trial.random.uniform(0, 0.025))
            run = home.run("mint")
            trial.expect(run.code == 0, "a start after killed starts", "mint", run.told())
            run = home.run("history", "--format", "json")
            token_is_there = run.code == 0 and any(entry["token"] for entry in json.loads(run.out))
            trial.expect(token_is_there, "the history with the token", "history", run.told())

    trial.repeat(once)


def old_database(path: pathlib.Path, version: int, entries: int) -> list[str]:
    """A database as a program of that version left it; gives its tokens."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = sqlite3.connect(path)
    with database:
        for number in range(1, version + 1):
            database.executescript((MIGRATIONS / f"{number}.sql").read_text())
        database.execute("INSERT INTO meta VALUES ('workspace_secret', ?)", (bytes(range(32)),))
        database.execute("INSERT INTO meta VALUES ('created', ?)", (b"2026-01-01T00:00:00.000Z",))
        tokens = [f"tok_1{number:023}" for number in range(entries)]
        for number, token in enumerate(tokens, 1):
            body = json.dumps({"id": token, "object": "token", "card": {"brand": "Visa", "last4": "4242"}, "used": False})
            database.execute(
                "INSERT INTO entries (status, target, token_id, brand, last4, started_ms, revision, haystack)"
                " VALUES ('unused', 'local', ?, 'Visa', '4242', ?, ?, ?)",
                (token, 1_790_000_000_000 + number, number, f"{token}\n4242\nvisa"),
            )
            database.execute(
                "INSERT INTO exchanges (entry, is_creation, target, started_ms, took_micros, method, path, params,"
                " headers, http_status, answer_headers, answer_body)"
                " VALUES (?, 1, 'local', ?, 100, 'POST', '/v1/tokens', '[[\"card[number]\",\"4242424242424242\"]]',"
                " '[]', 200, '[]', ?)",
                (number, 1_790_000_000_000 + number, body.encode()),
            )
            database.execute(
                "INSERT INTO objects (kind, id, created, body, state) VALUES ('token', ?, 1790000000, ?, '{}')", (token, body)
            )
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {version}")
    database.execute("PRAGMA journal_mode = WAL")
    database.close()
    os.chmod(path, 0o600)
    return tokens


def own_version(path: pathlib.Path) -> int:
    return int.from_bytes(path.read_bytes()[60:64], "big")


def backups(home: Home) -> list[pathlib.Path]:
    """What else in the data folder is a database; a copy that was killed midway goes a day later."""
    found = [path for path in home.root.rglob("*") if path.is_file() and path != home.database and path.suffix != ".partial"]
    return [path for path in found if path.read_bytes()[:16] == HEADER]


@attack("kill -9 of a migration, from every older version", quick=1, full=4)
def migration(trial: Trial) -> None:
    with Home() as newest:
        newest.mint()
        latest = own_version(newest.database)
    for version in range(1, latest):
        with Home() as model:
            tokens = old_database(model.database, version, 4000)
            for _ in range(trial.planned * 2):
                with trial.round(), Home() as home:
                    shutil.copytree(model.data, home.data)
                    for _ in range(trial.random.randint(1, 3)):
                        kill_after(home.start("history"), trial.random.uniform(0.001, 0.08))
                    check_migrated(trial, home, version, tokens)


def check_migrated(trial: Trial, home: Home, version: int, tokens: list[str]) -> None:
    sent = f"history, killed, of a database of version {version}"
    run = home.run("mint")
    trial.expect(run.code == 0, "a start after a killed migration", sent, run.told())
    found = {entry["token"] for entry in home.history()}
    trial.expect(set(tokens) <= found, "every entry of before", sent, f"{len(found & set(tokens))} of {len(tokens)}")
    kept = backups(home)
    versions = [own_version(path) for path in kept]
    trial.expect(version in versions, "a backup of before the migration", sent, f"databases of versions {versions} beside it")
    trial.expect(len(kept) <= BACKUPS_KEPT, "three backups at most", sent, [path.name for path in kept])
    for path in kept:
        sound = sqlite3.connect(f"file:{path}?mode=ro", uri=True).execute("PRAGMA quick_check").fetchone()[0]
        trial.expect(sound == "ok", "backups that are whole", sent, f"{path.name}: {sound}")
        mode = path.stat().st_mode & 0o777
        trial.expect(mode == 0o600, "backups of mode 0600", sent, f"{path.name}: {mode:o}")


@attack("kill -9 and Ctrl+C of an export", quick=10, full=40)
def export(trial: Trial) -> None:
    with Home() as home:
        old_database(home.database, 4, 6000)
        home.run("history")
        started = time.monotonic()
        # How long one takes here: the signals are to come in its middle.
        assert home.run("export", str(home.beside("whole.json"))).code == 0
        whole = time.monotonic() - started
        trial.repeat(lambda nth: one_export(trial, home, nth, whole))


def one_export(trial: Trial, home: Home, nth: int, whole: float) -> None:
    folder = home.beside(f"export-{nth}")
    folder.mkdir()
    target = folder / "tokens.json"
    is_forced = trial.random.random() < 0.5
    if is_forced:
        target.write_text("old")
    how = trial.random.choice([signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
    sent = f"export {'--force ' if is_forced else ''}ended by {how.name}"
    child = home.start("export", str(target), *(["--force"] if is_forced else []))
    status = kill_after(child, trial.random.uniform(0.3, 0.9) * whole, how)
    if how != signal.SIGKILL:
        left = sorted(path.name for path in folder.iterdir())
        trial.expect(left in ([], ["tokens.json"]), "no temporary file after an interrupt", sent, left)
    if target.exists():
        text = target.read_text()
        if not (is_forced and text == "old"):
            # Each round ends with a new token.
            count = len(json.loads(text)["entries"])
            trial.expect(count == 6000 + nth, "all of an export or nothing", sent, f"{count} of {6000 + nth} entries")
    else:
        trial.expect(not is_forced, "the old file while the new one is not whole", sent, "no file")
        trial.expect(status != 0, "an exit status that is not 0 without a file", sent, status)
    run = home.run("mint")
    left = sorted(path.name for path in folder.iterdir())
    trial.expect(left in ([], ["tokens.json"]), "temporary files of killed exports to be gone after the next start", sent, left)
    trial.expect(run.code == 0, "a start after an interrupted export", sent, run.told())


class Display:
    """A screen that nobody sees, for the window."""

    def __enter__(self) -> "Display":
        reading, writing = os.pipe()
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "+extension", "GLX"],
            pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        with os.fdopen(reading) as number:
            self.name = f":{number.readline().strip()}"
        if self.name == ":":
            raise Hang("Xvfb did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self.server.kill()
        self.server.wait()

    def environment(self) -> dict[str, str]:
        return {"DISPLAY": self.name, "LIBGL_ALWAYS_SOFTWARE": "1"}

    def xdotool(self, *args: str) -> str:
        told = subprocess.run(
            ["xdotool", *args], env={**os.environ, "DISPLAY": self.name}, capture_output=True, text=True, timeout=30
        )
        return told.stdout.strip()

    def has_focus_given(self, name: str) -> bool:
        """Hands the keyboard to the window of that name, if it is there already."""
        found = self.xdotool("search", "--name", name).split()
        if not found:
            return False
        self.xdotool("windowfocus", found[-1])
        return self.xdotool("getwindowfocus") == found[-1]


@attack("kill -9 of the window while it saves settings and draft", quick=2, full=10)
def window(trial: Trial) -> None:
    with Display() as display, Home() as home:
        settings = home.root / "config" / "settings.json"

        def once(_: int) -> None:
            with open(home.beside("window"), "wb") as log:
                child = home.start("-v", more=display.environment(), stderr=log)
            try:
                wait_for(lambda: b"first frame drawn" in home.beside("window").read_bytes(), "the window's first frame")
                wait_for(lambda: display.has_focus_given("Testcard"), "the focus on the window")
                before = settings.stat().st_mtime_ns if settings.exists() else 0

                def is_saved() -> bool:
                    display.xdotool("key", "ctrl+minus" if trial.random.random() < 0.5 else "ctrl+equal")
                    return settings.exists() and settings.stat().st_mtime_ns != before

                wait_for(is_saved, "settings that are saved")
                # The zoom is a setting, what is typed is the draft.
                for _ in range(trial.random.randint(2, 8)):
                    display.xdotool("key", trial.random.choice(["ctrl+equal", "ctrl+minus"]))
                    display.xdotool("type", "--delay", "1", trial.random.choice(["4242", "Jenny", "12"]))
            finally:
                child.kill()
                child.wait()
            check_settings(trial, home)

        trial.repeat(once)


def check_settings(trial: Trial, home: Home) -> None:
    sent = "Ctrl+= and Ctrl+-, typed, then kill -9"
    for path in (home.root / "config").glob("*.json"):
        try:
            json.loads(path.read_bytes())
        except ValueError as error:
            trial.expect(False, "a whole file, the old one or the new one", f"{sent}: {path.name}", str(error))
    run = home.run("mint")
    trial.expect(run.code == 0 and b"settings" not in run.err, "a start that can read its settings", sent, run.told())
    left = [path.name for path in (home.root / "config").iterdir() if path.suffix != ".json" and path.stat().st_size > 0]
    trial.expect(len(left) <= 1, "no temporary files of killed writes for ever", sent, left)
