"""The disk is full: what was acknowledged is there, what is refused says why, and nothing is half done."""

from __future__ import annotations

import json
import os
import pathlib
import resource
import signal
import subprocess
from collections.abc import Callable

from attack import Trial, attack
from client import CARD, Answer, Client
from program import Hang, Home, Server

# Enough for the first folder, and full after some hundred calls.
SMALL_MB, ROOMY_MB = 2, 64
MOST_CALLS = 20_000
# Only root may mount.
AS_ROOT = [] if os.getuid() == 0 else ["sudo", "-n"]


class SmallDisk:
    """A file system of its own size, mounted for the `with`."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder

    def __enter__(self) -> "SmallDisk":
        self.folder.mkdir()
        self.mount("-t", "tmpfs", "-o", f"size={SMALL_MB}m,mode=700,uid={os.getuid()},gid={os.getgid()}", "tmpfs")
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run([*AS_ROOT, "umount", "-l", str(self.folder)], check=True, capture_output=True, timeout=30)

    def grow(self) -> None:
        self.mount("-o", f"remount,size={ROOMY_MB}m")

    def mount(self, *args: str) -> None:
        try:
            done = subprocess.run([*AS_ROOT, "mount", *args, str(self.folder)], capture_output=True, text=True, timeout=30)
            told = done.stderr.strip() if done.returncode else ""
        except FileNotFoundError as error:
            told = str(error)
        if told:
            raise PermissionError(f"a small disk could not be mounted ({told}): run this as root, where mounting is allowed")

    def fill(self) -> None:
        """Takes what is left."""
        try:
            with open(self.folder / "filler", "wb", buffering=0) as file:
                while file.write(bytes(4096)) == 4096:
                    pass
        except OSError:
            pass


def until_refused(client: Client) -> tuple[list[str], Answer]:
    """Makes tokens until one is refused; gives those that were acknowledged, and the refusal."""
    acknowledged = []
    for _ in range(MOST_CALLS):
        answer = client.post("/v1/tokens", CARD)
        if answer.status != 200:
            return acknowledged, answer
        acknowledged.append(answer.id)
    raise Hang(f"the disk was not full after {MOST_CALLS} calls")


def check_refusal(trial: Trial, server: Server, answer: Answer, sent: str) -> None:
    is_error = answer.status == 500 and answer.json()["error"]["type"] == "api_error"
    trial.expect(is_error, "Stripe's 500 where nothing can be saved", sent, answer.told())
    message = answer.json()["error"]["message"].lower()
    trial.expect("disk" in message or "full" in message or "space" in message, "the reason in the answer", sent, message)
    said = server.errors().decode().lower()
    trial.expect("full" in said or "space" in said, "the reason on stderr, without -v", sent, said or "nothing")
    lines = len(said.splitlines())
    trial.expect(lines <= 4, "one line a minute at most", f"{sent}, 30 times", f"{lines} lines")


def check_there(trial: Trial, client: Client, acknowledged: list[str], sent: str) -> None:
    missing = [token for token in acknowledged if client.get(f"/v1/tokens/{token}").status != 200]
    trial.expect(not missing, "every acknowledged token to be there", sent, f"{len(missing)} of {len(acknowledged)} are gone")


def check_not_denied(trial: Trial, client: Client, acknowledged: list[str], sent: str) -> None:
    """A GET is written down too, so it may fail while there is no room, but never say that a token is not there."""
    answers = [client.get(f"/v1/tokens/{token}") for token in acknowledged[:50]]
    odd = [answer.told()[:80] for answer in answers if answer.status not in (200, 500)]
    trial.expect(not odd, "200 or 500 for an acknowledged token", sent, odd[:2])


@attack("a full disk under the server, and room again", quick=2, full=8)
def server_on_a_full_disk(trial: Trial) -> None:
    def once(_: int) -> None:
        with Home() as outer, SmallDisk(outer.beside("disk")) as disk, Home(disk.folder / "home") as home:
            sent = f"POST /v1/tokens on a disk of {SMALL_MB} MB"
            server = home.serve()
            with Client(server.port) as client:
                acknowledged, refused = until_refused(client)
                for _ in range(30):
                    client.post("/v1/customers", {"name": "x" * 2000})
                check_refusal(trial, server, refused, sent)
                check_not_denied(trial, client, acknowledged, f"{sent}, then GET")
                disk.grow()
                answer = client.post("/v1/tokens", CARD)
                trial.expect(answer.status == 200, "a token once there is room again", sent, answer.told())
                check_there(trial, client, acknowledged, f"{sent}, room again")
            server.kill()
            with Client(home.serve().port) as client:
                check_there(trial, client, acknowledged, f"{sent}, kill -9")

    trial.repeat(once)


@attack("a full disk under the command line and an export", quick=1, full=4)
def commands_on_a_full_disk(trial: Trial) -> None:
    def once(_: int) -> None:
        with Home() as outer, SmallDisk(outer.beside("disk")) as disk, Home() as home, Home(disk.folder / "home") as full:
            home.mint(1500)
            target = disk.folder / "tokens.json"
            target.write_text("old")
            run = home.run("export", str(target), "--force")
            sent = "export --force to a full disk"
            trial.expect(run.code != 0 and run.ended_well, "an error of an export without room", sent, run.told())
            trial.expect(target.read_text() == "old", "the old file", sent, target.read_text()[:40])
            left = sorted(path.name for path in disk.folder.iterdir())
            trial.expect(left == ["home", "tokens.json"], "no file that is not whole", sent, left)
            tokens = full.mint(3)
            disk.fill()
            last = None
            for _ in range(400):
                last = full.run("mint")
                if last.code != 0:
                    break
                tokens += last.out.decode().split()
            sent = "mint on a full disk"
            refused = last is not None and last.code in (3, 4) and last.ended_well and b"disk" in last.err
            trial.expect(refused, "exit 3 or 4, and the disk named on stderr", sent, last.told() if last else "nothing")
            run = full.run("history", "--format", "json", "--limit", "10000")
            sent = "history on a full disk"
            is_told = run.code == 4 and b"disk" in run.err
            trial.expect(run.code == 0 or is_told, "the history, or exit 4 and the disk named", sent, run.told())
            if run.code == 0:
                found = {entry["token"] for entry in json.loads(run.out)}
                trial.expect(set(tokens) <= found, "every acknowledged token", sent, f"{len(found)} of {len(tokens)}")
            disk.grow()
            run = full.run("mint")
            trial.expect(run.code == 0, "a token once there is room again", "mint", run.told())
            found = {entry["token"] for entry in full.history()}
            trial.expect(set(tokens) <= found, "every acknowledged token", sent, f"{len(found)} of {len(tokens)}")

    trial.repeat(once)


def limited(kib: int) -> Callable[[], None]:
    """What a child does before it starts: files end at this size, and it is told so instead of being killed."""

    def before() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (kib * 1024, kib * 1024))

    return before


@attack("files that may not grow (RLIMIT_FSIZE)", quick=2, full=10)
def files_that_may_not_grow(trial: Trial) -> None:
    def once(_: int) -> None:
        with Home() as home:
            home.mint()
            kib = trial.random.randint(200, 900)
            server = home.serve(preexec_fn=limited(kib))
            with Client(server.port) as client:
                acknowledged, refused = until_refused(client)
                sent = f"POST /v1/tokens with files of at most {kib} KiB"
                trial.expect(refused.status == 500, "Stripe's 500 where nothing can be saved", sent, refused.told())
                trial.expect(server.errors() != b"", "the reason on stderr, without -v", sent, "nothing")
                check_not_denied(trial, client, acknowledged, sent)
            server.kill()
            with Client(home.serve().port) as client:
                check_there(trial, client, acknowledged, f"{sent}, kill -9")
                trial.expect(client.post("/v1/tokens", CARD).status == 200, "a token without the limit", sent, "none")

    trial.repeat(once)
