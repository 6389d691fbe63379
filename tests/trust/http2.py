"""HTTP/2 by raw frames: floods and bodies without end. Another client must not wait, and the memory has a bound."""

from __future__ import annotations

import itertools
import struct
import threading
import time
from collections.abc import Callable, Iterator

from attack import Trial, attack
from client import Bare, Client, Connection, head
from program import KEY, Hang, Home, Server, wait_for
from watch import Watch

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS = 0x1, 0x1, 0x4
FRAMES = 30_000
# What all bodies in flight may take together, and what the program may take at most with them.
PEAK_MB, AFTERWARDS_MB = 200, 100


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def field(name: str, value: str, index: bool = False) -> bytes:
    """A header as HPACK has it: literal, without Huffman; kept in the table if asked for."""
    return bytes([0x40 if index else 0x00]) + number(len(name)) + name.encode() + number(len(value)) + value.encode()


def number(value: int) -> bytes:
    if value < 127:
        return bytes([value])
    out, rest = bytearray([127]), value - 127
    while rest >= 128:
        out.append(rest % 128 + 128)
        rest //= 128
    return bytes([*out, rest])


def request(method: str = "GET", path: str = "/v1/customers", authority: str = "127.0.0.1", more: bytes = b"") -> bytes:
    start = field(":method", method) + field(":scheme", "http") + field(":path", path) + field(":authority", authority)
    return start + field("authorization", f"Bearer {KEY}") + more


POST_HEAD = request("POST", more=field("content-type", "application/x-www-form-urlencoded") + field("content-length", "1000000"))


class Frames(Connection):
    """A connection that speaks HTTP/2 as far as an attacker has to."""

    # A server that has had enough of a flood may also just stop reading, which is a timeout here.
    ENDS = (OSError,)

    def __init__(self, server: Server):
        super().__init__(server.port, patience=10)
        self.send(PREFACE + frame(SETTINGS, 0, 0))

    def read(self) -> tuple[int, int, int, bytes] | None:
        """Kind, flags, stream and payload of the next frame; `None` at the end."""
        while len(self.buffer) < 9 or len(self.buffer) < 9 + int.from_bytes(self.buffer[:3], "big"):
            if not self.more():
                return None
        length = int.from_bytes(self.buffer[:3], "big")
        kind, flags = self.buffer[3], self.buffer[4]
        stream = int.from_bytes(self.buffer[5:9], "big") & 0x7FFFFFFF
        payload, self.buffer = self.buffer[9 : 9 + length], self.buffer[9 + length :]
        return kind, flags, stream, payload

    def head_of_answer(self) -> bytes | None:
        while (got := self.read()) is not None:
            if got[0] == HEADERS:
                return got[3]
            if got[0] == GOAWAY:
                return None
        return None


def one_after_the_other(make: Callable[[int], bytes]) -> Iterator[bytes]:
    """Many frames, some hundred in one piece."""
    for first in range(0, FRAMES, 500):
        yield b"".join(make(nth) for nth in range(first, first + 500))


def floods() -> dict[str, Iterator[bytes]]:
    big = "x" * 3000
    indexed = bytes([0x80 | 62])
    return {
        "SETTINGS": one_after_the_other(lambda _: frame(SETTINGS, 0, 0)),
        "SETTINGS that change the table": one_after_the_other(lambda n: frame(SETTINGS, 0, 0, struct.pack(">HI", 1, n % 2 * 4096))),
        "PING": one_after_the_other(lambda _: frame(PING, 0, 0, bytes(8))),
        "PRIORITY": one_after_the_other(lambda n: frame(PRIORITY, 0, 2 * n + 1, bytes(5))),
        "unknown frames": one_after_the_other(lambda _: frame(0xEE, 0, 0, bytes(100))),
        "window updates": one_after_the_other(lambda _: frame(WINDOW, 0, 0, struct.pack(">I", 1))),
        "streams reset at once": one_after_the_other(
            lambda n: frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, request()) + frame(RESET, 0, 2 * n + 1, bytes(4))
        ),
        "requests without reading": one_after_the_other(lambda n: frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, request())),
        "CONTINUATION without end": itertools.chain(
            [frame(HEADERS, 0, 1, request())], one_after_the_other(lambda n: frame(CONTINUATION, 0, 1, field(f"x-{n}", "y" * 200)))
        ),
        "empty CONTINUATION": itertools.chain([frame(HEADERS, 0, 1, request())], one_after_the_other(lambda _: frame(CONTINUATION, 0, 1))),
        "empty DATA": itertools.chain(
            [frame(HEADERS, END_HEADERS, 1, POST_HEAD)], one_after_the_other(lambda _: frame(DATA, 0, 1))
        ),
        "a header from the table 4,000 times": itertools.chain(
            [frame(HEADERS, END_HEADERS | END_STREAM, 1, request(more=field("x-big", big, index=True)))],
            (frame(HEADERS, END_HEADERS | END_STREAM, 2 * n + 3, request(more=indexed * 4000)) for n in range(200)),
        ),
        "window updates of 0": iter([frame(WINDOW, 0, 0, bytes(4))]),
        "a window that overflows": iter([frame(WINDOW, 0, 0, b"\x7f\xff\xff\xff")] * 2),
        "a frame of 16 MB": iter([b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + bytes(100_000)]),
        "a header block of noise": iter([frame(HEADERS, END_HEADERS, 1, bytes(range(256)) * 4)]),
        "HEADERS on stream 0": iter([frame(HEADERS, END_HEADERS, 0, request())]),
        "DATA on a stream that is not there": iter([frame(DATA, 0, 99, b"x")]),
        "PUSH_PROMISE from a client": iter([frame(PUSH, END_HEADERS, 1, struct.pack(">I", 2) + request())]),
    }


@attack("HTTP/2 floods by raw frames: nobody waits", quick=1, full=1)
def frames(trial: Trial) -> None:
    with Home() as home:
        server = home.serve()
        for name, flood in floods().items():
            with trial.round(), Watch(trial, server, f"HTTP/2: {name}") as watch, Frames(server) as connection:
                for piece in flood:
                    if not connection.send(piece):
                        break
            is_alive = server.is_alive and not server.panicked
            trial.expect(is_alive, "a server that lives", f"HTTP/2: {name}", server.errors()[-300:])
            if not is_alive:
                return
            trial.detail(f"{name[:60]:<60} p99 of another {watch.p99_ms:.1f} ms, resident {server.resident_mb:.0f} MB")
        trial.expect(server.peak_mb < PEAK_MB, f"less than {PEAK_MB} MB in all", "all floods", f"{server.peak_mb:.0f} MB")
        trial.remark(f"peak memory {server.peak_mb:.0f} MB")


@attack("HTTP/2: an authority that is not this machine", quick=1, full=1)
def authorities(trial: Trial) -> None:
    # The status as HPACK's static table has it: 0x88 is 200.
    is_200 = 0x88
    with Home() as home:
        server = home.serve()
        cases = [
            (request(), True), (request(authority="localhost:1"), True), (request(authority="evil.com"), False),
            (request(authority="[::1].evil.com"), False), (request(authority="127.0.0.1:80@evil.com"), False),
            (request(more=field("host", "evil.com")), False), (request(authority="evil.com", more=field("host", "127.0.0.1")), False),
            (request(more=field("origin", "https://evil.example")), False), (request(more=field("origin", "null")), False),
            (request(more=field("sec-fetch-site", "cross-site")), False), (request(more=field("sec-fetch-site", "none")), True),
        ]
        for block, is_ours in cases:
            with trial.round(), Frames(server) as connection:
                connection.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block))
                came = connection.head_of_answer()
                was_let_in = came is not None and is_200 in came[:4]
                trial.expect(was_let_in == is_ours, "200 for this machine, a refusal for others", block, came and came[:24])


class Bodies:
    """One connection whose streams all send a body but for its last byte."""

    def __init__(self, server: Server, streams: int, size: int):
        self.connection = Frames(server)
        self.size = size
        self.left = {2 * nth + 1: size for nth in range(streams)}
        self.windows = {stream: 65_535 for stream in self.left}
        self.window, self.initial = 65_535, 65_535
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        for stream in self.left:
            if not self.connection.send(frame(HEADERS, END_HEADERS, stream, POST_HEAD)):
                return
        self.connection.socket.settimeout(3)
        while any(self.left.values()):
            if not self.send_what_may_be() and not self.take_one():
                return

    def send_what_may_be(self) -> bool:
        for stream, left in self.left.items():
            count = min(left, self.window, self.windows[stream], 16_384)
            if count <= 0:
                continue
            if not self.connection.send(frame(DATA, 0, stream, b"x" * count)):
                self.left = {}
                return True
            self.left[stream] -= count
            self.windows[stream] -= count
            self.window -= count
            return True
        return False

    def take_one(self) -> bool:
        got = self.connection.read()
        if got is None:
            return False
        kind, flags, stream, payload = got
        if kind == WINDOW:
            more = int.from_bytes(payload, "big")
            if stream == 0:
                self.window += more
            elif stream in self.windows:
                self.windows[stream] += more
        elif kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                name, value = struct.unpack(">HI", payload[at : at + 6])
                if name == 4:
                    for each in self.windows:
                        self.windows[each] += value - self.initial
                    self.initial = value
            self.connection.send(frame(SETTINGS, ACK, 0))
        elif kind in (HEADERS, RESET) and stream in self.left:
            # Answered before its end: refused.
            self.left[stream] = 0
        elif kind == GOAWAY:
            return False
        return True


def check_memory(trial: Trial, server: Server, sent: str) -> None:
    peak = server.peak_mb
    trial.expect(peak < PEAK_MB, f"less than {PEAK_MB} MB with all bodies in flight", sent, f"{peak:.0f} MB")
    try:
        wait_for(lambda: server.resident_mb < AFTERWARDS_MB, "memory to be given back", patience=12)
    except Hang:
        pass
    idle = server.resident_mb
    # What the allocator keeps of freed memory it gives back when its threads ask for more: a server that goes on.
    with Client(server.port) as client:
        for _ in range(2000):
            client.get("/v1/customers")
    after = server.resident_mb
    trial.expect(after < AFTERWARDS_MB, f"less than {AFTERWARDS_MB} MB afterwards", sent, f"{idle:.0f} MB, {after:.0f} MB")
    trial.remark(f"{sent}: peak {peak:.0f} MB, afterwards {idle:.0f} MB, after 2,000 calls {after:.0f} MB")


@attack("bodies in flight over HTTP/2: memory has a bound", quick=3, full=8)
def bodies_over_http2(trial: Trial) -> None:
    with trial.round(), Home() as home:
        server = home.serve()
        sent = f"{trial.planned} connections of 128 streams with 1 MB each"
        with Watch(trial, server, sent, may_be_told_to_come_back=True):
            all_bodies = [Bodies(server, 128, 999_999) for _ in range(trial.planned)]
            for bodies in all_bodies:
                bodies.thread.join(60)
            for bodies in all_bodies:
                bodies.connection.socket.close()
        trial.expect(server.is_alive and not server.panicked, "a server that lives", sent, server.errors()[-300:])
        check_memory(trial, server, sent)


@attack("bodies in flight over HTTP/1: 503 with Retry-After, then all is well", quick=1, full=3)
def bodies_over_http1(trial: Trial) -> None:
    def once(_: int) -> None:
        with Home() as home:
            server = home.serve()
            size, count = 1_000_000, 200
            sent = f"{count} connections with a body of 1 MB each, but for its last byte"
            first = head("POST", "/v1/customers", f"Content-Length: {size}", "Content-Type: application/x-www-form-urlencoded")
            connections = [Bare(server.port, patience=20) for _ in range(count)]
            try:
                body = b"name=" + b"x" * (size - 6)
                threads = [threading.Thread(target=one.send, args=(first + body,), daemon=True) for one in connections]
                for thread in threads:
                    thread.start()
                end = time.monotonic() + 5
                for thread in threads:
                    thread.join(max(0.0, end - time.monotonic()))
                peak = server.peak_mb
                statuses: dict[int, int] = {}
                for one in connections:
                    one.send(b"x")
                for one in connections:
                    answer = one.answer()
                    status = answer.status if answer else 0
                    statuses[status] = statuses.get(status, 0) + 1
                    if answer and status == 503:
                        is_told = answer.headers.get("retry-after", "").isdigit()
                        trial.expect(is_told, "Retry-After with a 503", sent, answer.headers)
            finally:
                for one in connections:
                    one.socket.close()
            trial.expect(statuses.get(503, 0) > 0, "503 beyond 64 MB", sent, f"statuses {statuses}")
            trial.expect(set(statuses) <= {400, 503}, "400 (the name is too long) or 503, and nothing else", sent, f"statuses {statuses}")
            with Client(server.port) as client:
                answer = client.post("/v1/customers", {"name": "after"})
                trial.expect(answer.status == 200, "a call that works afterwards", sent, answer.told())
            trial.remark(f"statuses {statuses}, {peak:.0f} MB at the most")
            check_memory(trial, server, sent)

    trial.repeat(once)
