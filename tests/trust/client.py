"""A client of the server, and bare bytes for what no client sends."""

from __future__ import annotations

import http.client
import json
import socket
import urllib.parse
from dataclasses import dataclass
from typing import Self

from program import KEY, PATIENCE

Params = list[tuple[str, str]] | dict[str, str]
CARD = {"card[number]": "4242424242424242", "card[exp_month]": "12", "card[exp_year]": "2049", "card[cvc]": "123"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.json()["id"]

    def told(self) -> str:
        return f"{self.status} {self.body[:400].decode(errors='replace')}"


class Client:
    """One connection that is kept alive, opened anew where the server closed it."""

    def __init__(self, port: int, patience: float = PATIENCE):
        self.port = port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def call(
        self,
        method: str,
        path: str,
        params: Params | None = None,
        headers: dict[str, str | bytes] | None = None,
        body: bytes | None = None,
        key: str | None = KEY,
    ) -> Answer:
        sent: dict[str, str | bytes] = {"Authorization": f"Bearer {key}"} if key else {}
        sent.update(headers or {})
        if body is None and params:
            body = urllib.parse.urlencode(params).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        try:
            self.connection.request(method, path, body, sent)
            answer = self.connection.getresponse()
            got = answer.read()
        except BaseException:
            self.connection.close()
            raise
        lowered = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, lowered, got)

    def post(self, path: str, params: Params, headers: dict[str, str | bytes] | None = None) -> Answer:
        return self.call("POST", path, params, headers)

    def get(self, path: str, headers: dict[str, str | bytes] | None = None) -> Answer:
        return self.call("GET", path, None, headers)

    def all_of(self, path: str, headers: dict[str, str | bytes] | None = None) -> list[dict]:
        """A list of the API, page by page."""
        found: list[dict] = []
        while True:
            after = f"&starting_after={found[-1]['id']}" if found else ""
            answer = self.get(f"{path}?limit=100{after}", headers)
            assert answer.status == 200, answer.told()
            page = answer.json()
            found += page["data"]
            if not page["has_more"]:
                return found

    def requests(self, control: str, limit: int = 1000) -> list[dict]:
        answer = self.call("GET", f"/_testcard/requests?limit={limit}", key=control)
        assert answer.status == 200, answer.told()
        return answer.json()["data"]


def head(method: str = "GET", path: str = "/v1/customers", *lines: str, key: str | None = KEY, host: str = "127.0.0.1") -> bytes:
    """The head of a request, each line as it is written here."""
    all_lines = [f"{method} {path} HTTP/1.1", *([f"Host: {host}"] if host else []), *lines]
    if key:
        all_lines.append(f"Authorization: Bearer {key}")
    return ("\r\n".join(all_lines) + "\r\n\r\n").encode("latin-1")


def form(body: bytes, path: str = "/v1/customers", *lines: str, key: str | None = KEY) -> bytes:
    """A whole POST with these bytes as its body."""
    kind = "Content-Type: application/x-www-form-urlencoded"
    return head("POST", path, kind, f"Content-Length: {len(body)}", *lines, key=key) + body


class Connection:
    """Bytes to the server and back, whatever they mean."""

    # How a server ends a connection while a client still speaks.
    ENDS: tuple[type[OSError], ...] = (BrokenPipeError, ConnectionResetError)

    def __init__(self, port: int, patience: float = PATIENCE):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience)
        self.buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> bool:
        """Whether all of it was taken."""
        try:
            self.socket.sendall(data)
            return True
        except self.ENDS:
            return False

    def more(self) -> bool:
        """Reads on; `False` at the end."""
        try:
            got = self.socket.recv(65536)
        except self.ENDS:
            got = b""
        self.buffer += got
        return bool(got)


class Bare(Connection):
    """A connection that sends whatever it is told to, and reads answers of HTTP/1."""

    def answer(self) -> Answer | None:
        """The next answer; `None` where the connection is closed instead."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.more():
                return None
        first, _, rest = self.buffer.partition(b"\r\n\r\n")
        lines = first.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        status = int(lines[0].split()[1])
        length = 0 if status < 200 else int(headers.get("content-length", 0))
        self.buffer = rest
        while len(self.buffer) < length:
            if not self.more():
                return None
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return self.answer() if status < 200 else Answer(status, headers, body)

    def is_closed(self) -> bool:
        """Whether the server ends the connection, once what it has sent is read."""
        while self.more():
            pass
        return True


def exchange(port: int, data: bytes, patience: float = PATIENCE) -> Answer | None:
    """Sends these bytes on a connection of their own, and gives the first answer; `None` where none comes in time."""
    with Bare(port, patience) as connection:
        try:
            connection.send(data)
            return connection.answer()
        except TimeoutError:
            return None
