"""Folders and files that are not as they should be: moved, replaced, read-only, a pipe, or open to all."""

from __future__ import annotations

import http.server
import json
import os
import pathlib
import shutil
import threading
from collections.abc import Callable

from attack import Trial, attack
from client import CARD, Client
from full_disk import SmallDisk
from program import KEY, Hang, Home

# At once, whatever the machine does beside it.
AT_ONCE = 10.0


def moved(data: pathlib.Path) -> None:
    data.rename(data.with_name("elsewhere"))


def replaced(data: pathlib.Path) -> None:
    data.rename(data.with_name("elsewhere"))
    data.mkdir()


def file_deleted(data: pathlib.Path) -> None:
    for path in data.glob("testcard.sqlite3*"):
        path.unlink()


def file_replaced(data: pathlib.Path) -> None:
    file_deleted(data)
    (data / "testcard.sqlite3").touch()


@attack("a folder that is moved, replaced or deleted under a server", quick=5, full=5)
def gone_under_a_server(trial: Trial) -> None:
    ways: dict[str, Callable[[pathlib.Path], None]] = {
        "moved": moved, "replaced": replaced, "deleted": shutil.rmtree, "its file deleted": file_deleted, "its file replaced": file_replaced,
    }
    for way, change in ways.items():
        with trial.round(), Home() as home:
            server = home.serve()
            with Client(server.port) as client:
                client.post("/v1/tokens", CARD)
                change(home.data)
                answer = client.post("/v1/tokens", CARD)
            sent = f"POST /v1/tokens after the folder was {way}"
            trial.expect(answer.status == 500, "a refusal: nobody would find what is acknowledged", sent, answer.told())
            trial.expect(server.errors() != b"", "the reason on stderr", sent, "nothing")
            trial.expect(server.is_alive and not server.panicked, "a server that lives", sent, server.errors()[-300:])


@attack("a read-only folder: history, export, token, cards, snippet", quick=2, full=4)
def read_only(trial: Trial) -> None:
    def once(nth: int) -> None:
        with Home() as outer, SmallDisk(outer.beside("disk")) as disk:
            disk.grow()
            with Home(disk.folder / "home") as home:
                if nth % 2:
                    # Its last calls are in the WAL alone.
                    server = home.serve()
                    with Client(server.port) as client:
                        tokens = [client.post("/v1/tokens", CARD).id for _ in range(5)]
                    server.kill()
                else:
                    tokens = home.mint(5)
                disk.mount("-o", "remount,ro")
                try:
                    check_read_only(trial, home, tokens, "the calls in its WAL" if nth % 2 else "no WAL")
                finally:
                    disk.mount("-o", "remount,rw")

    trial.repeat(once)


def check_read_only(trial: Trial, home: Home, tokens: list[str], what: str) -> None:
    sent = f"a read-only folder with {what}"
    run = home.run("history", "--format", "json")
    found = {entry["token"] for entry in json.loads(run.out or b"[]")}
    trial.expect(run.code == 0 and set(tokens) <= found, "the whole history", f"history: {sent}", run.told())
    export = home.beside("export.json")
    run = home.run("export", str(export))
    is_whole = export.exists() and len(json.loads(export.read_bytes())["entries"]) == len(tokens)
    trial.expect(run.code == 0 and is_whole, "a whole export", f"export: {sent}", run.told())
    run = home.run("token", tokens[0])
    trial.expect(run.code == 0 and b"unused" in run.out, "what is known of a token", f"token: {sent}", run.told())
    for args in (["cards", "declined"], ["snippet", tokens[0]], ["paths"]):
        run = home.run(*args)
        trial.expect(run.code == 0, "exit 0", f"{args[0]}: {sent}", run.told())
    run = home.run("mint")
    trial.expect(run.code == 4 and run.ended_well, "exit 4 of what must write", f"mint: {sent}", run.told())


@attack("a pipe, a device or a huge file in the place of a file", quick=1, full=1)
def not_a_file(trial: Trial) -> None:
    ways: dict[str, Callable[[pathlib.Path], None]] = {
        "a pipe": os.mkfifo,
        "a device that never ends": lambda path: path.symlink_to("/dev/zero"),
        "a folder": pathlib.Path.mkdir,
        "10 GB": lambda path: (path.touch(), os.truncate(path, 10 * 1024**3))[0],
    }
    places = ["data/testcard.sqlite3", "data/testcard.sqlite3-wal", "config/settings.json", "config/presets.json"]
    for way, make in ways.items():
        for place in places:
            if way == "10 GB" and place.startswith("data"):
                continue
            with trial.round(), Home() as home:
                home.mint()
                path = home.root / place
                path.parent.mkdir(exist_ok=True)
                path.unlink(missing_ok=True)
                make(path)
                for args in (["mint"], ["history"]):
                    sent = f"{args[0]} with {way} as {place}"
                    try:
                        run = home.run(*args, patience=AT_ONCE)
                    except Hang as hang:
                        trial.expect(False, "an end at once", sent, hang)
                        continue
                    trial.expect(run.ended_well, "no panic", sent, run.told())
                    is_data = place == "data/testcard.sqlite3"
                    trial.expect(not is_data or run.code == 4, "exit 4 where the history is no file", sent, run.told())
                    trial.expect(is_data or run.code == 0 or run.err != b"", "words about it", sent, run.told())


@attack("an export over the program's own files, also through links", quick=1, full=1)
def export_over_own_files(trial: Trial) -> None:
    with Home() as home:
        server = home.serve()
        with Client(server.port) as client:
            client.post("/v1/tokens", CARD)
        (home.root / "config").mkdir(exist_ok=True)
        (home.root / "config" / "settings.json").write_text("{}")
        own = [home.database, home.wal, home.data / "testcard.sqlite3-shm", home.root / "config" / "settings.json"]
        for path in own:
            symbolic, hard, around = home.beside(f"link-{path.name}"), home.beside(f"hard-{path.name}"), home.data / "run" / ".." / path.name
            symbolic.symlink_to(path)
            os.link(path, hard)
            targets = [path, symbolic, hard, around if path.parent == home.data else path]
            for target in targets:
                with trial.round():
                    before = path.read_bytes()[:4096], path.stat().st_ino
                    run = home.run("export", "--force", str(target))
                    sent = f"export --force {target.name} ({path.name})"
                    trial.expect(run.code not in (0,) and run.ended_well, "a refusal", sent, run.told())
                    after = (path.read_bytes()[:4096], path.stat().st_ino) if path.exists() else None
                    trial.expect(after == before, "the file as it was", sent, "it was changed")
        for name in ("new.json", "run/new.json"):
            with trial.round():
                run = home.run("export", str(home.data / name))
                trial.expect(run.code != 0 and not (home.data / name).exists(), "a refusal of a file in the data folder", name, run.told())
    with Home() as home:
        home.mint()
        with trial.round():
            real, link = home.beside("real.json"), home.beside("link.json")
            real.write_text("old")
            link.symlink_to(real)
            run = home.run("export", "--force", str(link))
            is_good = run.code == 0 and link.is_symlink() and real.read_text() != "old"
            trial.expect(is_good, "--force to write to what a link points at", "export --force link.json", run.told())


@attack("modes of files and folders, whatever the umask", quick=3, full=3)
def modes(trial: Trial) -> None:
    for mask in (0o000, 0o022, 0o077):
        with trial.round(), Home() as home:
            # The program makes its own folder too.
            home.root.rmdir()
            server = home.serve("-v", umask=mask)
            with Client(server.port) as client:
                client.post("/v1/tokens", CARD)
            home.run("export", str(home.beside("export.json")), umask=mask)
            found = [path for path in [*home.root.rglob("*"), home.beside("export.json")]]
            wrong = {
                f"{path.name} {path.stat().st_mode & 0o777:o}" for path in found
                if path.stat().st_mode & 0o777 != (0o700 if path.is_dir() else 0o600)
            }
            trial.expect(not wrong, "0700 and 0600", f"serve and export under umask {mask:03o}", sorted(wrong))


class Proxy(http.server.BaseHTTPRequestHandler):
    """Counts whatever wants to leave this machine."""

    seen: list[str] = []

    def refuse(self) -> None:
        type(self).seen.append(self.requestline)
        self.send_error(502)

    do_CONNECT = do_GET = do_POST = refuse

    def log_message(self, *_: object) -> None:
        pass


@attack("a broken setting: no call leaves for anywhere", quick=1, full=1)
def broken_settings(trial: Trial) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    proxy = f"http://127.0.0.1:{server.server_port}"
    environment = {"STRIPE_SECRET_KEY": KEY, "HTTPS_PROXY": proxy, "https_proxy": proxy, "HTTP_PROXY": proxy, "http_proxy": proxy}

    def mint(home: Home, text: str, *args: str) -> None:
        (home.root / "config").mkdir(exist_ok=True)
        (home.root / "config" / "settings.json").write_text(text)
        Proxy.seen = []
        run = home.run("mint", "--target", "stripe", *args, more=environment)
        sent = f"mint --target stripe {' '.join(args)} with the settings {text}"
        trial.expect(not Proxy.seen, "no call to anywhere", sent, Proxy.seen[:2])
        trial.expect(run.code in (2, 3, 4) and run.ended_well and run.err != b"", "an error that says which setting", sent, run.told())

    try:
        with trial.round(), Home() as home:
            # That a call would be seen here.
            home.run("mint", "--target", "stripe", more=environment)
            trial.expect(bool(Proxy.seen), "a call that is seen, where nothing is broken", "mint --target stripe", "none")
        for name, value in BROKEN:
            with trial.round(), Home() as home:
                profile = {"id": 1, "name": "Default", "target": "stripe", "base_url": "https://api.stripe.com", name: value}
                mint(home, json.dumps({"version": 2, "profile": 1, "profiles": [profile]}))
        for text in ('{"version": 2, "profiles": [', "no JSON", '{"version": 2, "profiles": 5}', "[]"):
            with trial.round(), Home() as home:
                mint(home, text)
        for address in ("htps://my.host", "http://not-this-machine.example", "", "https://", "https://user:pass@host"):
            with trial.round(), Home() as home:
                mint(home, "{}", "--base-url", address)
        with trial.round(), Home() as home:
            mint(home, "{}", "--profile", "one that is not there")
    finally:
        server.shutdown()
        server.server_close()


BROKEN: list[tuple[str, object]] = [
    ("base_url", "htps://my.host"), ("base_url", "http://not-this-machine.example"), ("base_url", "https://"), ("base_url", 42),
    ("base_url", ["https://my.host"]), ("base_url", "https://user:pass@host"), ("proxy", "nonsense"), ("proxy", "ftp://x"),
    ("proxy", 5), ("proxy", "http://"), ("ca_certificate", "/nowhere/ca.pem"), ("ca_certificate", 7), ("stripe_account", 5),
]
