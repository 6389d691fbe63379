"""Two servers and the command line on one folder: one ledger, whoever writes."""

from __future__ import annotations

import collections
import itertools
import threading
from collections.abc import Callable

import values
from attack import Trial, attack
from client import CARD, Answer, Client
from program import Home, Run, Server

AT_ONCE = 8


def together(calls: list[Callable[[], Answer]]) -> list[Answer | Exception]:
    """Makes the calls at the same moment, each on its own thread."""
    gate = threading.Barrier(len(calls))
    answers: list[Answer | Exception] = [RuntimeError("no answer")] * len(calls)

    def one(nth: int) -> None:
        gate.wait(30)
        try:
            answers[nth] = calls[nth]()
        except Exception as error:
            answers[nth] = error

    threads = [threading.Thread(target=one, args=(nth,), daemon=True) for nth in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def told(answers: list[Answer | Exception]) -> str:
    shown = [answer.told()[:60] if isinstance(answer, Answer) else repr(answer) for answer in answers]
    return str(collections.Counter(shown).most_common(4))


class Pair:
    """Two servers on one folder, with clients that are kept."""

    def __init__(self, home: Home):
        self.home = home
        self.servers: list[Server] = [home.serve(), home.serve()]
        self.clients = [Client(server.port) for server in self.servers for _ in range(AT_ONCE // 2)]

    def post(self, path: str, params: dict[str, str], headers: dict[str, str]) -> list[Answer | Exception]:
        return together([lambda client=client: client.post(path, params, headers) for client in self.clients])


KEYS: dict[str, Callable[[Trial, int], dict[str, str | bytes]]] = {
    "a UUID": lambda trial, nth: {"Idempotency-Key": f"0f8fad5b-d9cb-469f-a165-{trial.random.getrandbits(48):012x}"},
    "refund-1700000000123": lambda trial, nth: {"Idempotency-Key": f"refund-{1_700_000_000_123 + nth}"},
    "digits in an account": lambda trial, nth: {"Idempotency-Key": f"{17_000_000_000_123 + nth}", "Stripe-Account": "acct_1"},
    "a card number": lambda trial, nth: {"Idempotency-Key": values.card_number(trial.random)},
}


@attack("one key on two servers at once: carried out once", quick=40, full=600)
def one_key(trial: Trial) -> None:
    with Home() as home:
        pair = Pair(home)
        kinds = itertools.cycle(KEYS.items())
        charged: dict[str, str] = {}

        def once(nth: int) -> None:
            kind, headers_of = next(kinds)
            headers = headers_of(trial, nth)
            # The key of a ready token is the same for all: a second charge would go through.
            params = {"amount": str(2000 + nth), "currency": "usd", "source": "tok_visa", "metadata[order]": f"order-{nth}"}
            answers = pair.post("/v1/charges", params, headers)
            sent = f"{AT_ONCE} POST /v1/charges on two servers with the key {kind}"
            bodies = {answer.body for answer in answers if isinstance(answer, Answer) and answer.status == 200}
            trial.expect(len(bodies) == 1, "one answer for all with the same key", sent, f"{len(bodies)} answers: {told(answers)}")
            others = [answer for answer in answers if not isinstance(answer, Answer) or answer.status not in (200, 409)]
            trial.expect(not others, "200 or 409 for all", sent, told(others))
            charged[f"order-{nth}"] = kind

        trial.repeat(once)
        with trial.round():
            client = pair.clients[0]
            charges = {one["id"]: one for own in ({}, {"Stripe-Account": "acct_1"}) for one in client.all_of("/v1/charges", own)}
            orders = collections.Counter(charge["metadata"]["order"] for charge in charges.values())
            twice = collections.Counter(charged[order] for order, count in orders.items() if count > 1)
            trial.expect(not twice, "one charge an order", "the list of charges", f"double charges by key: {dict(twice)}")


@attack("one token on two servers at once: used once", quick=25, full=400)
def one_token(trial: Trial) -> None:
    with Home() as home:
        pair = Pair(home)

        def once(nth: int) -> None:
            token = pair.clients[nth % AT_ONCE].post("/v1/tokens", CARD)
            answers = pair.post("/v1/charges", {"amount": "2000", "currency": "usd", "source": token.id}, {})
            good = [answer for answer in answers if isinstance(answer, Answer) and answer.status == 200]
            refused = [
                answer for answer in answers
                if isinstance(answer, Answer) and answer.status == 400 and answer.json()["error"]["code"] == "token_already_used"
            ]
            sent = f"{AT_ONCE} charges of one token on two servers"
            is_once = len(good) == 1 and len(refused) == AT_ONCE - 1
            trial.expect(is_once, "one 200, and token_already_used for the others", sent, told(answers))

        trial.repeat(once)


@attack("two servers and the command line on one folder", quick=3, full=25)
def with_the_command_line(trial: Trial) -> None:
    with Home() as home:
        pair = Pair(home)
        home.mint()

        def once(nth: int) -> None:
            made = [pair.clients[0].post("/v1/tokens", CARD).id for _ in range(4)]
            runs: list[Run] = []
            lock = threading.Lock()

            def command(*args: str) -> None:
                run = home.run(*args)
                with lock:
                    runs.append(run)

            key = f"refund-{1_700_000_000_123 + nth}"
            charge = ("charge", made[0], "--amount", "2000", "--idempotency-key", key)
            commands = [
                charge, charge, ("mint", "--count", "20"), ("history", "--format", "json"), ("tag", made[1], "smoke"),
                ("export", str(home.beside(f"{nth}.json"))), ("token", made[2]), ("attach", made[3]), ("note", made[1], "hm"),
            ]
            threads = [threading.Thread(target=command, args=args, daemon=True) for args in commands]
            for thread in threads:
                thread.start()
            answers = pair.post("/v1/customers", {"name": "J*hn", "metadata[n]": f"{nth}"}, {"Idempotency-Key": f"c-{1_700_000_000_123 + nth}"})
            for thread in threads:
                thread.join(60)
            bodies = {answer.body for answer in answers if isinstance(answer, Answer)}
            trial.expect(len(bodies) == 1, "one customer for one key", "POST /v1/customers while commands run", told(answers))
            trial.expect(len(runs) == len(commands), "every command to end", commands, len(runs))
            for run in runs:
                trial.expect(run.code == 0, "exit 0 of every command", " ".join(run.args), run.told())
            charged = {run.out for run in runs if run.args[0] == "charge"}
            trial.expect(len(charged) == 1, "one charge by two commands with one key", " ".join(charge), charged)

        trial.repeat(once)
