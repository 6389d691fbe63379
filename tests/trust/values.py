"""Values as people send them, and numbers that could be cards."""

from __future__ import annotations

import base64
import csv
import pathlib
import random
import re
import unicodedata
import uuid
from collections.abc import Iterator

CARDS = pathlib.Path(__file__).parents[2] / "assets" / "test-cards.csv"


def published() -> set[str]:
    with open(CARDS, newline="") as table:
        return {row["number"] for row in csv.DictReader(table)}


PUBLISHED = published()


def passes_check(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def with_check_digit(digits: str) -> str:
    return next(digits + last for last in "0123456789" if passes_check(digits + last))


def card_number(rng: random.Random) -> str:
    """A number of Visa's range and length that passes the check and is no published test card."""
    while True:
        number = with_check_digit("4539" + "".join(rng.choice("0123456789") for _ in range(11)))
        if number not in PUBLISHED:
            return number


def close_to(number: str) -> str:
    """Other ten last digits that leave six, four and the check of the number as they are."""
    six, middle, four = number[:6], number[6:-4], number[-4:]
    for other in range(10 ** len(middle)):
        changed = f"{other:0{len(middle)}}"
        if changed != middle and passes_check(six + changed + four):
            return changed + four
    raise AssertionError(number)


def may_hold_a_card(text: str) -> bool:
    """Whether a stretch of whole groups has 12 to 19 digits that pass the check: more than what may be replaced."""
    folded = "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in text)
    for run in re.findall(r"\d+(?:[\W_]{1,3}\d+)*", folded):
        groups = re.findall(r"\d+", run)
        for first in range(len(groups)):
            digits = ""
            for group in groups[first:]:
                digits += group
                if 12 <= len(digits) <= 19 and passes_check(digits):
                    return True
    return False


def realistic(rng: random.Random) -> Iterator[tuple[str, str]]:
    """One value of every kind, with the name of its kind. What by chance could be a card is left out."""
    while True:
        for kind, value in one_of_each(rng):
            if not may_hold_a_card(value):
                yield kind, value


def one_of_each(rng: random.Random) -> Iterator[tuple[str, str]]:
    def digits(count: int) -> str:
        return "".join(rng.choice("0123456789") for _ in range(count))

    millis = 1_700_000_000_000 + rng.randrange(10**10)
    yield "e-mail with a time", f"test+{millis}@example.com"
    yield "e-mail with nanoseconds", f"qa.{millis}{digits(6)}@example.com"
    yield "phone", f"+{rng.randint(1, 99)} {digits(3)} {digits(3)} {digits(4)}"
    yield "phone with dashes", f"+1-{digits(3)}-{digits(3)}-{digits(4)}"
    yield "phone without spaces", f"+49{digits(11)}"
    yield "phone with brackets", f"(0{digits(3)}) {digits(3)}-{digits(5)}"
    yield "order number", f"ORD-{digits(14)}"
    yield "order of digits", digits(15)
    yield "invoice", f"2026/{digits(4)}/{digits(6)}"
    ean = digits(12)
    yield "EAN", ean + str(-sum(int(c) * (3 if place % 2 else 1) for place, c in enumerate(ean)) % 10)
    yield "ISBN", f"978-{rng.randint(0, 9)}-{digits(4)}-{digits(4)}-{rng.randint(0, 9)}"
    yield "IBAN", f"DE{digits(2)} {digits(4)} {digits(4)} {digits(4)} {digits(4)} {digits(2)}"
    yield "IBAN without spaces", f"GB{digits(2)}WEST{digits(14)}"
    yield "float", repr(rng.random() * 1000)
    yield "float of one place", f"{digits(12)}.{digits(1)}"
    yield "coordinates", f"{rng.uniform(-90, 90):.12f},{rng.uniform(-180, 180):.12f}"
    yield "UUID", str(uuid.UUID(int=rng.getrandbits(128), version=4))
    yield "UUID of digits", f"{digits(8)}-{digits(4)}-4{digits(3)}-8{digits(3)}-{digits(12)}"
    yield "name with a star", rng.choice(["J*hn", "Apt *5", "M**", "*", "A * B"])
    yield "name with dots", rng.choice(["•••", "J•hn", "424242••••••4242 is what you saw"])
    yield "time", f"2026-11-{rng.randint(10, 28)}T22:{rng.randint(10, 59)}:33.{digits(6)}Z"
    yield "time in nanoseconds", f"{millis}{digits(6)}"
    yield "IPv4", ".".join(str(rng.randint(100, 255)) for _ in range(4))
    yield "parcel", f"1Z{digits(16)}"
    yield "hash", f"{rng.getrandbits(256):064x}"
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
    yield "JWT", f"{header}.{base64.urlsafe_b64encode(rng.randbytes(60)).decode().rstrip('=')}.{base64.urlsafe_b64encode(rng.randbytes(32)).decode().rstrip('=')}"
    yield "published card", rng.choice(sorted(PUBLISHED))
    yield "street", "123 Main Street"
    yield "words about codes", rng.choice(["discount code 123", "cvc", "no cvc on file", "zip code 94107"])
    yield "text", rng.choice(["Zoë Çelik 🎉", "  spaces  ", "line\none", "tab\tone", "0", "ß", "<b>&amp;</b>", "100%", "%34%32"])
