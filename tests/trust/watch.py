"""Another client of the same server, in a process of its own: how long it waits while somebody attacks."""

from __future__ import annotations

import http.client
import multiprocessing
import time
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event

from attack import Trial
from client import CARD, Client
from program import PATIENCE, Server

# What another client may wait at most. The freeze that this is to find took 43 s.
SLOWEST_MS = 2000.0
FORK = multiprocessing.get_context("fork")


class Watch:
    """Asks for a token again and again until the `with` ends, and checks what it got.

    Where the attack fills what all calls may take together, another client may be told to come back, but not be kept
    waiting.
    """

    def __init__(self, trial: Trial, server: Server, sent: str, may_be_told_to_come_back: bool = False):
        self.trial, self.server, self.sent = trial, server, sent
        self.allowed = {200, 503} if may_be_told_to_come_back else {200}
        self.took_ms: list[float] = []

    def __enter__(self) -> "Watch":
        with Client(self.server.port) as client:
            token = client.post("/v1/tokens", CARD).id
        self.results, results = FORK.Pipe(duplex=False)
        self.ended, self.begun = FORK.Event(), FORK.Event()
        arguments = (self.server.port, token, self.allowed, self.begun, self.ended, results)
        self.process = FORK.Process(target=ask_again_and_again, args=arguments, daemon=True)
        self.process.start()
        if not self.begun.wait(PATIENCE):
            self.process.kill()
            raise TimeoutError("the other client got no first answer")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.ended.set()
        try:
            if not self.results.poll(PATIENCE):
                self.trial.expect(False, "another client to get its answers", self.sent, f"none for {PATIENCE} s")
                return
            self.took_ms, failed = self.results.recv()
        finally:
            self.process.kill()
            self.process.join()
        self.took_ms.sort()
        self.trial.expect(not failed, "another client to get its answers", self.sent, failed[:3])
        slowest = self.took_ms[-1] if self.took_ms else float("inf")
        self.trial.expect(slowest < SLOWEST_MS, f"another client to wait less than {SLOWEST_MS:.0f} ms", self.sent, f"{slowest:.0f} ms")

    @property
    def p99_ms(self) -> float:
        return self.took_ms[int(len(self.took_ms) * 0.99)] if self.took_ms else float("nan")


def ask_again_and_again(
    port: int, token: str, allowed: set[int], begun: Event, ended: Event, results: Connection
) -> None:
    took_ms, failed = [], []
    client = Client(port)
    while not ended.is_set():
        started = time.perf_counter()
        try:
            try:
                answer = client.get(f"/v1/tokens/{token}")
            except (ConnectionError, http.client.BadStatusLine):
                # A server may close a connection between two calls; clients ask again on another one.
                answer = client.get(f"/v1/tokens/{token}")
            if answer.status not in allowed or (answer.status == 503 and "retry-after" not in answer.headers):
                failed.append(answer.told()[:100])
        except Exception as error:
            failed.append(repr(error))
            client = Client(port)
        took_ms.append((time.perf_counter() - started) * 1000)
        begun.set()
        ended.wait(0.002)
    results.send((took_ms, failed))
