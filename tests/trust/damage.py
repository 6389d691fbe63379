"""Damaged databases: never a panic or a hang, what can be read is read, and `salvage` saves it."""

from __future__ import annotations

import json
import os
import pathlib
import random
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from attack import Trial, attack
from client import CARD, Client
import zstandard
from program import Hang, Home, Run, unpacked

PAGE = 4096
TOKENS = 160
# Few enough that SQLite has not written the WAL back by then.
TOKENS_IN_WAL = 24
WAL_PAGES = 1000


@dataclass
class Model:
    """A sound folder, what is in it, and where in the database it is."""

    home: Home
    # As the file's head has it.
    version: bytes
    # The token of an entry, by the entry's number and that of the call that made it.
    tokens: dict[tuple[int, int], str]

    def damaged(self, damage: Callable[["Home"], str], home: Home) -> str:
        shutil.copytree(self.home.data, home.data, symlinks=True)
        return damage(home)


def filled(home: Home, is_killed: bool) -> Model:
    """Tokens, used ones too, with notes and tags; a killed one leaves its last calls in the WAL."""
    server = home.serve()
    with Client(server.port) as client:
        tokens = [client.post("/v1/tokens", CARD).id for _ in range(TOKENS_IN_WAL if is_killed else TOKENS)]
        for token in tokens[::3]:
            client.post("/v1/charges", {"amount": "2000", "currency": "usd", "source": token})
        for number in range(5):
            client.post("/v1/customers", {"email": f"test+{number}@example.com"})
    for token in tokens[:3]:
        home.run("tag", token, "smoke")
        home.run("note", token, "for the refund")
    if is_killed:
        # A note that is changed empties the WAL: the calls after it are the ones in there.
        with Client(server.port) as client:
            for number in range(20):
                client.post("/v1/customers", {"email": f"late+{number}@example.com"})
        server.kill()
        assert home.wal.stat().st_size < WAL_PAGES * PAGE, "the calls are in the WAL, and nowhere else"
    else:
        server.stop()
        home.run("history")
    database = sqlite3.connect(f"file:{home.database}?mode=ro", uri=True)
    rows = database.execute(
        "SELECT entries.id, exchanges.id, token_id FROM entries"
        " JOIN exchanges ON exchanges.entry = entries.id AND is_creation = 1"
    ).fetchall()
    database.close()
    assert len(rows) == len(tokens)
    return Model(home, home.database.read_bytes()[60:64], {(entry, exchange): token for entry, exchange, token in rows})


def readable(model: Model, home: Home) -> set[str]:
    """The tokens whose rows another reader of SQLite gets out, one by one."""
    copy = home.beside("for-the-other-reader")
    shutil.copytree(home.data, copy, symlinks=True)
    found = set()
    try:
        database = sqlite3.connect(copy / home.database.name)
        for (entry, exchange), token in model.tokens.items():
            try:
                row = database.execute(
                    "SELECT token_id, status FROM entries WHERE id = ? AND target = 'local' AND typeof(started_ms) = 'integer'"
                    " AND abs(started_ms) < 1e14",
                    (entry,),
                ).fetchone()
                call = database.execute("SELECT packed FROM exchanges WHERE id = ?", (exchange,)).fetchone()
                params, headers, answer_headers, _, body = unpacked(call[0]).split(b"\n", 4)
                lists = [json.loads(part) for part in (params, headers, answer_headers)]
                if row == (token, row[1]) and json.loads(body)["id"] == token and all(lists):
                    found.add(token)
            except (
                sqlite3.Error, zstandard.ZstdError, ValueError, TypeError, KeyError, IndexError, UnicodeDecodeError,
                OverflowError,
            ):
                continue
        database.close()
    except sqlite3.Error:
        pass
    shutil.rmtree(copy)
    return found


def flip(path: pathlib.Path, rng: random.Random, start: int, end: int, count: int) -> str:
    data = bytearray(path.read_bytes())
    places = [rng.randrange(start, min(end, len(data))) for _ in range(count)]
    for place in places:
        data[place] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    return f"bits flipped in {path.name} at {places}"


def overwrite_page(path: pathlib.Path, rng: random.Random) -> str:
    data = bytearray(path.read_bytes())
    number = rng.randrange(1, len(data) // PAGE)
    filler = rng.choice(["zeros", "noise", "another page"])
    other = rng.randrange(0, len(data) // PAGE) * PAGE
    new = {"zeros": bytes(PAGE), "noise": rng.randbytes(PAGE), "another page": bytes(data[other : other + PAGE])}[filler]
    data[number * PAGE : (number + 1) * PAGE] = new
    path.write_bytes(data)
    return f"page {number + 1} of {path.name} is {filler}"


def cut(path: pathlib.Path, rng: random.Random) -> str:
    size = path.stat().st_size
    # An empty database without a WAL is a new one.
    length = rng.choice([1, 15, 16, 99, 100, 511, PAGE - 1, PAGE, PAGE + 1, size // 2, size - PAGE, size - 1])
    os.truncate(path, length)
    return f"{path.name} cut to {length} of {size} bytes"


def one_damage(rng: random.Random, nth: int, has_wal: bool) -> Callable[[Home], str]:
    """The kinds in turn, so that few rounds meet all."""

    def damage(home: Home) -> str:
        main, wal = home.database, home.wal
        kinds: list[Callable[[], str]] = [
            lambda: cut(main, rng),
            lambda: flip(main, rng, 0, 100, rng.randint(1, 3)),
            lambda: overwrite_page(main, rng),
            lambda: flip(main, rng, 100, 1 << 40, rng.randint(1, 40)),
            lambda: flip(main, rng, 100, PAGE, rng.randint(1, 3)),
            lambda: "; ".join(overwrite_page(main, rng) for _ in range(4)),
        ]
        if has_wal:
            kinds = [
                lambda: cut(wal, rng),
                lambda: flip(wal, rng, 0, 32, rng.randint(1, 3)),
                lambda: flip(wal, rng, 32, 1 << 40, rng.randint(1, 20)),
                lambda: overwrite_page(wal, rng),
                lambda: flip(main, rng, 0, 100, 1) if main.stat().st_size else "nothing",
            ]
        return kinds[nth % len(kinds)]()

    return damage


def is_anothers(home: Home, model: Model) -> bool:
    """Whether the file says that another program, or another version of this one, has written it: only `salvage` goes on then."""
    head = home.database.read_bytes()[:100]
    return len(head) == 100 and (head[68:72] != b"TCRD" or head[60:64] != model.version)


def check_damaged(trial: Trial, model: Model, home: Home, sent: str) -> None:
    can_be_read = readable(model, home)
    before = {path: data for path, data in home.files().items() if path.parent == home.data}

    salvaged = home.beside("salvaged")
    run = home.run("salvage", str(home.data), "--to", str(salvaged / "data"))
    is_done = run.code in (0, 4) and run.ended_well
    trial.expect(is_done, "salvage to end with 0 or 4", f"salvage: {sent}", run.told())
    after = {path: data for path, data in home.files().items() if path.parent == home.data}
    trial.expect(before == after, "salvage to change nothing of the damaged folder", sent, sorted(p.name for p in after))
    if can_be_read and is_done:
        kept = tokens_of(home.run("history", "--format", "json", "--limit", "100000", more={"TESTCARD_HOME": str(salvaged)}))
        trial.expect(
            kept is not None and can_be_read <= kept, "salvage to save what can be read", sent,
            f"{len(kept & can_be_read) if kept is not None else 'none'} of {len(can_be_read)}; {run.told()}",
        )

    if is_anothers(home, model):
        can_be_read = set()
    run = home.run("history", "--format", "json", "--limit", "100000")
    check_read(trial, run, tokens_of(run), can_be_read, model, f"history --format json: {sent}")
    run = home.run("history", "--limit", "100000")
    trial.expect(run.ended_well and run.code in (0, 4), "exit 0 or 4 and no panic", f"history: {sent}", run.told())
    target = home.beside("export.json")
    run = home.run("export", str(target))
    exported = tokens_of_export(trial, target, sent)
    check_read(trial, run, exported, can_be_read, model, f"export: {sent}")
    for args in (["token", next(iter(model.tokens.values()))], ["history", "--search", "smoke"], ["snippet"], ["mint"]):
        run = home.run(*args)
        trial.expect(run.ended_well, "no panic of any command", f"{args[0]}: {sent}", run.told())
    check_server(trial, home, sent)


def tokens_of(run: Run) -> set[str] | None:
    try:
        return {entry["token"] for entry in json.loads(run.out)}
    except ValueError:
        return None


def tokens_of_export(trial: Trial, target: pathlib.Path, sent: str) -> set[str] | None:
    if not target.exists():
        return None
    try:
        return {entry["token"] for entry in json.loads(target.read_bytes())["entries"]}
    except ValueError as error:
        trial.expect(False, "an export that is JSON", sent, error)
        return None


def check_read(trial: Trial, run: Run, found: set[str] | None, can_be_read: set[str], model: Model, sent: str) -> None:
    if not trial.expect(run.ended_well and run.code in (0, 4), "exit 0 or 4 and no panic", sent, run.told()):
        return
    came = f"{len(found & can_be_read) if found is not None else 'none'} of {len(can_be_read)}; {run.told()}"
    trial.expect(not can_be_read or (found is not None and can_be_read <= found), "all that can be read", sent, came)
    # What stands behind damage in a WAL was never written, as far as SQLite can tell; and a page that is whole, but
    # another one, has nothing by which its rows could be missed.
    is_silent = "-wal" in sent or "is another page" in sent
    is_whole = is_silent or (found is not None and set(model.tokens.values()) <= found)
    trial.expect(is_whole or run.code == 4, "exit 4 where something is missing", sent, run.told())
    trial.expect(run.code == 0 or run.err.strip() != b"", "what cannot be read, named on stderr", sent, run.told())


def check_server(trial: Trial, home: Home, sent: str) -> None:
    try:
        server = home.serve()
    except Hang as refused:
        text = str(refused)
        is_told = "ended with 4" in text and "panicked" not in text
        trial.expect(is_told, "a server that starts, or ends with 4", f"serve: {sent}", text)
        return
    with Client(server.port) as client:
        answer = client.call("GET", "/_testcard/requests?limit=1000", key=server.control)
        trial.expect(answer.status in (200, 500), "200 or 500 for the request log", f"serve: {sent}", answer.told())
        for _ in range(3):
            answer = client.post("/v1/tokens", CARD)
            trial.expect(answer.status in (200, 500), "200 or 500 for a token", f"serve: {sent}", answer.told())
    trial.expect(server.is_alive and not server.panicked, "no panic of the server", f"serve: {sent}", server.errors()[-300:])
    server.kill()


@attack("damaged databases: cut, bits flipped, pages lost", quick=24, full=120)
def damaged_file(trial: Trial) -> None:
    damaged(trial, has_wal=False)


@attack("damaged WAL of a killed server", quick=10, full=60)
def damaged_wal(trial: Trial) -> None:
    damaged(trial, has_wal=True)


def damaged(trial: Trial, has_wal: bool) -> None:
    with Home() as sound:
        model = filled(sound, is_killed=has_wal)
        assert sound.wal.exists() or not has_wal, "a WAL is left"

        def once(nth: int) -> None:
            with Home() as home:
                sent = model.damaged(one_damage(trial.random, nth, has_wal), home)
                check_damaged(trial, model, home, sent)

        trial.repeat(once)


# One row each that no program writes: what goes on behind it is still read.
GARBAGE = [
    "UPDATE entries SET status = 'sleeping' WHERE id = 7",
    "UPDATE entries SET target = 'moon' WHERE id = 7",
    "UPDATE entries SET tags = '[broken' WHERE id = 7",
    "UPDATE entries SET tags = '{\"a\": 1}' WHERE id = 7",
    "UPDATE entries SET expects = 'no JSON', judgement = '[]' WHERE id = 7",
    "UPDATE entries SET started_ms = 9223372036854775807 WHERE id = 7",
    "UPDATE entries SET took_micros = -5, revision = -1 WHERE id = 7",
    "UPDATE exchanges SET packed = x'00' WHERE id = 7",
    "UPDATE exchanges SET packed = x'01ff00ff' WHERE id = 7",
    "UPDATE exchanges SET packed = x'' WHERE id = 7",
    "UPDATE exchanges SET packed = NULL, params = 'no JSON' WHERE id = 7",
    "UPDATE exchanges SET packed = NULL, params = '[[1,2,3,4]]', headers = '[[]]' WHERE id = 7",
    "UPDATE exchanges SET packed = NULL, answer_headers = '{' WHERE id = 7",
    "UPDATE exchanges SET record = x'00', token = 7 WHERE id = 7",
    "UPDATE entries SET token_call = 9 WHERE id = 7",
    "INSERT INTO key_runs (newest_ms, newest_call, keys) VALUES (9223372036854775807, 7, x'0102')",
    "INSERT INTO key_blocks (newest_ms, keys) VALUES (-7, x'010203')",
    "UPDATE worlds SET void = -7, tokens = -7",
    "UPDATE exchanges SET method = 'BREW' WHERE id = 7",
    "UPDATE exchanges SET packed = NULL, answer_body = x'00ff00ff' WHERE id = 7",
    "UPDATE exchanges SET packed = NULL, answer_body = x'6e756c6c' WHERE id = 7",
    "UPDATE exchanges SET packed = NULL, http_status = NULL WHERE id = 7",
    "UPDATE exchanges SET http_status = 99999999 WHERE id = 7",
    "UPDATE exchanges SET is_creation = 0 WHERE id = 7",
    "DELETE FROM exchanges WHERE id = 7",
    "UPDATE objects SET body = 'no JSON', state = '[', packed = NULL WHERE position = 7",
    "UPDATE objects SET packed = x'0200' WHERE position = 7",
    "UPDATE counters SET value = -9223372036854775807",
    "DELETE FROM counts",
]


@attack("rows that no program writes", quick=len(GARBAGE), full=len(GARBAGE))
def garbage_rows(trial: Trial) -> None:
    with Home() as sound:
        model = filled(sound, is_killed=False)
        others = {token for (entry, exchange), token in model.tokens.items() if entry != 7 and exchange != 7}
        for statement in GARBAGE:
            with trial.round(), Home() as home:
                shutil.copytree(sound.data, home.data)
                database = sqlite3.connect(home.database)
                with database:
                    database.execute("PRAGMA foreign_keys = OFF")
                    database.execute(statement)
                database.close()
                for args in (["history", "--format", "json", "--limit", "10000"], ["history", "--format", "jsonl", "--limit", "10000"]):
                    run = home.run(*args)
                    found = {token for token in others if token.encode() in run.out}
                    came = f"{len(found)} of {len(others)}; {run.told()}"
                    trial.expect(run.code in (0, 4) and run.ended_well, "exit 0 or 4", f"{args[2]}: {statement}", run.told())
                    trial.expect(found == others, "all other entries", f"{args[2]}: {statement}", came)
                target = home.beside("export.json")
                run = home.run("export", str(target))
                exported = tokens_of_export(trial, target, statement) or set()
                trial.expect(others <= exported, "all other entries", f"export: {statement}", f"{len(exported)}; {run.told()}")
                check_server(trial, home, statement)


def dangling(path: pathlib.Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


@attack("a database that is gone, beside a WAL with its calls", quick=4, full=4)
def gone_beside_wal(trial: Trial) -> None:
    ways: dict[str, Callable[[pathlib.Path], None]] = {
        "missing": pathlib.Path.unlink,
        "empty": lambda path: os.truncate(path, 0),
        "one byte": lambda path: os.truncate(path, 1),
        "a dangling link": dangling,
    }
    with Home() as sound:
        filled(sound, is_killed=True)
        for way, damage in ways.items():
            with trial.round(), Home() as home:
                shutil.copytree(sound.data, home.data)
                damage(home.database)
                wal = home.wal.read_bytes()
                for args in (["history"], ["mint"], ["export", str(home.beside("export.json"))]):
                    run = home.run(*args)
                    sent = f"{args[0]} with the database {way} and a WAL of {len(wal)} bytes"
                    trial.expect(run.code == 4 and run.ended_well, "exit 4, for this is no new folder", sent, run.told())
                    is_there = home.wal.exists() and home.wal.read_bytes() == wal
                    trial.expect(is_there, "the WAL untouched", sent, "gone or changed")
                trial.expect(not home.database.exists() or way in ("empty", "one byte"), "no new database", way, "one was made")
