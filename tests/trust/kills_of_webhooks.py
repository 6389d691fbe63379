"""The server is killed while it sends events: each comes once at least, in order for each object, and no secret is kept."""

from __future__ import annotations

import collections
import hashlib
import hmac
import http.client
import http.server
import json
import threading
import time

import kills
import values
from attack import Trial, attack
from client import Client
from program import PATIENCE, Home


class Receiver(http.server.ThreadingHTTPServer):
    """Takes events, refuses one now and then, and keeps what came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Events)
        self.came: list[tuple[bytes, str]] = []
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_port}/webhook"


class Events(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            nth = len(self.server.came)
            event = json.loads(body)["id"].encode()
            is_again = any(event in known for known, _ in self.server.came)
            self.server.came.append((body, self.headers["Stripe-Signature"]))
        self.send_response(500 if nth % 50 == 7 and not is_again else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@attack("kill -9 while events are sent", quick=2, full=10)
def killed_while_sending(trial: Trial) -> None:
    sent = 0

    def once(_: int) -> None:
        nonlocal sent
        receiver = Receiver()
        planted = values.card_number(trial.random)
        with Home() as home:
            args = ("--forward-to", receiver.url)
            for _ in range(2):
                server = home.serve(*args)
                load = Load(planted, trial.random.randint(40, 200))
                clients = [threading.Thread(target=load.client, args=(server.port,), daemon=True) for _ in range(kills.CLIENTS)]
                for thread in clients:
                    thread.start()
                load.enough.wait(PATIENCE)
                server.kill()
                for thread in clients:
                    thread.join(PATIENCE)
            secret = home.run("webhooks", "secret", receiver.url).out.decode().strip()
            server = home.serve(*args)
            with Client(server.port) as client:
                happened = [event for event in reversed(client.all_of("/v1/events", {}))]
            check(trial, receiver, happened, secret, planted)
            sent += len(happened)
            trial.expect(not server.panicked, "no panic", "kill -9 while events are sent", server.errors()[-300:])
            server.kill()
            kept = b"\n".join([*home.files().values(), home.packed()])
            for name, text in [("signing secret", secret.removeprefix("whsec_")), ("card number", planted)]:
                trial.expect(text.encode() not in kept, f"no {name} on the disk", "events", name)
        receiver.shutdown()
        receiver.server_close()

    trial.repeat(once)
    trial.remark(f"{sent} events were looked for at the receiver")


class Load:
    """Charges that are changed and refunded, until the server is killed."""

    def __init__(self, planted: str, kill_after: int) -> None:
        self.planted = planted
        self.left = kill_after
        self.enough = threading.Event()

    def client(self, port: int) -> None:
        try:
            with Client(port) as client:
                while True:
                    paid = {"amount": "2000", "currency": "usd", "source": "tok_visa", "description": self.planted}
                    charge = client.post("/v1/charges", paid, {})
                    client.post(f"/v1/charges/{charge.id}", {"metadata[a]": "1"}, {})
                    client.post("/v1/refunds", {"charge": charge.id, "amount": "500"}, {})
                    self.left -= 3
                    if self.left <= 0:
                        self.enough.set()
        except (OSError, http.client.HTTPException):
            self.enough.set()


def check(trial: Trial, receiver: Receiver, happened: list[dict], secret: str, planted: str) -> None:
    wanted = {event["id"] for event in happened}
    deadline = time.monotonic() + 2 * PATIENCE
    while time.monotonic() < deadline:
        with receiver.lock:
            came = list(receiver.came)
        if wanted <= {json.loads(body)["id"] for body, _ in came}:
            break
        time.sleep(0.2)
    order, seen = collections.defaultdict(list), set()
    for body, signature in came:
        event = json.loads(body)
        parts = dict(part.split("=", 1) for part in signature.split(","))
        right = hmac.new(secret.encode(), parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
        trial.expect(parts["v1"] == right, "a signature by the endpoint's secret", event["id"], signature)
        trial.expect(planted.encode() not in body, "no card number in an event", event["id"], event["type"])
        if event["id"] not in seen:
            seen.add(event["id"])
            order[event["data"]["object"]["id"]].append(event["id"])
    missing = wanted - seen
    trial.expect(not missing, "each event at the receiver", f"{len(wanted)} events", f"{len(missing)} did not come")
    trial.expect(not seen - wanted, "no event that is not there", f"{len(seen)} came", sorted(seen - wanted)[:3])
    expected = collections.defaultdict(list)
    for event in happened:
        expected[event["data"]["object"]["id"]].append(event["id"])
    wrong = [name for name, ids in expected.items() if not missing and order[name] != ids]
    trial.expect(not wrong, "the events of an object in their order", f"{len(expected)} objects", wrong[:3])
