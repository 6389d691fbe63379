"""Planted secrets: numbers, security codes and keys, sent in every way, and looked for in all that is written and said."""

from __future__ import annotations

import base64
import concurrent.futures
import html
import json
import random
import re
import unicodedata
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import values
from attack import Trial, attack
from client import CARD, Client
from program import KEY, Home, Run, Server

# What joins the groups of one number, by the names of the characters.
SEPARATORS = {
    "nothing": "", "space": " ", "two spaces": "  ", "tab": "\t", "newline": "\n", "CR LF": "\r\n", "dash": "-", "dot": ".",
    "slash": "/", "underscore": "_", "plus": "+", "space dash space": " - ", "no-break space": "\u00a0", "em space": "\u2003",
    "figure space": "\u2007", "thin space": "\u2009", "ideographic space": "\u3000", "line separator": "\u2028",
    "soft hyphen": "\u00ad", "zero width space": "\u200b", "zero width joiner": "\u200d", "word joiner": "\u2060",
    "byte order mark": "\ufeff", "hyphen": "\u2010", "no-break hyphen": "\u2011", "figure dash": "\u2012", "en dash": "\u2013",
    "em dash": "\u2014", "minus": "\u2212",
}
# Only where a parameter is meant to hold a number.
MORE_SEPARATORS = {"comma": ",", "colon": ":", "star": "*", "words": " and "}
# The zeros of other scripts.
SCRIPTS = {
    "full width": 0xFF10, "Arabic-Indic": 0x0660, "Persian": 0x06F0, "Devanagari": 0x0966, "Bengali": 0x09E6, "Thai": 0x0E50,
    "Tamil": 0x0BE6, "mathematical bold": 0x1D7CE, "mathematical monospace": 0x1D7F6, "Osmanya": 0x104A0,
}
ENCODINGS: dict[str, Callable[[str], str]] = {
    "percent": lambda number: "".join(f"%{ord(c):02x}" for c in number),
    "percent of the separators": lambda number: "%20".join(re.findall("....", number)),
    "decimal entities": lambda number: "".join(f"&#{ord(c)};" for c in number),
    "hexadecimal entities": lambda number: "".join(f"&#x{ord(c):x};" for c in number),
    "JSON escapes": lambda number: "".join(f"\\u{ord(c):04x}" for c in number),
    "base64": lambda number: base64.b64encode(number.encode()).decode(),
    "base64 of the URL": lambda number: base64.urlsafe_b64encode(number.encode()).decode().rstrip("="),
}


@dataclass(frozen=True)
class Planted:
    """A secret, how it was written, and what must be found nowhere."""

    way: str
    text: str
    must_not_be: Callable[["Haystack"], bool]


class Haystack:
    """Bytes that were written or said, in the shapes that a secret may be read from."""

    def __init__(self, name: str, data: bytes):
        self.name = name
        self.text = data.decode("utf-8", "ignore")
        wide = "".join(data.decode(kind, "ignore") for kind in ("utf-16-le", "utf-16-be"))
        self.lower = self.text.lower()
        self.digits = {only_digits(self.text), only_digits(unescaped(self.text)), only_digits(wide)}

    def has_number(self, number: str) -> bool:
        return any(number in digits for digits in self.digits)


FOLDED = {chr(zero + value): str(value) for zero in [*SCRIPTS.values(), 0x30] for value in range(10)}


def only_digits(text: str) -> str:
    """All digits of a text in a row, whatever stands between them; letters break the row."""
    folded = "".join(FOLDED.get(c, c) if not c.isascii() else c for c in text)
    return re.sub(r"[^0-9a-zA-Z]+", "", folded)


def unescaped(text: str) -> str:
    """Without escapes of JSON, URLs and HTML, in one go each."""
    text = re.sub(r"\\\\?u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    text = re.sub(r"\\\\?[nrt]", " ", text)
    text = re.sub(r"%([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), text)
    return html.unescape(text)


def numbers(rng: random.Random) -> Iterator[Planted]:
    """A number of its own for every way to write one, so that what is found tells the way."""

    def planted(way: str, write: Callable[[str], str]) -> Planted:
        number = values.card_number(rng)
        text = write(number)
        if way.startswith("base64"):
            return Planted(way, text, lambda hay: text in hay.text)
        return Planted(way, text, lambda hay: hay.has_number(number))

    for name, separator in SEPARATORS.items():
        yield planted(f"groups of four, {name}", lambda number, s=separator: s.join(re.findall("....", number)))
        if separator:
            yield planted(f"every digit alone, {name}", lambda number, s=separator: s.join(number))
            yield planted(f"groups of 4-6-6, {name}", lambda number, s=separator: s.join([number[:4], number[4:10], number[10:]]))
    for name, zero in SCRIPTS.items():
        for between in ("", " ", "-"):
            yield planted(
                f"{name} digits, between them {between!r}",
                lambda number, z=zero, b=between: b.join("".join(chr(z + int(c)) for c in part) for part in re.findall("....", number)),
            )
    for name, encode in ENCODINGS.items():
        yield planted(name, encode)
    yield planted("beside other digits", lambda number: f"{number} 12/30")
    yield planted("after a count", lambda number: f"1 {number}")
    yield planted("between letters", lambda number: f"card{number}x")
    yield planted("in a URL", lambda number: f"https://example.com/?pan={number}&x=1")
    yield planted("in JSON", lambda number: json.dumps({"number": number}))


CODE_PARAMETERS = [
    "card[cvc]", "card[cvv]", "card[cvn]", "card[cvc2]", "card[cvv2]", "card[csc]", "card[cid]", "card[cav2]", "card[cvd]",
    "card[security_code]", "card[securityCode]", "card[SecurityCode]", "card[security-code]", "card[verification_value]",
    "card[verificationValue]", "card[verification_code]", "card[card_code]", "card[cardcode]", "card[card_verification_value]",
    "card[cvv_code]", "card[cvc_code]", "cvc", "CVV", "csc", "security_code", "card_cvc", "cardCvc", "card-cvv", "metadata[cvc]",
    "metadata[security_code]", "source[card][cvc]", "payment_method_data[card][cvc]", "card[CVC]",
]
CODE_PHRASES = [
    "cvc is {}", "CVC2: {}", "cvv: {}", "security code: {}", "security code {}", "CVC={}", "cvv2 = {}", "the card's CVV is {}",
    '{{"cvc": "{}"}}', '{{"securityCode":{}}}', "cvc {}", "CVV #{}", "cvv-{}", "cvc\t{}",
]
KEY_SHAPES = [
    "sk_test_51abc{0}_REAL{1}", "SK_TEST_{0}{1}", "sk_test_{0}_{1}", "rk_test_{0}{1}", "pk_test_{0}{1}", "ek_test_{0}{1}",
    "sk_org_test_{0}{1}", "sk_org_{0}{1}", "sk_org_live_{0}{1}", "whsec_{0}{1}", "whsec_{0}+/{1}=", "sk_live_{0}{1}",
    "rk_live_{0}_{1}", "pk_live_{0}{1}", "ek_live_{0}{1}", "ctl_{0}{1}", "Rk_Live_{0}{1}",
]


def codes(rng: random.Random) -> Iterator[tuple[str, str, re.Pattern[str]]]:
    """Parameter, value, and how it would look where it was kept: the code near the word that names it."""
    for name in CODE_PARAMETERS:
        code = str(rng.randrange(100, 999))
        last = re.escape(re.findall(r"[\w-]+", name)[-1])
        yield name, code, re.compile(rf"{last}[^0-9a-z]{{1,8}}{code}(?![0-9])", re.IGNORECASE)
    for phrase in CODE_PHRASES:
        code = str(rng.randrange(1000, 9999))
        text = phrase.format(code)
        place = rng.choice(["description", "metadata[note]", "name"])
        word = re.escape(re.findall(r"[A-Za-z]+", text)[-1] if " is " not in text else "is")
        yield place, text, re.compile(rf"{word}[^0-9]{{1,12}}{code}(?![0-9])", re.IGNORECASE)


def key_texts(rng: random.Random) -> Iterator[Planted]:
    for shape in KEY_SHAPES:
        first, second = ("".join(rng.choice("abcdefghijkmnpqrstuvwxyz") for _ in range(14)) for _ in range(2))
        text = shape.format(first, second)
        yield Planted(shape, text, lambda hay, a=first, b=second: a in hay.lower or b in hay.lower)


def everything_said(home: Home) -> list[Haystack]:
    """All files of the folder, and what the commands say of it."""
    found = [Haystack(f"file {path.relative_to(home.root)}", data) for path, data in home.files().items()]
    found.append(Haystack("what is packed in the history", home.packed()))
    home.run("export", "--force", str(home.beside("export.json")))
    found.append(Haystack("the export", home.beside("export.json").read_bytes()))
    for format in ["jsonl", "csv", "har", "env", "pytest", "typescript", "java", "go", "stripe-cli"]:
        home.run("export", "--force", "--format", format, str(home.beside(format)))
        found.append(Haystack(f"the export as {format}", home.beside(format).read_bytes()))
    for name in ["case.md", "case.html"]:
        home.run("evidence", "1", "2", "3", "--force", "--to", str(home.beside(name)))
        found.append(Haystack(f"the evidence {name}", home.beside(name).read_bytes()))
    for args in (["history", "--limit", "10000"], ["history", "--format", "json", "--limit", "10000"], ["snippet"], ["snippet", "--lang", "php"]):
        run = home.run(*args, "-vv")
        found.append(Haystack(f"stdout of {' '.join(args)}", run.out))
        found.append(Haystack(f"stderr of {' '.join(args)}", run.err))
    return found


def check_nowhere(trial: Trial, planted: list[Planted], haystacks: list[Haystack]) -> None:
    for one in planted:
        with trial.round():
            places = [hay.name for hay in haystacks if one.must_not_be(hay)]
            trial.expect(not places, f"a secret to be found nowhere: {one.way}", one.text, f"it is in {', '.join(places)}")


class Sender:
    """Sends a text in every place that takes one, and keeps what was answered."""

    def __init__(self, client: Client):
        self.client = client
        self.bodies: list[bytes] = []

    def post(self, path: str, params: dict[str, str], headers: dict[str, str | bytes] | None = None) -> None:
        self.bodies.append(self.client.post(path, params, headers).body)

    def everywhere(self, text: str) -> None:
        for place in ("description", "name", "metadata[note]", "email", "phone", "address[line1]", "unknown", f"metadata[{text[:30]}]"):
            self.post("/v1/customers", {place: text if place[0] != "m" or place == "metadata[note]" else "x"})
        self.post("/v1/tokens", {**CARD, "card[name]": text})
        self.post("/v1/tokens", {**CARD, "card[number]": text})
        for place in ("guid", "referrer", "client_attribution_metadata[client_session_id]", "_stripe_account", "_stripe_version"):
            self.post("/v1/tokens", {**CARD, place: text})
        self.post("/v1/tokens", {text: "x"})
        self.post("/v1/charges", {"amount": "100", "currency": "usd", "source": text})
        self.post("/v1/charges", {"amount": text, "currency": text, "description": text})
        self.post("/v1/charges", {"amount": "100", "currency": "usd", "source": "tok_createDispute"})
        dispute = json.loads(self.client.get("/v1/disputes?limit=1").body)["data"][0]["id"]
        self.post(f"/v1/disputes/{dispute}", {"evidence[uncategorized_text]": text, "evidence[receipt]": text, "metadata[note]": text})
        quoted = urllib.parse.quote(text, safe="")
        self.bodies.append(self.client.get(f"/v1/customers?email={quoted}").body)
        self.bodies.append(self.client.get(f"/v1/tokens/{quoted}").body)
        self.bodies.append(self.client.get(f"/v1/{quoted}").body)
        header = re.sub(rb"[\x00-\x1f\x7f]", b" ", text.encode())
        for name in ("Idempotency-Key", "User-Agent", "Stripe-Account", "Stripe-Version"):
            self.post("/v1/customers", {"name": "x"}, {name: header})
        self.post("/v1/customers", {"name": "x"}, {"Origin": b"http://" + header})

    def haystack(self) -> Haystack:
        return Haystack("the answers' bodies", b"\n".join(self.bodies))


def plant(trial: Trial, send: Callable[[Sender, Server], list[Planted]]) -> None:
    """A server that says all it does is sent secrets, which then are looked for in all that was said and kept."""
    for _ in range(trial.planned):
        with Home() as home:
            server = home.serve("-vv")
            with Client(server.port) as client:
                sender = Sender(client)
                planted = send(sender, server)
                requests = Haystack("the request log", json.dumps(client.requests(server.control)).encode())
            server.stop()
            log = Haystack("the server's log (-vv)", server.log.read_bytes())
            check_nowhere(trial, planted, [sender.haystack(), requests, log, *everything_said(home)])


@attack("planted card numbers: groups, scripts, encodings", quick=1, full=3)
def planted_numbers(trial: Trial) -> None:
    def send(sender: Sender, _: Server) -> list[Planted]:
        planted = list(numbers(trial.random))
        for one in planted:
            sender.everywhere(one.text)
        return planted

    plant(trial, send)


@attack("planted numbers in parameters that mean a number, any shape", quick=1, full=5)
def planted_in_number(trial: Trial) -> None:
    def send(sender: Sender, _: Server) -> list[Planted]:
        planted: list[Planted] = []
        for name in ("card[number]", "card_number", "cardnumber", "pan", "source[number]", "card[cardNumber]", "card[pan]"):
            for way, separator in {**SEPARATORS, **MORE_SEPARATORS}.items():
                # Not one that passes the check: such a parameter means a number whatever it holds.
                digits = "45" + "".join(trial.random.choice("0123456789") for _ in range(13))
                text = separator.join(re.findall("....?", digits))
                planted.append(Planted(f"{name}, {way}", text, lambda hay, d=digits: only_letters_out(d, hay)))
                sender.post("/v1/tokens", {"card[exp_month]": "12", "card[exp_year]": "2049", name: text})
        return planted

    plant(trial, send)


def only_letters_out(digits: str, hay: Haystack) -> bool:
    return hay.has_number(digits) or any(digits in found.replace("and", "") for found in hay.digits)


@attack("planted security codes: 47 ways to send one", quick=1, full=5)
def planted_codes(trial: Trial) -> None:
    def send(sender: Sender, _: Server) -> list[Planted]:
        planted: list[Planted] = []
        card = {name: value for name, value in CARD.items() if name != "card[cvc]"}
        for name, value, pattern in codes(trial.random):
            for path, others in (("/v1/tokens", card), ("/v1/customers", {}), ("/v1/charges", {"amount": "100", "currency": "usd"})):
                sender.post(path, {**others, name: value})
            way = f"{name}={value}" if value.isdigit() else value
            planted.append(Planted(way, value, lambda hay, p=pattern: p.search(hay.text) is not None))
        return planted

    plant(trial, send)


@attack("planted keys of every kind", quick=1, full=5)
def planted_keys(trial: Trial) -> None:
    def send(sender: Sender, server: Server) -> list[Planted]:
        planted = list(key_texts(trial.random))
        for one in planted:
            sender.everywhere(one.text)
            # Stripe shows the last four of a key that it refuses.
            sender.client.call("GET", "/v1/customers", key=one.text)
        own = Planted("the key that let the client in", KEY, lambda hay: KEY[len("sk_test_"):].lower() in hay.lower)
        control = Planted("the control token", server.control, lambda hay: server.control in hay.text)
        return [*planted, own, control]

    plant(trial, send)


# Each takes a text; what the program says of it must not hold it.
TEXT_COMMANDS: list[Callable[[str], list[str]]] = [
    lambda text: ["mint", "--name", text],
    lambda text: ["mint", f"--param=description={text}"],
    lambda text: ["mint", "--param", f"{text[:40]}=x"],
    lambda text: ["token", text],
    lambda text: ["charge", text],
    lambda text: ["charge", "tok_visa", "--idempotency-key", text],
    lambda text: ["note", "tok_1", text],
    lambda text: ["tag", text, text],
    lambda text: ["history", "--search", text],
    lambda text: ["mint", "--profile", text],
    lambda text: ["serve", "--policy", text],
    lambda text: ["run", "--matrix", "card=tok_visa", "--name", text],
    lambda text: ["run", "--matrix", f"card=tok_visa zip={text} amount={text}"],
    lambda text: ["run", "--preset", text],
    lambda text: ["run", "--again", text],
    lambda text: ["run", "--search", text],
    lambda text: ["runs", text, "--against", text],
]
SERVE = ["--memory", "--listen", "999.0.0.1:0"]
KEY_COMMANDS: list[Callable[[str], list[str]]] = [
    lambda key: ["serve", "--key", f" {key} x", *SERVE],
    lambda key: ["serve", f"--key=x{key}", *SERVE],
    lambda key: ["serve", "--kye", key, *SERVE],
    lambda key: ["mint", "--key", key],
]


@attack("planted secrets on the command line, and `serve --key`", quick=1, full=2)
def on_the_command_line(trial: Trial) -> None:
    for _ in range(trial.planned):
        with Home() as home, concurrent.futures.ThreadPoolExecutor(2) as pool:
            planted = [one for one in numbers(trial.random) if trial.random.random() < 0.1] + list(key_texts(trial.random))
            lines = [command(one.text) for one in planted for command in TEXT_COMMANDS]
            keys = list(key_texts(trial.random))
            lines += [command(one.text) for one in keys for command in KEY_COMMANDS]
            said = [hay for found in pool.map(lambda line: said_of(trial, home.run(*line, "-vv"), line), lines) for hay in found]
            for one in keys:
                run = home.run(
                    "mint", "--target", "stripe", "--base-url", "http://127.0.0.1:9", more={"STRIPE_SECRET_KEY": f"{one.text} "}
                )
                said += said_of(trial, run, ["mint", "with STRIPE_SECRET_KEY"])
            check_nowhere(trial, planted + keys, said + everything_said(home))


@attack("planted secrets in the lists of runs, and in their reports", quick=1, full=2)
def in_lists(trial: Trial) -> None:
    for _ in range(trial.planned):
        with Home() as home:
            planted = [one for one in numbers(trial.random) if trial.random.random() < 0.2] + list(key_texts(trial.random))
            rows = []
            for one in planted:
                rows += [{name: one.text} for name in ("card[number]", "card[name]", "note", "tags", "amount", "currency", "expect")]
                rows += [{"card[number]": "4242424242424242", "card[cvc]": one.text, "step": "charge", f"x[{one.text}]": "1"}]
            # A row with an expectation that is no code is refused, and refuses the whole list.
            wrong = home.beside("wrong.json")
            wrong.write_text(json.dumps(rows))
            said = said_of(trial, home.run("run", str(wrong)), ["run", "a wrong list"])
            listed = home.beside("list.json")
            listed.write_text(json.dumps([row for row in rows if "expect" not in row]))
            reports = {name: home.beside(f"report.{name}") for name in ("junit", "json", "markdown", "html")}
            asked = [word for name, path in reports.items() for word in ("--report", name, str(path))]
            said += said_of(trial, home.run("-vv", "run", str(listed), *asked), ["run", "a list"])
            said += said_of(trial, home.run("runs", "1", "--all"), ["runs", "1"])
            said += [Haystack(f"the {name} report", path.read_bytes()) for name, path in reports.items()]
            for path in (wrong, listed):
                path.unlink()
            check_nowhere(trial, planted, said + everything_said(home))


def said_of(trial: Trial, run: Run, line: list[str]) -> list[Haystack]:
    trial.expect(run.ended_well, "no panic", line, run.told())
    name = " ".join(line[:2])[:14]
    return [Haystack(f"stdout of {name}", run.out), Haystack(f"stderr of {name}", run.err)]
