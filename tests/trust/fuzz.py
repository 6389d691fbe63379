"""A fuzzer over forms, paths, headers and command lines. Bounded by count, and repeated by its seed."""

from __future__ import annotations

import concurrent.futures
import random
import re
import urllib.parse

import values
from attack import Trial, attack
from client import Answer, Bare
from program import KEY, Home, Run

ROUTES = [
    ("POST", "/v1/tokens"), ("GET", "/v1/tokens/{}"), ("POST", "/v1/charges"), ("GET", "/v1/charges"), ("GET", "/v1/charges/{}"),
    ("POST", "/v1/charges/{}"), ("POST", "/v1/charges/{}/capture"), ("GET", "/v1/charges/{}/refunds"), ("POST", "/v1/refunds"),
    ("POST", "/v1/charges/{}/refunds"), ("GET", "/v1/charges/{}/refunds/{}"), ("POST", "/v1/charges/{}/refund"),
    ("POST", "/v1/customers/{}/cards"), ("GET", "/v1/customers/{}/cards"), ("GET", "/v1/customers/{}/cards/{}"),
    ("GET", "/v1/refunds"), ("POST", "/v1/refunds/{}"), ("POST", "/v1/customers"), ("GET", "/v1/customers"), ("GET", "/v1/customers/{}"),
    ("POST", "/v1/customers/{}"), ("DELETE", "/v1/customers/{}"), ("POST", "/v1/customers/{}/sources"),
    ("GET", "/v1/customers/{}/sources"), ("DELETE", "/v1/customers/{}/sources/{}"), ("POST", "/v1/payment_methods"),
    ("GET", "/v1/payment_methods/{}"), ("GET", "/v1/payment_methods"), ("POST", "/v1/payment_methods/{}"),
    ("POST", "/v1/payment_methods/{}/attach"), ("POST", "/v1/payment_methods/{}/detach"),
    ("GET", "/v1/customers/{}/payment_methods"), ("GET", "/v1/customers/{}/payment_methods/{}"),
    ("GET", "/v1/disputes"), ("GET", "/v1/disputes/{}"), ("POST", "/v1/disputes/{}"), ("POST", "/v1/disputes/{}/close"),
    ("GET", "/v1/radar/early_fraud_warnings"), ("GET", "/v1/radar/early_fraud_warnings/{}"),
    ("POST", "/v1/payment_intents"), ("GET", "/v1/payment_intents"), ("GET", "/v1/payment_intents/{}"),
    ("POST", "/v1/payment_intents/{}"), ("POST", "/v1/payment_intents/{}/confirm"), ("POST", "/v1/payment_intents/{}/capture"),
    ("POST", "/v1/payment_intents/{}/cancel"), ("POST", "/v1/payment_intents/{}/increment_authorization"), ("POST", "/v1/setup_intents"), ("GET", "/v1/setup_intents"),
    ("GET", "/v1/setup_intents/{}"), ("POST", "/v1/setup_intents/{}"), ("POST", "/v1/setup_intents/{}/confirm"),
    ("POST", "/v1/setup_intents/{}/cancel"), ("GET", "/v1/account"), ("GET", "/v1/balance"), ("GET", "/v1/balance_transactions"), ("GET", "/v1/balance_transactions/{}"),
    ("GET", "/{}"), ("POST", "/v1/{}"), ("GET", "/_testcard/requests?limit={}"),
    ("POST", "/_testcard/{}"), ("GET", "/v1/customers/search?query={}"),
    ("GET", "/v1/events"), ("GET", "/v1/events/{}"), ("POST", "/v1/webhook_endpoints"), ("GET", "/v1/webhook_endpoints"),
    ("GET", "/v1/webhook_endpoints/{}"), ("POST", "/v1/webhook_endpoints/{}"), ("DELETE", "/v1/webhook_endpoints/{}"),
]
NAMES = [
    "card", "card[number]", "card[exp_month]", "card[exp_year]", "card[cvc]", "card[name]", "card[currency]", "card[networks][preferred]",
    "card[address_zip]", "amount", "currency", "source", "customer", "charge", "email", "name", "description", "phone", "limit",
    "starting_after", "ending_before", "expand[]", "expand[0]", "metadata[a]", "metadata", "capture", "created[gte]", "reason", "key",
    "address[line1]", "shipping[name]", "id", "type", "billing_details[email]", "default_source", "balance", "receipt_email",
    "transfer_data[destination]", "idempotency_key", "statement_descriptor",
    "statement_descriptor_suffix", "transfer_group", "reverse_transfer", "object", "payment_method", "payment_intent",
    "payment_method_data[type]", "payment_method_data[card][number]", "payment_method_data[card][token]", "return_url", "confirm",
    "client_secret", "capture_method", "off_session", "payment_method_types[]", "amount_to_capture", "cancellation_reason",
    "setup_future_usage", "payment_method_options[card][request_three_d_secure]", "automatic_payment_methods[enabled]",
]
WORDS = [
    "", " ", "0", "-1", "1", "42", "100", "2000", "99999999", "9999999999999999999999", "1e9", "0x10", "1.5", "true", "false", "null", "usd",
    "USD", "xyz", "tok_visa", "tok_chargeDeclined", "pm_card_visa", "cus_1", "ch_1", "4242424242424242", "4000000000000002", "12", "2049",
    "123", "J*hn", "•••", "🎉" * 50, "a" * 5001, "[]", "{}", "[[", "]]", "%00", "\0", "\n", "\r\n", "../..", "'; DROP TABLE entries; --", "\u202e",
    "\ud7ff", "\ufffd", "data.source", "data.customer.default_source", "balance_transaction.source", "tax_ids",
    "refunds.data.balance_transaction", "tok_" + "x" * 300,
]
HEADERS = ["Idempotency-Key", "Stripe-Account", "Stripe-Version", "Stripe-Context", "User-Agent", "Content-Type", "Accept-Encoding", "X-Any"]
VERSIONS = ["2026-08-26.dahlia", "2011-01-01", "x", "", "2026-99-99", "2020-08-27;orders_beta=v1"]


# Calls that are good as they stand: fuzzed ones begin with these as often as with nothing.
GOOD_CALLS = [
    ("POST", "/v1/tokens", "card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2049&card[cvc]=123"),
    ("POST", "/v1/charges", "amount=2000&currency=usd&source=tok_visa"),
    ("POST", "/v1/charges", "amount=2000&currency=usd&source=tok_visa&capture=false&description=x&metadata[a]=b"),
    ("POST", "/v1/customers", "email=a@example.com&name=Jenny&source=tok_visa"),
    ("POST", "/v1/customers", "description=x&metadata[order]=6735&phone=5551234"),
    ("POST", "/v1/payment_methods", "type=card&card[token]=tok_visa"),
    ("POST", "/v1/payment_intents", "amount=2000&currency=usd&payment_method=pm_card_visa&confirm=true&payment_method_types[]=card"),
    ("POST", "/v1/payment_intents", "amount=2000&currency=usd&payment_method=pm_card_threeDSecure2Required&capture_method=manual"),
    ("POST", "/v1/setup_intents", "payment_method=pm_card_visa&payment_method_types[]=card&confirm=true"),
    ("GET", "/v1/charges", "limit=3"), ("GET", "/v1/customers", "limit=3"), ("GET", "/v1/refunds", "limit=3"),
]


class Fuzzer:
    """Texts and requests from one source of random numbers; remembers ids, so that some are real."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        self.ids: list[str] = ["tok_visa"]

    def text(self) -> str:
        kind = self.rng.randrange(8)
        if kind < 3:
            return self.rng.choice(WORDS)
        if kind == 3:
            return self.rng.choice(self.ids)
        if kind == 4:
            return "".join(chr(self.rng.choice([self.rng.randrange(1, 128), self.rng.randrange(0xA0, 0xD7FF)])) for _ in range(self.rng.randrange(40)))
        if kind == 5:
            return values.card_number(self.rng)
        if kind == 6:
            return self.rng.choice(WORDS) * self.rng.randrange(1, 20) + self.rng.choice(WORDS)
        return str(self.rng.randrange(-10, 10**self.rng.randrange(1, 20)))

    def name(self) -> str:
        kind = self.rng.randrange(6)
        name = self.rng.choice(NAMES)
        if kind < 4:
            return name
        if kind == 4:
            return name + self.rng.choice(["[]", "[0]", "[a]", "[", "]", "[a][b][c]", "[][]", "."])
        return self.text()

    def form(self) -> bytes:
        pairs = [(self.name(), self.text()) for _ in range(self.rng.randrange(8))]
        if self.rng.random() < 0.4:
            pairs += [("card[number]", "4242424242424242"), ("card[exp_month]", "12"), ("card[exp_year]", "2049")]
        if self.rng.random() < 0.3:
            pairs += [("amount", "2000"), ("currency", "usd"), ("source", self.rng.choice(self.ids))]
        body = bytearray(urllib.parse.urlencode(pairs, errors="surrogatepass").encode())
        if self.rng.random() < 0.15 and body:
            for _ in range(self.rng.randrange(1, 6)):
                body[self.rng.randrange(len(body))] = self.rng.randrange(256)
        return bytes(body)

    def request(self) -> bytes:
        method, path = self.rng.choice(ROUTES)
        body = self.form()
        if self.rng.random() < 0.5:
            method, path, good = self.rng.choice(GOOD_CALLS)
            pairs = urllib.parse.parse_qsl(good)
            if self.rng.random() < 0.3:
                at = self.rng.randrange(len(pairs))
                pairs[at] = (pairs[at][0], self.text())
            if self.rng.random() < 0.2:
                pairs.append((self.name(), self.text()))
            body = urllib.parse.urlencode(pairs, errors="surrogatepass").encode()
        if self.rng.random() < 0.05:
            method = self.rng.choice(["GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"])
        while "{}" in path:
            part = self.rng.choice(self.ids) if self.rng.random() < 0.6 else urllib.parse.quote(self.text()[:200], safe="", errors="replace")
            path = path.replace("{}", part, 1)
        if method in ("GET", "HEAD", "DELETE"):
            query, body = urllib.parse.quote(body, safe="=&%+"), b""
            path += ("&" if "?" in path else "?") + query
        lines = [f"{method} {path} HTTP/1.1".encode(), b"Host: 127.0.0.1", b"Content-Length: %d" % len(body)]
        key = KEY if self.rng.random() < 0.95 else self.text()
        lines.append(b"Authorization: Bearer " + header_value(key))
        if self.rng.random() < 0.9:
            lines.append(b"Content-Type: application/x-www-form-urlencoded")
        for _ in range(self.rng.randrange(3)):
            name = self.rng.choice(HEADERS)
            value = self.rng.choice(VERSIONS) if name == "Stripe-Version" else self.text()
            lines.append(name.encode() + b": " + header_value(value))
        return b"\r\n".join(lines) + b"\r\n\r\n" + body

    def remember(self, answer: Answer) -> None:
        found = re.search(rb'"id": "([a-z]+_[0-9A-Za-z]+)"', answer.body)
        if found and len(self.ids) < 400:
            self.ids.append(found[1].decode())


def header_value(text: str) -> bytes:
    return re.sub(rb"[\x00-\x1f\x7f]", b"", text.encode("utf-8", "replace"))[:2000]


@attack("fuzzed forms, paths and headers", quick=4000, full=40_000)
def requests(trial: Trial) -> None:
    fuzzer = Fuzzer(trial.random)
    with Home() as home:
        server = home.serve()
        connection = Bare(server.port)
        statuses: dict[int, int] = {}

        def send_anew(sent: bytes) -> None:
            nonlocal connection
            connection.socket.close()
            connection = Bare(server.port)
            connection.send(sent.replace(b"HEAD", b"GET", 1))

        def once(_: int) -> None:
            sent = fuzzer.request()
            is_head = sent.startswith(b"HEAD")
            if is_head or not connection.send(sent):
                send_anew(sent)
            answer = connection.answer()
            if answer is None:
                # A connection may end between two calls, but a call on a new one is answered.
                send_anew(sent)
                answer = connection.answer()
            if not trial.expect(answer is not None, "an answer", sent, "the connection was closed"):
                return
            statuses[answer.status] = statuses.get(answer.status, 0) + 1
            trial.expect(answer.status < 500, "no status of 500 or above", sent, answer.told())
            # What is no call of the API is refused by HTTP itself, which has no words of Stripe's.
            if answer.status not in (405, 414, 431):
                try:
                    trial.expect(isinstance(answer.json(), dict), "an object of JSON", sent, answer.told())
                except ValueError as error:
                    trial.expect(False, "an object of JSON", sent, f"{answer.told()}: {error}")
            fuzzer.remember(answer)
            trial.expect(server.is_alive, "a server that lives", sent, server.errors()[-300:])

        trial.repeat(once)
        connection.socket.close()
        trial.expect(not server.panicked, "no panic", "fuzzed requests", server.errors()[-300:])
        run = home.run("export", str(home.beside("export.json")))
        trial.expect(run.code == 0, "an export afterwards", "fuzzed requests", run.told())
        trial.remark(f"{len(fuzzer.ids)} objects made; statuses {dict(sorted(statuses.items()))}")
        trial.expect(statuses.get(200, 0) > trial.planned / 20, "some requests that are good", "fuzzed requests", statuses)


COMMANDS = [
    "mint", "token", "charge", "attach", "refresh", "reset", "history", "snippet", "note", "tag", "export", "cards", "paths", "help", "salvage",
]
OPTIONS = [
    "--exp", "--cvc", "--no-cvc", "--name", "--address-zip", "--address-country", "--currency", "--network", "--param", "--without", "--count",
    "--format", "--target", "--profile", "--memory", "--seed", "--now", "--clock-runs", "--policy", "-v", "--status", "--search", "--tag",
    "--since", "--until", "--limit", "--sort", "--reverse", "--lang", "--local", "--amount", "--idempotency-key", "--customer", "--all",
    "--remove", "--to", "--force", "-h", "--version", "--",
]
GOOD_VALUES = {
    "--format": ["id", "json", "jsonl", "text", "table"], "--target": ["local"], "--count": ["1", "3", "0"], "--lang": ["php", "go", "curl"],
    "--status": ["unused", "used", "failed"], "--sort": ["created", "took", "card"], "--now": ["1893456000", "2030-01-01T00:00:00Z"],
    "--policy": ["raw_card_data=off", "raw_card_data=on"], "--limit": ["1", "0", "50"], "--exp": ["12/49", "13/20", "1/2"],
}


def command_line(fuzzer: Fuzzer, home: Home, nth: int) -> list[bytes]:
    rng = fuzzer.rng
    command = rng.choice(COMMANDS)
    args: list[str] = [command]
    if rng.random() < 0.6:
        args += [fuzzer.text() for _ in range(rng.randrange(3))]
    for _ in range(rng.randrange(4)):
        option = rng.choice(OPTIONS)
        args.append(option)
        if rng.random() < 0.8:
            args.append(rng.choice(GOOD_VALUES[option]) if option in GOOD_VALUES and rng.random() < 0.7 else fuzzer.text())
    # No more than some tokens at once, and files only where they are thrown away.
    if "--count" in args:
        at = args.index("--count")
        args[at + 1 : at + 2] = ["3"]
    if command in ("export", "salvage"):
        args = [command, str(home.beside(f"fuzz-{nth}")), *(arg for arg in args[1:] if arg.startswith("-") and arg != "--to")]
    cleaned = [arg.replace("\0", "").encode("utf-8", "replace") for arg in args]
    if rng.random() < 0.1:
        cleaned.append(rng.randbytes(12).replace(b"\0", b"\xff").replace(b"/", b"\xfe"))
    return cleaned


@attack("fuzzed command lines", quick=250, full=2500)
def command_lines(trial: Trial) -> None:
    fuzzer = Fuzzer(trial.random)
    with Home() as home, concurrent.futures.ThreadPoolExecutor(2) as pool:
        fuzzer.ids += home.mint(3)
        lines = [command_line(fuzzer, home, nth) for nth in range(trial.planned)]
        codes: dict[int, int] = {}

        def one(nth: int) -> Run:
            return home.run(*lines[nth])

        runs = list(pool.map(one, range(trial.planned)))

        def once(nth: int) -> None:
            run = runs[nth]
            codes[run.code] = codes.get(run.code, 0) + 1
            trial.expect(run.ended_well, "an exit status of the program's, and no panic", lines[nth], run.told())
            trial.expect(run.code == 0 or run.out + run.err != b"", "words with an error", lines[nth], run.told())
            trial.expect(run.code != 4, "a data folder that can be used", lines[nth], run.told())

        trial.repeat(once)
        trial.remark(f"exit statuses {dict(sorted(codes.items()))}")
        trial.expect(codes.get(0, 0) > 0 and codes.get(2, 0) > 0, "good and bad command lines", "all", codes)
        history = home.run("history", "--format", "json")
        trial.expect(history.code == 0, "a history afterwards", "fuzzed command lines", history.told())
