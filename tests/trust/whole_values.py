"""Values as people send them: what was sent is what is answered, kept, listed, found, exported and replayed."""

from __future__ import annotations

import itertools
import json
import uuid

import values
from attack import Trial, attack
from client import CARD, Answer, Client
from program import Home

# Where a customer takes free text.
PLACES = ["name", "description", "phone", "email", "metadata[value]", "address[line1]", "address[postal_code]", "shipping[name]"]


def at(body: dict, place: str) -> object:
    for part in place.replace("]", "").split("["):
        body = body[part]
    return body


def params_for(place: str, value: str) -> dict[str, str]:
    params = {place: value}
    if place == "shipping[name]":
        params["shipping[address][line1]"] = "1 Main Street"
    return params


@attack("realistic values come back whole: e-mails, phones, IBAN, floats…", quick=240, full=3000)
def values_come_back(trial: Trial) -> None:
    with Home() as home:
        server = home.serve()
        made: list[tuple[str, str, str, dict[str, str], Answer]] = []
        source, places = values.realistic(trial.random), itertools.cycle(PLACES)
        with Client(server.port) as client:

            def once(_: int) -> None:
                kind, value = next(source)
                place = next(places)
                if place == "email" and "@" not in value:
                    place = "description"
                headers = {"Idempotency-Key": f"{kind}-{uuid.UUID(int=trial.random.getrandbits(128))}"}
                params = params_for(place, value)
                answer = client.post("/v1/customers", params, headers)
                if answer.status != 200:
                    trial.expect(answer.status == 400, "a customer, or a refusal by the API's own rules", params, answer.told())
                    return
                came = at(answer.json(), place)
                trial.expect(came == value, f"the value that was sent: {kind}", params, came)
                got = client.get(f"/v1/customers/{answer.id}")
                trial.expect(got.json() == answer.json(), f"GET as POST answered: {kind}", params, at(got.json(), place))
                made.append((kind, place, value, headers, answer))

            trial.repeat(once)
            check_lists(trial, client, made)
        server.kill()
        with Client(home.serve().port) as client:
            check_replays(trial, client, made)
        trial.remark(f"{len(made)} of {trial.planned} values were taken by the API's own rules")
        trial.expect(len(made) > trial.planned * 0.8, "most values to be taken", "customers", len(made))


def check_lists(trial: Trial, client: Client, made: list[tuple[str, str, str, dict[str, str], Answer]]) -> None:
    listed = {one["id"]: one for one in client.all_of("/v1/customers")}
    emails: dict[str, set[str]] = {}
    for kind, place, value, _, answer in made:
        trial.expect(listed.get(answer.id) == answer.json(), f"the list as POST answered: {kind}", value, listed.get(answer.id))
        if place == "email":
            emails.setdefault(value, set()).add(answer.id)
    for email, ids in emails.items():
        found = client.call("GET", f"/v1/customers?limit=100&email={email.replace('+', '%2B')}").json()["data"]
        trial.expect({one["id"] for one in found} == ids, "?email= to find those with this e-mail", email, [one["email"] for one in found])


def check_replays(trial: Trial, client: Client, made: list[tuple[str, str, str, dict[str, str], Answer]]) -> None:
    for kind, place, value, headers, answer in made:
        again = client.post("/v1/customers", params_for(place, value), headers)
        trial.expect(again.body == answer.body, f"the same body at a replay after kill -9: {kind}", (place, value), again.told()[:120])
        got = client.get(f"/v1/customers/{answer.id}")
        trial.expect(got.json() == answer.json(), f"GET after kill -9 as POST answered: {kind}", (place, value), at(got.json(), place))


@attack("what may be a card or a code: answered = kept, listed and replayed", quick=80, full=1000)
def replaced_alike(trial: Trial) -> None:
    with Home() as home:
        server = home.serve()
        made: list[tuple[dict[str, str], dict[str, str], Answer]] = []
        with Client(server.port) as client:

            def once(nth: int) -> None:
                number = values.card_number(trial.random)
                value = trial.random.choice([number, f"{number[:4]} {number[4:8]} {number[8:12]} {number[12:]}", f"cvc is 7{nth % 90 + 10}"])
                params = {"description": f"from {value}", "metadata[n]": value, "metadata[part]": number[:8], "name": number[8:]}
                headers = {"Idempotency-Key": f"{uuid.UUID(int=trial.random.getrandbits(128))}"}
                answer = client.post("/v1/customers", params, headers)
                if trial.expect(answer.status == 200, "a customer", params, answer.told()):
                    got = client.get(f"/v1/customers/{answer.id}")
                    trial.expect(got.json() == answer.json(), "GET as POST answered", params, got.told()[:160])
                    parts = answer.json()["metadata"]["part"], answer.json()["name"]
                    trial.expect(parts == (number[:8], number[8:]), "eight digits whole, and not joined with others", params, parts)
                    made.append((params, headers, answer))

            trial.repeat(once)
        server.kill()
        with Client(home.serve().port) as client:
            for params, headers, answer in made:
                again = client.post("/v1/customers", params, headers)
                trial.expect(again.body == answer.body, "the same body at a replay after kill -9", params, again.told()[:160])


@attack("numbers are read as sent, and exports hold what was answered", quick=1, full=1)
def read_as_sent(trial: Trial) -> None:
    with trial.round(), Home() as home, Client(home.serve().port) as client:
        number = values.card_number(trial.random)
        answer = client.post("/v1/charges", {"amount": number, "currency": "usd", "source": "tok_visa"})
        code = answer.json()["error"].get("code")
        trial.expect(code == "amount_too_large", "amount_too_large", f"amount={number}", answer.told())
        answer = client.post("/v1/tokens", {**CARD, "card[name]": "J*hn 1700000000123"})
        trial.expect(answer.json()["card"]["name"] == "J*hn 1700000000123", "the name", "card[name]", answer.told())
        token = answer.id
        home.run("export", str(home.beside("export.json")))
        entries = json.loads(home.beside("export.json").read_text())["entries"]
        text = json.dumps(next(entry for entry in entries if entry["token"] == token), ensure_ascii=False)
        trial.expect("J*hn 1700000000123" in text, "the name in the export", "card[name]=J*hn 1700000000123", text)
