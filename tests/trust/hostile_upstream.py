"""A server that answers for Stripe what Stripe never would: shown harmlessly, kept, and never taken for a success."""

from __future__ import annotations

import concurrent.futures
import http.server
import json
import re
import threading
from dataclasses import dataclass

from attack import Trial, attack
from program import KEY, Home, Run

ESCAPES = "\x1b[2J\x1b]0;owned\x07\x1b[31m\x9b31m\u202eevil\u2066\u200f\x7f\r\nline two\x08\x00"
# What a terminal acts on, or what turns the order of a line: a tab and a newline of our own are none of these.
ACTS_ON_A_TERMINAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")


@dataclass(frozen=True)
class Upstream:
    """One way to answer every call."""

    name: str
    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    # Announced, where it is not what is sent.
    length: int | None = None
    # Whether a token can be read from it.
    is_token: bool = False


def token(**other: object) -> dict:
    card = {"id": "card_1", "object": "card", "brand": "Visa", "last4": "4242", "exp_month": 12, "exp_year": 2049, "name": None}
    return {"id": "tok_1UpstreamUpstreamUpstr", "object": "token", "type": "card", "used": False, "card": card, **other}


def encoded(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")


def error(**other: object) -> bytes:
    return encoded({"error": {"type": "card_error", "code": "card_declined", "message": "Declined.", **other}})


def answers() -> list[Upstream]:
    long = "x" * 100_000
    deep = b"[" * 100_000 + b"]" * 100_000
    card = token()["card"]
    return [
        Upstream("an id of 100,000 characters", encoded(token(id=f"tok_{long}")), is_token=True),
        Upstream("an id of 65,536 wide characters", encoded(token(id="tok_" + "漢" * 65_536)), is_token=True),
        Upstream("escape sequences in the id", encoded(token(id=f"tok_{ESCAPES}")), is_token=True),
        Upstream("escape sequences in the card", encoded(token(card={**card, "brand": ESCAPES, "last4": ESCAPES, "name": ESCAPES})), is_token=True),
        Upstream("a brand of 100,000 characters", encoded(token(card={**card, "brand": long, "last4": long})), is_token=True),
        Upstream("[]", b"[]"),
        Upstream("{}", b"{}"),
        Upstream("null", b"null"),
        Upstream("a string", b'"tok_1"'),
        Upstream("nothing", b""),
        Upstream("an id that is a number", encoded(token(id=42))),
        Upstream("an id that is empty", encoded(token(id=""))),
        Upstream("a card that is a list", encoded(token(card=[[]])), is_token=True),
        Upstream("another object", encoded({"id": "re_1", "object": "refund"})),
        Upstream("numbers beyond reason", b'{"id": "tok_1", "object": "token", "created": 1e999, "used": 1.10, "card": {"exp_month": 99999999999999999999999}}', is_token=True),
        Upstream("keys that occur twice", b'{"id": "tok_1", "id": "tok_2", "object": "charge", "object": "token", "card": {}, "card": null}', is_token=True),
        Upstream("lone surrogates", b'{"id": "tok_\\ud800", "object": "token", "card": {"name": "\\udfff"}}', is_token=True),
        Upstream("10 MB of JSON", encoded(token(metadata={f"k{n}": "v" * 1000 for n in range(10_000)})), is_token=True),
        Upstream("10 MB of a name", encoded(token(card={**card, "name": "y" * 10_000_000})), is_token=True),
        Upstream("10 MB of noise", bytes(range(256)) * 40_000),
        Upstream("100,000 levels", deep),
        Upstream("5,000 levels in a token", encoded(token())[:-1] + b', "deep": ' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}", is_token=True),
        Upstream("no JSON", b"<html><script>alert(1)</script>\x1b[2J"),
        Upstream("no UTF-8", b'{"id": "tok_\xff\xfe", "object": "token"}', is_token=True),
        Upstream("cut off", encoded(token())[:50], length=2000),
        Upstream("cut off JSON", encoded(token())[:50]),
        Upstream("a length that is too short", encoded(token()), length=20),
        Upstream("status 599", error(), 599),
        Upstream("status 204", b"", 204),
        Upstream("a redirect to elsewhere", b"", 302, (("Location", "http://127.0.0.1:1/v1/tokens"),)),
        Upstream("a redirect to a file", b"", 307, (("Location", "file:///etc/passwd"),)),
        Upstream("an error of escapes", error(message=ESCAPES, code=ESCAPES, param=ESCAPES, decline_code=ESCAPES), 402),
        Upstream("an error of 1 MB", error(message="m" * 1_000_000, code=long, param=long), 402),
        Upstream("an error that is a list", b'{"error": []}', 402),
        Upstream("an error that is a word", b'{"error": "no"}', 400),
        Upstream("an error without words", b'{"error": {}}', 500),
        Upstream("an error of numbers", b'{"error": {"type": 1, "code": 2, "message": 3, "param": [4]}}', 402),
        Upstream("a request id of escapes", encoded(token()), 200, (("Request-Id", "req_\x1b[31m" + "r" * 3000),), is_token=True),
        Upstream("300 headers", encoded(token()), 200, tuple((f"X-{n}", "v" * 100) for n in range(300)), is_token=True),
        Upstream("bytes that claim to be gzip", b"\x1f\x8b\x08not gzip at all", 200, (("Content-Encoding", "gzip"),)),
    ]


class Answering(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Stand

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        one = self.server.upstream
        self.close_connection = True
        head = [f"HTTP/1.1 {one.status} X", *(f"{name}: {value}" for name, value in one.headers), "Connection: close"]
        length = len(one.body) if one.length is None else one.length
        head.append(f"Content-Length: {length}")
        try:
            self.wfile.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + one.body)
        except OSError:
            pass

    do_GET = do_POST = answer

    def log_message(self, *_: object) -> None:
        pass


class Stand(http.server.ThreadingHTTPServer):
    """A server that answers every call in one way."""

    daemon_threads = True

    def __init__(self, upstream: Upstream):
        super().__init__(("127.0.0.1", 0), Answering)
        self.upstream = upstream
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
        self.thread.join(5)


COMMANDS = [("mint",), ("token", "tok_1"), ("charge", "tok_1"), ("attach", "tok_1"), ("refresh", "--all")]
MORE_COMMANDS = [
    ("mint", "--format", "json"), ("mint", "--count", "2", "--format", "jsonl"), ("charge", "tok_1", "--format", "json"),
    ("token", "tok_1", "--format", "json"), ("attach", "tok_1", "--customer", "cus_1"), ("refresh", "tok_1"),
]
# They read what was kept of it.
READERS = [
    ("history",), ("history", "--sort", "token"), ("history", "--format", "json"), ("history", "--format", "jsonl"), ("snippet",),
    ("snippet", "--lang", "php"), ("history", "--search", "tok"),
]


# The program asks again after some answers, and waits meanwhile: the answers are tried beside each other.
AT_ONCE = 8


@dataclass(frozen=True)
class Tried:
    """One answer, what the commands made of it, and the export afterwards."""

    upstream: Upstream
    asked: list[tuple[tuple[str, ...], Run]]
    read: list[tuple[tuple[str, ...], Run]]
    exported: bytes | None


@attack("hostile upstream: any answer is shown harmlessly", quick=1, full=2)
def upstream(trial: Trial) -> None:
    commands = COMMANDS + (MORE_COMMANDS if trial.planned > 1 else [])
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        tried = [pool.submit(try_answer, one, commands) for one in answers()]
        for one in tried:
            with trial.round():
                check_tried(trial, one.result())


def try_answer(one: Upstream, commands: list[tuple[str, ...]]) -> Tried:
    with Stand(one) as stand, Home() as home:
        to_it = ("--target", "stripe", "--base-url", f"http://127.0.0.1:{stand.server_port}")
        asked = [(command, home.run(*command, *to_it, more={"STRIPE_SECRET_KEY": KEY})) for command in commands]
        read = [(command, home.run(*command)) for command in READERS]
        export = home.beside("export.json")
        read.append((("export",), home.run("export", str(export))))
        return Tried(one, asked, read, export.read_bytes() if export.exists() else None)


def check_tried(trial: Trial, tried: Tried) -> None:
    one = tried.upstream
    for command, run in tried.asked:
        check_shown(trial, run, one, command)
        if not one.is_token or command[0] in ("charge", "attach"):
            # A refresh that finds nothing to ask for has done its work.
            is_nothing_to_do = command == ("refresh", "--all") and run.code == 0
            # Without an answer that is a token, the history has none to ask for.
            is_nothing_to_do |= command == ("refresh", "tok_1") and run.code == 2 and b"has no token" in run.err
            sent = f"{' '.join(command)}, answered {one.status} {one.name}"
            trial.expect(is_nothing_to_do or run.code in (1, 3), "exit 1 or 3 for an answer that is not what was asked for", sent, run.told())
    for command, run in tried.read:
        check_shown(trial, run, one, command)
        # A snippet needs an entry.
        trial.expect(run.code == 0 or command[0] == "snippet", "exit 0", f"{' '.join(command)} after {one.name}", run.told())
    try:
        json.loads(tried.exported or b"")
    except RecursionError:
        # Python's reader has a depth of its own.
        pass
    except ValueError as problem:
        trial.expect(False, "an export that is JSON", one.name, problem)


def check_shown(trial: Trial, run: Run, one: Upstream, command: tuple[str, ...]) -> None:
    sent = f"{' '.join(command)}, answered {one.name}"
    trial.expect(run.ended_well, "no panic, and an exit status of the program's", sent, run.told())
    # A body is given as it came where that was asked for, to a program that reads it.
    is_body = command[-1] in ("json", "jsonl") and command[0] != "history"
    for stream, data in (("stdout", run.out), ("stderr", run.err)):
        text = data.decode("utf-8", "replace")
        found = ACTS_ON_A_TERMINAL.search(text)
        if found and not (is_body and stream == "stdout"):
            around = text[max(0, found.start() - 30) : found.start() + 30]
            trial.expect(False, f"nothing that a terminal acts on, in {stream} of {command[0]}", sent, around)
        if command[0] == "history" and "--format" not in command or stream == "stderr":
            longest = max((len(line) for line in text.splitlines()), default=0)
            trial.expect(longest < 5000, f"lines for a person, in {stream} of {command[0]}", sent, f"a line of {longest} characters")
