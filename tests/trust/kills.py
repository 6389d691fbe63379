"""The server is killed while clients make, charge, refund and attach: what was acknowledged is there, and done once."""

from __future__ import annotations

import collections
import http.client
import random
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import values
from attack import Trial, attack
from client import CARD, Answer, Client
from program import Home, Server

CLIENTS = 4


@dataclass
class Sent:
    """A call with an idempotency key, and its answer where one came."""

    path: str
    params: dict[str, str]
    headers: dict[str, str]
    order: str
    answer: Answer | None = None

    def again(self, client: Client) -> Answer:
        return client.post(self.path, self.params, self.headers)

    @property
    def account(self) -> dict[str, str]:
        """Whose it is: the headers of a connected account, or of a key that has a world of its own."""
        return {name: value for name, value in self.headers.items() if name in ("Stripe-Account", "Authorization")}

    def told(self) -> str:
        return f"POST {self.path} {self.params} {self.headers}"


@dataclass
class Load:
    """What all clients have sent, until the server is killed."""

    key_of: Callable[[random.Random, int], dict[str, str]]
    random: random.Random
    kill_after: int
    sent: list[Sent] = field(default_factory=list)
    acknowledged: int = 0
    odd: list[tuple[Sent, Answer]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    enough: threading.Event = field(default_factory=threading.Event)

    def post(self, client: Client, path: str, params: dict[str, str], account: dict[str, str] | None) -> Answer:
        with self.lock:
            number = len(self.sent)
            headers = self.key_of(self.random, number)
            if account is not None:
                headers = {"Idempotency-Key": headers["Idempotency-Key"], **account}
            order = f"order-{number}"
            named = params if path == "/v1/tokens" else {**params, "metadata[order]": order}
            one = Sent(path, named, headers, order)
            self.sent.append(one)
        one.answer = one.again(client)
        with self.lock:
            if one.answer.status != 200:
                self.odd.append((one, one.answer))
            self.acknowledged += 1
            if self.acknowledged >= self.kill_after:
                self.enough.set()
        return one.answer

    def client(self, port: int) -> None:
        """One client, until the server is gone."""
        try:
            with Client(port) as client:
                while True:
                    self.one_order(client)
        except (OSError, http.client.HTTPException):
            self.enough.set()

    def one_order(self, client: Client) -> None:
        token = self.post(client, "/v1/tokens", CARD, None)
        account = self.sent_account(token)
        email = f"test+{1_700_000_000_000 + len(self.sent)}@example.com"
        customer = self.post(client, "/v1/customers", {"email": email, "name": "J*hn"}, account)
        if len(self.sent) % 3 == 0:
            self.post(client, f"/v1/customers/{customer.id}/sources", {"source": token.id}, account)
            return
        charge = self.post(
            client, "/v1/charges", {"amount": "2000", "currency": "usd", "source": token.id}, account
        )
        for amount in ("300", "500"):
            self.post(client, "/v1/refunds", {"charge": charge.id, "amount": amount}, account)

    def sent_account(self, answer: Answer) -> dict[str, str]:
        with self.lock:
            return next(one.account for one in reversed(self.sent) if one.answer is answer)


def plain_keys(_: random.Random, __: int) -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def keys_of_digits(rng: random.Random, number: int) -> dict[str, str]:
    return {"Idempotency-Key": f"refund-{1_700_000_000_123 + number}-{rng.randrange(1000)}"}


def keys_that_hold_a_card(rng: random.Random, number: int) -> dict[str, str]:
    return {"Idempotency-Key": f"retry {values.card_number(rng)} of {number}"}


def keys_of_accounts(rng: random.Random, number: int) -> dict[str, str]:
    accounts = ["acct_1", "acct_17000000012345", f"acct_{number % 3}"]
    account = rng.choice(accounts)
    # The same key in several accounts is several keys.
    return {"Idempotency-Key": f"{17_000_000_000_123 + number}", "Stripe-Account": account}


def keys_of_worlds(rng: random.Random, number: int) -> dict[str, str]:
    shard = rng.randrange(3)
    # The same key in several worlds is several keys.
    connected = {"Stripe-Account": "acct_1"} if rng.random() < 0.5 else {}
    return {"Idempotency-Key": f"order-{number}", "Authorization": f"Bearer sk_test_shard{shard}", **connected}


def killed_under_load(
    trial: Trial, key_of: Callable[[random.Random, int], dict[str, str]], *args: str
) -> None:
    checked = 0

    def once(_: int) -> None:
        nonlocal checked
        with Home() as home:
            server = home.serve(*args)
            load = Load(key_of, trial.random, trial.random.randint(40, 260))
            clients = [threading.Thread(target=load.client, args=(server.port,), daemon=True) for _ in range(CLIENTS)]
            for thread in clients:
                thread.start()
            load.enough.wait(30)
            server.kill()
            for thread in clients:
                thread.join(30)
            check_all(trial, home.serve(*args), load)
            checked += load.acknowledged

    trial.repeat(once)
    trial.remark(f"{checked} acknowledged calls were looked for and sent again")


def check_all(trial: Trial, server: Server, load: Load) -> None:
    for one, answer in load.odd:
        trial.expect(False, "status 200 for a new call under load", one.told(), answer.told())
    with Client(server.port) as client:
        for one in load.sent:
            first = one.answer
            if first is not None and first.status == 200:
                check_object(trial, client, one, first)
            second = one.again(client)
            if first is None:
                trial.expect(second.status == 200, "a retry of an unanswered call to be carried out", one.told(), second.told())
            else:
                same = second.body == first.body
                came = "" if same else f"{second.status}, {differing(first.json(), second.json())}"
                trial.expect(same, "the same body for a retry after the kill", one.told(), came)
        check_once(trial, client, load)
    trial.expect(not server.panicked, "no panic", "kill -9 under load", server.errors()[-300:])


def check_object(trial: Trial, client: Client, one: Sent, first: Answer) -> None:
    made = first.json()
    path = f"{one.path}/{made['id']}"
    got = client.get(path, one.account)
    if not trial.expect(got.status == 200, "every acknowledged object to be there", f"GET {path}", got.told()):
        return
    now = got.json()
    if made["object"] == "customer":
        # A source may have been attached since.
        now = {**now, "default_source": None}
        trial.expect(now == made, "a customer as it was acknowledged", one.told(), differing(made, now))
    elif made["object"] == "token":
        trial.expect(now["card"] == made["card"], "a token as it was acknowledged", one.told(), differing(made, now))
    elif made["object"] == "refund":
        trial.expect(now == made, "a refund as it was acknowledged", one.told(), differing(made, now))


def differing(first: dict, second: dict) -> str:
    names = [name for name in {**first, **second} if first.get(name) != second.get(name)]
    return ", ".join(f"{name}: {first.get(name)!r} became {second.get(name)!r}" for name in names)


def check_once(trial: Trial, client: Client, load: Load) -> None:
    """By the lists: nothing was done twice, whatever was acknowledged or repeated."""
    accounts = {tuple(one.account.items()) for one in load.sent}
    lists = {"/v1/charges": {}, "/v1/refunds": {}}
    for path, found in lists.items():
        for account in accounts:
            found.update({one["id"]: one for one in client.all_of(path, dict(account))})
        orders = collections.Counter(one["metadata"].get("order") for one in found.values())
        asked = {one.order for one in load.sent if one.path == path}
        twice = [order for order, count in orders.items() if count > 1]
        trial.expect(not twice, "every order to be carried out once", f"{path} with a key, and again after kill -9", twice)
        trial.expect(asked == set(orders), "every order to be carried out", path, sorted(asked ^ set(orders))[:5])
    uses = collections.Counter(charge["source"]["id"] for charge in lists["/v1/charges"].values())
    trial.expect(not uses or max(uses.values()) == 1, "no token to be charged twice", "charges", uses.most_common(3))


for keys, make_key, quick, full in [
    ("as SDKs make them", plain_keys, 2, 15),
    ("with long runs of digits", keys_of_digits, 2, 15),
    ("that hold a card number", keys_that_hold_a_card, 2, 10),
    ("in connected accounts", keys_of_accounts, 2, 10),
]:
    attack(f"kill -9 under load, keys {keys}", quick, full)(lambda trial, of=make_key: killed_under_load(trial, of))


@attack("kill -9 under load, in worlds and their connected accounts", 2, 10)
def worlds_under_load(trial: Trial) -> None:
    killed_under_load(trial, keys_of_worlds, "--isolate")


@attack("different keys and accounts stay different over a restart", quick=1, full=1)
def different_keys(trial: Trial) -> None:
    number = values.card_number(trial.random)
    pairs = [
        (("acct_1", "17000000012"), ("acct_1", "17000990012")),
        (("acct_1", "k1"), (None, "acct_1 k1")),
        (("acct_1a", "b"), ("acct_1", "ab")),
        ((None, "refund-1700000000123"), (None, "refund-1700000990123")),
        ((None, number), (None, f"{number[:6]}{values.close_to(number)}")),
        ((None, "sk_test_51abc_REAL"), (None, "sk_test_51abc_OTHER")),
        ((f"acct_{number}", "k2"), (f"acct_{number[:6]}{values.close_to(number)}", "k2")),
        ((None, f"•••{number}"), (None, "•••")),
        ((None, "K3"), (None, "k3")),
    ]

    def headers(account: str | None, key: str) -> dict[str, str | bytes]:
        own = {"Stripe-Account": account.encode()} if account else {}
        return {"Idempotency-Key": key.encode(), **own}

    for one, other in pairs:
        with trial.round(), Home() as home:
            server = home.serve()
            with Client(server.port) as client:
                first = client.post("/v1/customers", {"name": "one"}, headers(*one))
            server.kill()
            with Client(home.serve().port) as client:
                second = client.post("/v1/customers", {"name": "one"}, headers(*other))
                again = client.post("/v1/customers", {"name": "one"}, headers(*one))
            trial.expect(second.status == 200 and second.id != first.id, "two customers for two keys", (one, other), second.told()[:100])
            trial.expect(again.body == first.body, "the first answer again for the first key", one, again.told()[:100])
