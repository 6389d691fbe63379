"""Requests that no client sends, a table of shapes with what each gets; and a client beside them that must not wait."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from attack import Trial, attack
from client import Answer, Bare, Client, exchange, form, head
from program import KEY, Home, Server
from watch import SLOWEST_MS, Watch

CLOSED = 0
INVALID_UTF8 = "Invalid UTF-8"
REFUSED_HOST = {400, 403, 421}
BODY_BYTES = 1 << 20
ENOUGH_FREEZES = 6


@dataclass(frozen=True)
class Shape:
    """What is sent on a connection of its own, and what may come: statuses, 0 for a connection that is closed."""

    name: str
    sent: bytes
    may_come: set[int]
    says: str = ""
    # Whether it is told at once, and not only when the body has not come for some time.
    at_once: bool = True


def hosts(port: int) -> Iterator[Shape]:
    for host in (f"127.0.0.1:{port}", "127.0.0.1", "localhost", f"LOCALHOST:{port}", "[::1]", f"[::1]:{port}"):
        yield Shape(f"Host: {host}", head(host=host), {200})
    for host in (
        "evil.com", "localhost.evil.com", "127.0.0.1.evil.com", "[::1].evil.com", "[::1]evil.com", "127.0.0.1:80@evil.com",
        "evil.com:80#127.0.0.1", "127.0.0.1.", "localhost.", "127.0.0.1:", "127.0.0.1:80:80", "127.0.0.1:x", "0.0.0.0", "127.1",
        "2130706433", "[::ffff:127.0.0.1]", "127.0.0.1, evil.com", "127.0.0.1 evil.com", "evil.com/127.0.0.1", "user@localhost",
    ):
        yield Shape(f"Host: {host}", head(host=host), REFUSED_HOST)
    yield Shape("no Host", head(host=""), REFUSED_HOST)
    yield Shape("two Hosts, the first ours", head("GET", "/v1/customers", "Host: evil.com"), REFUSED_HOST)
    yield Shape("two Hosts, the second ours", head("GET", "/v1/customers", "Host: 127.0.0.1", host="evil.com"), REFUSED_HOST)
    own = f"http://127.0.0.1:{port}/v1/customers"
    yield Shape("absolute form, ours in both", head("GET", own, host=f"127.0.0.1:{port}"), {200})
    yield Shape("absolute form, ours, beside another Host", head("GET", own, host="evil.com"), REFUSED_HOST)
    yield Shape("absolute form of another, beside our Host", head("GET", "http://evil.com/v1/customers"), REFUSED_HOST)
    yield Shape("absolute form with a user", head("GET", f"http://127.0.0.1@evil.com:{port}/v1/customers"), REFUSED_HOST)
    for origin in ("https://evil.example", "null", f"http://127.0.0.1.evil.com:{port}", "http://localhost.evil.com", "file://"):
        yield Shape(f"Origin: {origin}", head("GET", "/v1/customers", f"Origin: {origin}"), {403})
        post = form(b"name=from-a-page", "/v1/customers", f"Origin: {origin}")
        yield Shape(f"POST, Origin: {origin}", post, {403})
    # What a page makes a browser send without asking, and what a browser asks before; nobody named an origin here.
    for lines in (
        [f"Origin: http://localhost:{port + 1}"], ["Origin: http://localhost"], ["Origin: https://127.0.0.1"], ["Origin: "],
        [f"Origin: http://127.0.0.1:{port}", "Origin: https://evil.example"], ["Origin: null", "Sec-Fetch-Site: same-origin"],
        ["Sec-Fetch-Site: cross-site"], ["Sec-Fetch-Site: same-site"], ["Sec-Fetch-Site: none", "Sec-Fetch-Site: cross-site"],
        [f"Origin: http://127.0.0.1:{port}", "Sec-Fetch-Site: cross-site"], ["Sec-Fetch-Site: \xff"],
    ):
        for method in ("GET", "POST", "DELETE", "PUT", "OPTIONS", "BREW"):
            for path in ("/v1/customers", "/_testcard/reset", "/"):
                yield Shape(f"{method} {path}, {lines}", head(method, path, *lines), {403})
        asks = head("OPTIONS", "/v1/tokens", *lines, "Access-Control-Request-Method: POST", "Access-Control-Request-Private-Network: true", key=None)
        yield Shape(f"a preflight, {lines}", asks, {403})
        with_key = form(b"name=x&key=pk_test_x", "/v1/tokens", *lines, key=None)
        yield Shape(f"a form with its key, {lines}", with_key, {403})
    own = f"Origin: http://127.0.0.1:{port}"
    yield Shape("the server's own origin", head("GET", "/v1/customers", own, "Sec-Fetch-Site: same-origin"), {200})
    yield Shape("the server's own origin on its own routes", head("POST", "/_testcard/reset", own), {403})
    yield Shape("an address that was typed", head("GET", "/v1/customers", "Sec-Fetch-Site: none"), {200})


def texts(_: int) -> Iterator[Shape]:
    for name, body in {
        "a lone byte": b"name=\xff", "percent-encoded": b"name=%FF", "in a name": b"%FF=x", "overlong": b"name=%C0%AF",
        "a surrogate": b"name=%ED%A0%80", "cut off": b"name=%E2%82", "after good text": b"name=J%C3%BCrgen%80",
        "too high": b"name=%F4%90%80%80", "in metadata": b"metadata[a]=%FE",
    }.items():
        yield Shape(f"body that is not UTF-8: {name}", form(body), {400}, INVALID_UTF8)
    yield Shape("a query that is not UTF-8", head(path="/v1/customers?email=%FF"), {400})
    yield Shape("a path that is not UTF-8", head(path="/v1/customers/%FF"), {400, 404})
    yield Shape("UTF-8 of four bytes", form("name=🎉".encode()), {200})
    yield Shape("NUL in a value", form(b"name=%00"), {200, 400})
    yield Shape("a broken escape", form(b"name=%zz%"), {200, 400})
    yield Shape("JSON", head("POST", "/v1/customers", "Content-Type: application/json", "Content-Length: 2") + b"{}", {400})
    yield Shape("multipart", head("POST", "/v1/customers", "Content-Type: multipart/form-data; boundary=x", "Content-Length: 2") + b"--", {400})
    yield Shape("1,001 parameters", form(b"&".join(b"metadata[%d]=x" % n for n in range(1001))), {400})
    yield Shape("a name of 5,000 brackets", form(b"a" + b"[a]" * 5000 + b"=x"), {400})
    yield Shape("unbalanced brackets", form(b"a[[[]]=x&]a[=y&[=z&=&=&&&"), {400})
    yield Shape("a body of one byte too many", form(b"name=" + b"x" * (BODY_BYTES - 4)), {413})
    yield Shape("a body of 5 MB", form(b"name=" + b"x" * 5_000_000), {413, CLOSED})


def heads(_: int) -> Iterator[Shape]:
    refused = {400, 408, 413, 414, 417, 431, 501, 505, CLOSED}
    yield Shape("a header of 70 KB", head("GET", "/v1/customers", "X-Long: " + "x" * 70_000), refused)
    yield Shape("200 headers", head("GET", "/v1/customers", *(f"X-{n}: x" for n in range(200))), refused)
    yield Shape("a path of 70 KB", head(path="/v1/" + "x" * 70_000), refused)
    yield Shape("a path of 60 KB", head(path="/v1/" + "x" * 60_000), {404, 414, 431})
    yield Shape("a key of 60 KB", head(key="sk_test_" + "x" * 60_000), {200, 401, 431})
    yield Shape("an empty key", head("GET", "/v1/customers", "Authorization: Bearer ", key=None), {401})
    yield Shape("a key that is not base64", head("GET", "/v1/customers", "Authorization: Basic !!!", key=None), {401})
    yield Shape("no key", head(key=None), {401})
    yield Shape("an idempotency key of 300 characters", form(b"name=x", "/v1/customers", "Idempotency-Key: " + "k" * 300), {400})
    yield Shape("a space in a header's name", head("GET", "/v1/customers", "X Y: z"), refused)
    yield Shape("NUL in a header", head("GET", "/v1/customers", "X: a\0b"), refused)
    yield Shape("a folded header", head("GET", "/v1/customers", "X: a", " b"), refused | {200})
    yield Shape("HTTP/9.9", b"GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n", refused)
    yield Shape("HTTP/0.9", b"GET /v1/customers\r\n\r\n", refused)
    yield Shape("HTTP/1.0", head().replace(b"HTTP/1.1", b"HTTP/1.0"), {200})
    yield Shape("an unknown method", head("BREW"), {400, 404, 405, 501})
    yield Shape("CONNECT", head("CONNECT", "evil.com:443"), refused | REFUSED_HOST | {404, 405})
    yield Shape("OPTIONS *", head("OPTIONS", "*"), {400, 403, 404, 405, 501})
    yield Shape("a TLS greeting", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500, refused)
    yield Shape("noise", bytes(range(256)) * 8 + b"\r\n\r\n", refused)
    yield Shape("length and chunks at once", form(b"name=x", "/v1/customers", "Transfer-Encoding: chunked"), refused)
    yield Shape("two lengths", form(b"name=x", "/v1/customers", "Content-Length: 3"), refused)
    yield Shape("a length below zero", head("POST", "/v1/customers", "Content-Length: -1"), refused)
    yield Shape("a length that is a word", head("POST", "/v1/customers", "Content-Length: ten"), refused)
    yield Shape("a length of 10^18", head("POST", "/v1/customers", f"Content-Length: {10**18}"), refused, at_once=False)
    yield Shape("a length of 10^30", head("POST", "/v1/customers", f"Content-Length: {10**30}"), refused)
    chunked = head("POST", "/v1/customers", "Transfer-Encoding: chunked", "Content-Type: application/x-www-form-urlencoded")
    yield Shape("chunks", chunked + b"6\r\nname=x\r\n0\r\n\r\n", {200})
    yield Shape("a chunk without a size", chunked + b"zz\r\nname=x\r\n0\r\n\r\n", refused)
    yield Shape("a chunk of 2^64", chunked + b"ffffffffffffffffff\r\n", refused)
    yield Shape("an encoding that is not known", head("POST", "/v1/customers", "Transfer-Encoding: gzip"), refused)
    expecting = head("POST", "/v1/customers", "Expect: 100-continue", "Content-Length: 6", "Content-Type: application/x-www-form-urlencoded")
    yield Shape("Expect: 100-continue", expecting + b"name=x", {200})
    # Before the body is read: none is ever sent.
    yield Shape("a wrong Host, and a body that never comes", head("POST", "/v1/customers", "Content-Length: 900000", host="evil.com"), REFUSED_HOST)
    yield Shape("no key, and a body that never comes", head("POST", "/v1/customers", "Content-Length: 900000", key=None), {401})
    yield Shape("a live key, and a body that never comes", head("POST", "/v1/customers", "Content-Length: 900000", key="sk_live_x"), {401})


def try_shapes(trial: Trial, shapes: Callable[[int], Iterator[Shape]]) -> None:
    with Home() as home:
        server = home.serve()
        with Watch(trial, server, "the shapes of this table") as watch:
            for shape in shapes(server.port):
                with trial.round():
                    started = time.monotonic()
                    answer = exchange(server.port, shape.sent, patience=15)
                    came = answer.status if answer else CLOSED
                    told = answer.told() if answer else "the connection was closed"
                    trial.expect(came in shape.may_come, f"{sorted(shape.may_come)} for: {shape.name}", shape.sent[:160], told)
                    if answer:
                        check_answer(trial, shape, answer, time.monotonic() - started)
                    trial.detail(f"{shape.name[:60]:<60} {came or 'closed':>6}")
            trial.expect(server.is_alive and not server.panicked, "a server that lives", "the shapes", server.errors()[-300:])
        trial.remark(f"another client meanwhile: p99 {watch.p99_ms:.1f} ms of {len(watch.took_ms)} calls")


def check_answer(trial: Trial, shape: Shape, answer: Answer, took: float) -> None:
    trial.expect(shape.says in answer.told(), f"the words {shape.says!r}", shape.sent[:160], answer.told())
    allowed = answer.headers.get("access-control-allow-origin")
    trial.expect(allowed is None, "no permission for pages of other origins", shape.sent[:160], allowed)
    trial.expect(took < 5 or not shape.at_once, f"an answer at once for: {shape.name}", shape.sent[:160], f"{answer.status} after {took:.1f} s")


for name, shapes in [
    ("hosts and origins that are not this machine", hosts),
    ("bodies that are no form, or not UTF-8", texts),
    ("heads, lengths and chunks that are not HTTP", heads),
]:
    attack(name, quick=1, full=1)(lambda trial, of=shapes: try_shapes(trial, of))


@attack("the next call on a connection after a refusal", quick=40, full=200)
def after_a_refusal(trial: Trial) -> None:
    with Home() as home:
        server = home.serve()
        # What is in the body must not be taken for a request.
        smuggled = form(b"name=smuggled") * 40
        kinds = [
            ("no key", head("POST", "/v1/customers", "Content-Length: {}", key=None)),
            ("a wrong Host", head("POST", "/v1/customers", "Content-Length: {}", host="evil.com")),
            ("JSON", head("POST", "/v1/customers", "Content-Type: application/json", "Content-Length: {}")),
            ("no such path", head("POST", "/v1/nothing", "Content-Length: {}")),
            ("an unknown method", head("BREW", "/v1/customers", "Content-Length: {}")),
        ]

        def once(nth: int) -> None:
            name, first = kinds[nth % len(kinds)]
            size = trial.random.choice([10, 1000, 60_000, 70_000, 300_000, 2_000_000])
            body = (smuggled * (size // len(smuggled) + 1))[:size]
            sent = f"{name}, a body of {size} bytes, then GET on the same connection"
            with Bare(server.port, patience=15) as connection:
                connection.send(first.replace(b"{}", str(size).encode()) + body)
                refusal = connection.answer()
                if refusal is None:
                    trial.expect(size > 1_000_000, "an answer to a refused call", sent, "the connection was closed")
                    return
                trial.expect(400 <= refusal.status < 500, "a refusal", sent, refusal.told())
                if refusal.headers.get("connection", "").lower() == "close":
                    trial.expect(connection.is_closed() and not connection.buffer, "a close after Connection: close", sent, connection.buffer[:80])
                    return
                sent_on = connection.send(head())
                answer = connection.answer() if sent_on else None
                is_good = answer is not None and answer.status == 200 and answer.json()["object"] == "list"
                trial.expect(is_good, "Connection: close, or a next call that works", sent, answer.told() if answer else "closed")

        trial.repeat(once)
        with Client(server.port) as client:
            names = {customer["name"] for customer in client.all_of("/v1/customers")}
            trial.expect("smuggled" not in names, "no call that hides in a refused body", "POST in a body", names)


def repeated(size: int) -> dict[str, bytes]:
    """Texts that look like the beginning of a secret at every place."""
    pieces = {
        "keys": b"sk_test_+", "keys without an end": b"sk_test_a", "key prefixes": b"whsec_rk_", "digits": b"4", "digits and spaces": b"4+",
        "digits and dashes": b"4-", "groups": b"4539-", "card numbers": b"4539578763621486+", "words of codes": b"cvc+is+", "cvc": b"cvc",
        "security codes": b"security+code%3A+", "separators": b"+-._", "wide digits": b"%EF%BC%94", "soft hyphens": b"4%C2%AD",
        "entities": b"%26%2352%3B", "escapes": b"%5Cu0034", "percent signs": b"%2534", "UUIDs": b"12345678-1234-", "quotes": b"%22cvc%22%3A",
        "addresses": b"127.0.0.1.", "base64": b"NDUzOTU3ODc2MzYyMTQ4Ng",
    }
    return {name: (piece * (size // len(piece) + 1))[:size] for name, piece in pieces.items()}


def all_long_texts() -> Iterator[tuple[str, bytes]]:
    for size_name, size in {"150 KB": 150_000, "1 MB": BODY_BYTES - 10}.items():
        for name, text in repeated(size).items():
            yield f"{size_name} of {name} without a key", form(b"name=" + text, "/v1/tokens", key=None)
            yield f"{size_name} of {name} with a key", form(b"name=" + text)
    for name, text in repeated(60_000).items():
        line = text.decode().replace("%", "")
        for header in ("Idempotency-Key", "User-Agent", "Stripe-Account"):
            yield f"60 KB of {name} in {header}", form(b"name=x", "/v1/customers", f"{header}: {line}")
        yield f"60 KB of {name} in the path", head(path=f"/v1/{line}")
        many = b"&".join(b"metadata[%d%s]=%s" % (n, text[:400], text[:600]) for n in range(900))
        yield f"900 parameters of {name}", form(many)


@attack("long texts that look like secrets: nobody waits", quick=1, full=1)
def long_texts(trial: Trial) -> None:
    with Home() as home:
        server = home.serve()
        for name, sent in all_long_texts():
            before = trial.failed_rounds
            one_long_text(trial, server, name, sent)
            if trial.failed_rounds == ENOUGH_FREEZES:
                trial.remark(f"stopped after {ENOUGH_FREEZES} texts that made others wait")
                return
            if trial.failed_rounds > before:
                server.kill()
                server = home.serve()


def one_long_text(trial: Trial, server: Server, name: str, sent: bytes) -> None:
    came: object = "no answer"
    started = time.monotonic()
    with trial.round(), Watch(trial, server, name) as watch:
        answer = exchange(server.port, sent, patience=20)
        took = (time.monotonic() - started) * 1000
        came = answer.status if answer else "closed"
        trial.expect(answer is not None and answer.status < 500, "an answer", name, answer.told() if answer else "none")
        trial.expect(took < SLOWEST_MS, f"an answer within {SLOWEST_MS:.0f} ms", name, f"{took:.0f} ms")
        trial.expect(server.is_alive and not server.panicked, "a server that lives", name, server.errors()[-300:])
    took = (time.monotonic() - started) * 1000
    trial.detail(f"{name[:60]:<60} {came!s:>6}  {took:>7.0f} ms, p99 of another {watch.p99_ms:.1f} ms")


@attack("slow and silent clients: nobody waits", quick=1, full=1)
def slow_clients(trial: Trial) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2048 if hard == resource.RLIM_INFINITY else min(hard, 2048)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    half_body = head("POST", "/v1/customers", "Content-Length: 1000", "Content-Type: application/x-www-form-urlencoded") + b"name="
    ways = {
        "700 connections that send nothing": b"",
        "700 connections with half a head": b"POST /v1/tokens HTTP/1.1\r\nHost: 127.0.0.1\r\nX-",
        "700 connections with half a body": half_body,
        "700 connections that never read 200 answers": head() * 200,
    }
    for name, sent in ways.items():
        with trial.round(), Home() as home:
            server = home.serve()
            with Watch(trial, server, name) as watch:
                connections = []
                try:
                    for _ in range(700):
                        one = socket.create_connection(("127.0.0.1", server.port), timeout=10)
                        one.setblocking(False)
                        connections.append(one)
                        try:
                            one.send(sent)
                        except OSError:
                            pass
                    for _ in range(20):
                        answer = exchange(server.port, head(), patience=15)
                        trial.expect(answer is not None and answer.status == 200, "a new client to be served", name, answer.told() if answer else "closed")
                    for one in connections[::7]:
                        try:
                            one.send(b"x")
                        except OSError:
                            pass
                finally:
                    for one in connections:
                        one.close()
            trial.expect(server.is_alive and not server.panicked, "a server that lives", name, server.errors()[-300:])
            trial.remark(f"{name}: p99 of another client {watch.p99_ms:.1f} ms, peak memory {server.peak_mb:.0f} MB")
