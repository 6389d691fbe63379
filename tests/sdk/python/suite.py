"""Stripe's Python SDK, unmodified, against the local server.

The environment says where the server is: TESTCARD_URL, TESTCARD_CONTROL (its control token) and TESTCARD_PROGRAM, for
servers of a test's own.
"""

import datetime
import http.server
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

import stripe

URL = os.environ["TESTCARD_URL"]
CONTROL = os.environ["TESTCARD_CONTROL"]
PROGRAM = os.environ["TESTCARD_PROGRAM"]
TODAY = datetime.datetime.now(datetime.timezone.utc).date()
YEAR = TODAY.year + 3

# The keys of a card in the order in which Stripe writes them; the version of the API page lacks those in CURRENT. Of a
# token's card, `currency` is there only where one was sent; a customer's card shows other keys.
PAGE_VERSION = "2022-11-15"
CURRENT = ["email", "networks", "phone", "regulated_status"]
CARD = [
    "id", "object", "address_city", "address_country", "address_line1", "address_line1_check", "address_line2",
    "address_state", "address_zip", "address_zip_check", "brand", "country", "currency", "cvc_check", "dynamic_last4",
    "email", "exp_month", "exp_year", "fingerprint", "funding", "last4", "metadata", "name", "networks", "phone",
    "regulated_status", "tokenization_method", "wallet",
]
CUSTOMERS_CARD = [
    "id", "object", "address_city", "address_country", "address_line1", "address_line1_check", "address_line2",
    "address_state", "address_zip", "address_zip_check", "allow_redisplay", "brand", "country", "customer", "cvc_check",
    "dynamic_last4", "email", "exp_month", "exp_year", "fingerprint", "funding", "last4", "metadata", "name", "phone",
    "regulated_status", "tokenization_method", "wallet",
]
TOKEN = ["id", "object", "card", "client_ip", "created", "livemode", "type", "used"]
CHARGE = [
    "id", "object", "amount", "amount_captured", "amount_refunded", "application", "application_fee",
    "application_fee_amount", "balance_transaction", "billing_details", "calculated_statement_descriptor", "captured",
    "created", "currency", "customer", "description", "destination", "dispute", "disputed",
    "failure_balance_transaction", "failure_code", "failure_message", "fraud_details", "livemode", "metadata",
    "on_behalf_of", "order", "outcome", "paid", "payment_intent", "payment_method", "payment_method_details",
    "radar_options", "receipt_email", "receipt_number", "receipt_url", "refunded", "review", "shipping", "source",
    "source_transfer", "statement_descriptor", "statement_descriptor_suffix", "status", "transfer_data",
    "transfer_group",
]
# Number, code, decline_code, message and param of the charge that is declined.
DECLINES = [
    ("4000000000000002", "card_declined", "generic_decline", "Your card was declined.", None),
    ("4000000000009995", "card_declined", "insufficient_funds", "Your card has insufficient funds.", None),
    ("4000000000009987", "card_declined", "lost_card", "Your card was declined.", None),
    ("4000000000009979", "card_declined", "stolen_card", "Your card was declined.", None),
    ("4000000000000069", "expired_card", "expired_card", "Your card has expired.", "exp_month"),
    ("4000000000000127", "incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.", "cvc"),
    ("4000000000000119", "processing_error", "processing_error",
     "An error occurred while processing your card. Try again in a little bit.", None),
    ("4000000000006975", "card_declined", "card_velocity_exceeded",
     "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.", None),
]


def card(number="4242424242424242", **more):
    return {"number": number, "exp_month": "5", "exp_year": str(YEAR), "cvc": "314", **more}


def token(number="4242424242424242", **more):
    return stripe.Token.create(card=card(number, **more))


def charge(source, amount=2000, **more):
    return stripe.Charge.create(amount=amount, currency="usd", source=source, **more)


def sent(resource):
    """The answer exactly as it came, its keys in their order."""
    return json.loads(resource.last_response.body)


def wait_a_second():
    """Until the clock shows another second: `created` counts seconds."""
    start = int(time.time())
    while int(time.time()) == start:
        time.sleep(0.02)


def eventually(read, is_so):
    """What is read once it is so: what follows later does so by the clock, within seconds."""
    deadline = time.monotonic() + 60
    while not is_so(found := read()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def own_route(method, path, control=CONTROL):
    request = urllib.request.Request(URL + path, method=method, headers={"Authorization": f"Bearer {control}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


class Server:
    """A server of a test's own, with its own ledger; gone at the end of the block."""

    def __init__(self, *args):
        self.args = args

    def __enter__(self):
        self.home = tempfile.TemporaryDirectory()
        environment = {**os.environ, "TESTCARD_HOME": self.home.name}
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--listen", "127.0.0.1:0", *self.args],
            stdout=subprocess.PIPE, text=True, env=environment)
        self.url = self.process.stdout.readline().split()[-1]
        self.process.stdout.readline()
        return self

    def client(self, retries=0, key="sk_test_123"):
        return stripe.StripeClient(key, base_addresses={"api": self.url}, max_network_retries=retries).v1

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        self.process.stdout.close()
        self.home.cleanup()
        assert status == 0, status


class Suite(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        stripe.api_key = "sk_test_123"
        stripe.api_base = URL
        stripe.max_network_retries = 0

    def refused(self, kind, call, *, code, status, message=None, param=None):
        with self.assertRaises(kind) as caught:
            call()
        error = caught.exception
        self.assertIs(type(error), kind)
        # Not every class of the SDK passes the code on, so it is read from the body.
        self.assertEqual((error.http_status, error.json_body["error"].get("code")), (status, code), error)
        if message is not None:
            self.assertEqual(error.user_message, message)
        self.assertEqual(getattr(error, "param", None), param)
        return error


class Tokens(Suite):
    def check_card(self, shown, expected):
        keys = [key for key in CARD if key in expected]
        self.assertEqual(list(shown), keys)
        self.assertRegex(shown["id"], r"^card_1[0-9A-Za-z]{23}$")
        self.assertRegex(shown["fingerprint"], r"^[0-9A-Za-z]{16}$")
        rest = {key: value for key, value in shown.items() if key not in ("id", "fingerprint")}
        self.assertEqual(rest, {key: value for key, value in expected.items() if key not in ("id", "fingerprint")})

    def blank_card(self, is_current):
        known = dict.fromkeys(key for key in CARD if key != "currency" and (is_current or key not in CURRENT))
        known.update(object="card", brand="Visa", country="US", cvc_check="unchecked", exp_month=5, exp_year=YEAR,
                     funding="credit", last4="4242", metadata={})
        if is_current:
            known.update(networks={"preferred": None}, regulated_status="unregulated")
        return known

    def check_token(self, made, expected_card):
        whole = sent(made)
        self.assertEqual(list(whole), TOKEN)
        self.assertRegex(whole["id"], r"^tok_1[0-9A-Za-z]{23}$")
        # Time and account are in both ids.
        self.assertEqual(whole["id"][4:20], whole["card"]["id"][5:21])
        self.assertLessEqual(abs(whole["created"] - time.time()), 5)
        rest = {key: whole[key] for key in TOKEN if key not in ("id", "card", "created")}
        self.assertEqual(rest, {"object": "token", "client_ip": "127.0.0.1", "livemode": False, "type": "card",
                                "used": False})
        self.check_card(whole["card"], expected_card)

    def test_the_sample_of_the_api_page_gives_every_field(self):
        made = stripe.Token.create(
            card={"number": "4242424242424242", "exp_month": "5", "exp_year": str(YEAR), "cvc": "314"},
        )
        self.check_token(made, self.blank_card(is_current=True))
        headers = made.last_response.headers
        self.assertRegex(headers["Request-Id"], r"^req_[0-9A-Za-z]{14}$")
        self.assertEqual(headers["Original-Request"], headers["Request-Id"])
        self.assertEqual(headers["Stripe-Version"], stripe.api_version)
        self.assertEqual(headers["Stripe-Should-Retry"], "false")

    def test_the_version_of_the_api_page_gives_its_fields_only(self):
        made = stripe.Token.create(card=card(), stripe_version=PAGE_VERSION)
        self.check_token(made, self.blank_card(is_current=False))
        self.assertEqual(len(sent(made)["card"]), 23)

    def test_an_address_is_kept_and_not_yet_checked(self):
        address = {"name": "Jenny Rosen", "address_line1": "South Street 1", "address_line2": "2nd floor",
                   "address_city": "Köln", "address_state": "NRW", "address_zip": "50667",
                   "address_country": "Germany"}
        sent_card = {key: value for key, value in card(currency="eur", **address).items() if key != "cvc"}
        made = stripe.Token.create(card=sent_card)
        expected = {**self.blank_card(is_current=True), **address, "currency": "eur", "cvc_check": None,
                    "address_line1_check": "unchecked", "address_zip_check": "unchecked"}
        self.check_token(made, expected)

    def test_two_digit_years_and_numbers_for_text_are_good(self):
        made = stripe.Token.create(card=card(exp_month=5, exp_year=YEAR % 100))
        self.assertEqual((made.card.exp_month, made.card.exp_year), (5, YEAR))

    def test_a_token_is_retrieved_as_it_was_made(self):
        made = token()
        again = stripe.Token.retrieve(made.id, expand=["card"])
        self.assertEqual(again.last_response.body, made.last_response.body)
        self.assertNotIn("Stripe-Should-Retry", again.last_response.headers)
        self.refused(stripe.InvalidRequestError, lambda: stripe.Token.retrieve("tok_nope"), status=404,
                     code="resource_missing", message="No such token: 'tok_nope'", param="token")

    def test_one_number_has_one_fingerprint(self):
        self.assertEqual(token().card.fingerprint, token().card.fingerprint)
        self.assertNotEqual(token().card.fingerprint, token("4000056655665556").card.fingerprint)

    def test_brands_and_countries(self):
        for number, brand, funding, country in [
            ("4000056655665556", "Visa", "debit", "US"),
            ("5555555555554444", "MasterCard", "credit", "US"),
            ("5105105105105100", "MasterCard", "prepaid", "US"),
            ("378282246310005", "American Express", "credit", "US"),
            ("6011111111111117", "Discover", "credit", "US"),
            ("3056930009020004", "Diners Club", "credit", "US"),
            ("3566002020360505", "JCB", "credit", "JP"),
            ("6200000000000005", "UnionPay", "credit", "CN"),
            ("4000002760000016", "Visa", "credit", "DE"),
        ]:
            made = token(number).card
            self.assertEqual((made.brand, made.funding, made.country, made.last4),
                             (brand, funding, country, number[-4:]))

    def test_wrong_cards_are_refused_at_once(self):
        for fault, code, param, message in [
            ({"number": "4242424242424241"}, "incorrect_number", "number", "Your card number is incorrect."),
            ({"number": "abc"}, "invalid_number", "number", "The card number is not a valid credit card number."),
            ({"exp_month": "13"}, "invalid_expiry_month", "exp_month", "Your card's expiration month is invalid."),
            ({"exp_year": TODAY.year - 1}, "invalid_expiry_year", "exp_year",
             "Your card's expiration year is invalid."),
            ({"cvc": "99"}, "invalid_cvc", "cvc", "Your card's security code is invalid."),
        ]:
            self.refused(stripe.CardError, lambda: stripe.Token.create(card={**card(), **fault}), status=402,
                         code=code, param=param, message=message)

    def test_wrong_parameters_are_named(self):
        call = stripe.Token.create
        self.refused(stripe.InvalidRequestError, lambda: call(card={**card(), "colour": "red"}), status=400,
                     code="parameter_unknown", param="card[colour]",
                     message="Received unknown parameter: card[colour]")
        self.refused(stripe.InvalidRequestError, lambda: call(card={"number": "4242424242424242", "exp_month": 5}),
                     status=400, code="parameter_missing", param="card[exp_year]",
                     message="Missing required param: card[exp_year].")
        self.refused(stripe.InvalidRequestError, lambda: call(), status=400, code=None)

    def test_a_preferred_network_is_kept_where_it_fits(self):
        for number, preferred, kept in [
            ("4000002500001001", "cartes_bancaires", "cartes_bancaires"),
            ("4000002500001001", "visa", "visa"),
            ("4000002500001001", "mastercard", "invalid_preference"),
            ("5555552500001001", "cartes_bancaires", "cartes_bancaires"),
            ("4242424242424242", "cartes_bancaires", "invalid_preference"),
        ]:
            made = token(number, networks={"preferred": preferred})
            self.assertEqual(made.card.networks.preferred, kept, (number, preferred))
        paid = charge(token("4000002500001001", networks={"preferred": "cartes_bancaires"}).id)
        self.assertEqual(paid.payment_method_details.card.network, "cartes_bancaires")
        self.refused(stripe.InvalidRequestError, lambda: token(networks={"preferred": "amex"}), status=400,
                     code=None, param="card[networks][preferred]",
                     message="Invalid card[networks][preferred]: must be one of cartes_bancaires, mastercard, or visa")


class Charges(Suite):
    def test_a_token_is_charged_once(self):
        made = token(address_zip="12345")
        paid = charge(made.id, description="Order 7", metadata={"order": "7"})
        whole = sent(paid)
        self.assertEqual(list(whole), CHARGE)
        self.assertRegex(paid.id, r"^ch_1[0-9A-Za-z]{23}$")
        for key, value in [
            ("amount", 2000), ("amount_captured", 2000), ("amount_refunded", 0), ("captured", True),
            ("currency", "usd"), ("customer", None), ("description", "Order 7"), ("disputed", False),
            ("failure_code", None), ("failure_message", None), ("livemode", False), ("metadata", {"order": "7"}),
            ("paid", True), ("refunded", False), ("status", "succeeded"), ("payment_method", made.card.id),
        ]:
            self.assertEqual(whole[key], value, key)
        self.assertRegex(whole["balance_transaction"], r"^txn_1[0-9A-Za-z]{23}$")
        self.assertEqual(whole["outcome"]["type"], "authorized")
        self.assertEqual(whole["outcome"]["network_status"], "approved_by_network")
        self.assertEqual(whole["outcome"]["seller_message"], "Payment complete.")
        # The card is the token's, and by now the bank has seen it; a charge shows some keys of a customer's card.
        expected = {**sent(made)["card"], "allow_redisplay": "unspecified", "customer": None, "cvc_check": "pass",
                    "address_zip_check": "pass"}
        del expected["networks"]
        self.assertEqual(whole["source"], expected)
        self.assertEqual(whole["payment_method_details"]["card"]["checks"],
                         {"address_line1_check": None, "address_postal_code_check": "pass", "cvc_check": "pass"})
        self.assertEqual(sent(stripe.Charge.retrieve(paid.id)), whole)

        kept = stripe.Token.retrieve(made.id)
        self.assertIs(kept.used, True)
        self.assertEqual(kept.card.cvc_check, "unchecked")
        self.refused(stripe.InvalidRequestError, lambda: charge(made.id), status=400, code="token_already_used",
                     message=f"You cannot use a Stripe token more than once: {made.id}.")

    def test_a_charge_refused_in_validation_leaves_the_token_unused(self):
        made = token()
        self.refused(stripe.InvalidRequestError, lambda: charge(made.id, amount=49), status=400,
                     code="amount_too_small", param="amount", message="Amount must be at least $0.50 usd")
        self.refused(stripe.InvalidRequestError, lambda: charge(made.id, amount=20.5), status=400,
                     code="parameter_invalid_integer", param="amount", message="Invalid integer: 20.5")
        self.refused(stripe.InvalidRequestError, lambda: stripe.Charge.create(source=made.id, currency="usd"),
                     status=400, code="parameter_missing", param="amount",
                     message="Missing required param: amount.")
        self.refused(stripe.InvalidRequestError,
                     lambda: stripe.Charge.create(amount=100, currency="usd"), status=400,
                     code="parameter_missing", message="Must provide source or customer.")
        self.assertIs(stripe.Token.retrieve(made.id).used, False)
        self.assertEqual(charge(made.id).status, "succeeded")

    def test_declined_cards_make_tokens_and_fail_at_the_charge(self):
        for number, code, decline_code, message, param in DECLINES:
            with self.subTest(number=number):
                made = token(number)
                error = self.refused(stripe.CardError, lambda: charge(made.id), status=402, code=code,
                                     message=message, param=param)
                self.assertEqual(error.error.type, "card_error")
                self.assertEqual(error.error.decline_code, decline_code)
                self.assertEqual(error.error.doc_url,
                                 "https://stripe.com/docs/error-codes/" + code.replace("_", "-"))
                self.assertEqual(error.headers["Stripe-Should-Retry"], "false")
                failed = stripe.Charge.retrieve(error.error.charge)
                self.assertEqual((failed.status, failed.paid, failed.captured, failed.failure_code,
                                  failed.failure_message, failed.receipt_url),
                                 ("failed", False, False, code, message, None))
                self.assertEqual((failed.outcome.type, failed.outcome.network_status, failed.outcome.reason),
                                 ("issuer_declined", "declined_by_network", decline_code))
                # A decline uses the token up.
                self.assertIs(stripe.Token.retrieve(made.id).used, True)
                self.refused(stripe.InvalidRequestError, lambda: charge(made.id), status=400,
                             code="token_already_used")

    def test_a_code_that_was_not_sent_cannot_be_wrong(self):
        sent_card = card("4000000000000127")
        del sent_card["cvc"]
        paid = charge(stripe.Token.create(card=sent_card).id)
        self.assertIsNone(paid.source.cvc_check)

    def test_ready_aliases_are_charged_again_and_again(self):
        first, second = charge("tok_visa"), charge("tok_visa")
        self.assertNotEqual(first.source.id, second.source.id)
        self.assertEqual(first.source.fingerprint, second.source.fingerprint)
        self.assertEqual(charge("tok_mastercard").source.brand, "MasterCard")
        error = self.refused(stripe.CardError, lambda: charge("tok_chargeDeclined"), status=402,
                             code="card_declined", message="Your card was declined.")
        self.assertEqual(error.error.decline_code, "generic_decline")
        error = self.refused(stripe.CardError, lambda: charge("tok_chargeDeclinedInsufficientFunds"), status=402,
                             code="card_declined")
        self.assertEqual(error.error.decline_code, "insufficient_funds")
        self.refused(stripe.InvalidRequestError, lambda: charge("tok_nothing"), status=400,
                     code="resource_missing", param="source", message="No such token: 'tok_nothing'")

    def test_a_charge_is_captured_later(self):
        held = charge(token().id, capture=False)
        self.assertEqual((held.captured, held.paid, held.amount_captured, held.balance_transaction),
                         (False, True, 0, None))
        taken = stripe.Charge.capture(held.id, amount=1500)
        self.assertEqual((taken.captured, taken.amount_captured, taken.amount_refunded, taken.refunded),
                         (True, 1500, 500, False))
        [rest] = stripe.Refund.list(charge=held.id).data
        self.assertEqual((rest.amount, rest.charge), (500, held.id))
        self.refused(stripe.InvalidRequestError, lambda: stripe.Charge.capture(held.id), status=400,
                     code="charge_already_captured", message=f"Charge {held.id} has already been captured.")

    def test_a_charge_is_paid_back_in_pieces(self):
        paid = charge(token().id)
        first = stripe.Refund.create(charge=paid.id, amount=500, reason="requested_by_customer",
                                     metadata={"why": "late"})
        self.assertRegex(first.id, r"^re_1[0-9A-Za-z]{23}$")
        self.assertEqual((first.object, first.amount, first.charge, first.currency, first.status, first.reason),
                         ("refund", 500, paid.id, "usd", "succeeded", "requested_by_customer"))
        self.assertEqual(sent(first)["metadata"], {"why": "late"})
        self.assertEqual(stripe.Refund.retrieve(first.id, expand=["charge"]).charge.amount_refunded, 500)
        changed = stripe.Refund.modify(first.id, metadata={"why": "very late"})
        self.assertEqual(sent(changed)["metadata"], {"why": "very late"})
        self.refused(stripe.InvalidRequestError, lambda: stripe.Refund.create(charge=paid.id, amount=1501),
                     status=400, code=None, param="amount",
                     message="Refund amount ($15.01) is greater than unrefunded amount on charge ($15.00)")
        rest = stripe.Refund.create(charge=paid.id)
        self.assertEqual(rest.amount, 1500)
        whole = stripe.Charge.retrieve(paid.id, expand=["refunds"])
        self.assertEqual((whole.refunded, whole.amount_refunded), (True, 2000))
        self.assertEqual([refund.id for refund in whole.refunds.data], [rest.id, first.id])
        self.assertEqual([refund.id for refund in stripe.Refund.list(charge=paid.id)], [rest.id, first.id])
        self.refused(stripe.InvalidRequestError, lambda: stripe.Refund.create(charge=paid.id), status=400,
                     code="charge_already_refunded", message=f"Charge {paid.id} has already been refunded.")

    def test_metadata_is_added_changed_and_taken_away(self):
        paid = charge(token().id, metadata={"order": "7", "colour": "red"})
        changed = stripe.Charge.modify(paid.id, description="Gift", metadata={"order": "8", "colour": ""})
        self.assertEqual((sent(changed)["metadata"], changed.description), ({"order": "8"}, "Gift"))
        self.assertEqual(sent(stripe.Charge.modify(paid.id, metadata=""))["metadata"], {})

    def test_a_raw_card_dictionary_is_refused_in_words_that_name_tokens(self):
        for call in [
            lambda: charge({"object": "card", **card()}),
            lambda: stripe.Customer.create(source={"object": "card", **card()}),
        ]:
            error = self.refused(stripe.InvalidRequestError, call, status=400, code=None, param="source")
            self.assertIn("make a token", error.user_message)
            self.assertNotIn("4242424242424242", str(error))


class Customers(Suite):
    def test_a_customer_is_made_with_a_card_and_charged(self):
        made = token()
        customer = stripe.Customer.create(source=made.id, email="jenny@example.com", name="Jenny Rosen",
                                          metadata={"tier": "gold"})
        self.assertRegex(customer.id, r"^cus_[0-9A-Za-z]{14}$")
        self.assertEqual((customer.default_source, customer.email, customer.name),
                         (made.card.id, "jenny@example.com", "Jenny Rosen"))
        self.assertIs(stripe.Token.retrieve(made.id).used, True)
        paid = stripe.Charge.create(amount=700, currency="eur", customer=customer.id)
        self.assertEqual((paid.customer, paid.source.id, paid.source.customer),
                         (customer.id, made.card.id, customer.id))
        whole = stripe.Charge.retrieve(paid.id, expand=["customer.default_source"])
        self.assertEqual((whole.customer.email, whole.customer.default_source.last4),
                         ("jenny@example.com", "4242"))

    def test_cards_of_a_customer_are_added_listed_changed_and_deleted(self):
        customer = stripe.Customer.create()
        first = stripe.Customer.create_source(customer.id, source=token(address_zip="12345").id)
        second = stripe.Customer.create_source(customer.id, source=token("5555555555554444").id)
        whole = sent(first)
        self.assertEqual(list(whole), CUSTOMERS_CARD)
        self.assertEqual((whole["customer"], whole["cvc_check"], whole["address_zip_check"]),
                         (customer.id, "pass", "pass"))
        listed = stripe.Customer.list_sources(customer.id, object="card")
        self.assertEqual([entry.id for entry in listed], [second.id, first.id])
        self.assertEqual((listed.url, listed.has_more), (f"/v1/customers/{customer.id}/sources", False))
        self.assertEqual(stripe.Customer.retrieve(customer.id).default_source, first.id)
        self.assertEqual(sent(stripe.Customer.retrieve_source(customer.id, first.id)), whole)
        changed = stripe.Customer.modify_source(customer.id, first.id, name="Jenny Rosen", exp_month=12,
                                                exp_year=YEAR + 1, metadata={"wallet": "left"})
        self.assertEqual((changed.name, changed.exp_month, changed.exp_year), ("Jenny Rosen", 12, YEAR + 1))
        gone = stripe.Customer.delete_source(customer.id, first.id)
        self.assertEqual(sent(gone), {"id": first.id, "object": "card", "deleted": True})
        self.assertEqual(stripe.Customer.retrieve(customer.id).default_source, second.id)
        self.refused(stripe.InvalidRequestError, lambda: stripe.Customer.retrieve_source(customer.id, first.id),
                     status=404, code="resource_missing", param="id", message=f"No such source: '{first.id}'")
        sources = stripe.Customer.retrieve(customer.id, expand=["sources"]).sources
        self.assertEqual([entry.id for entry in sources.data], [second.id])

    def test_a_new_source_takes_the_place_of_the_default_one(self):
        customer = stripe.Customer.create(source=token().id)
        made = token("5555555555554444")
        changed = stripe.Customer.modify(customer.id, source=made.id)
        self.assertEqual(changed.default_source, made.card.id)
        self.assertEqual([entry.id for entry in stripe.Customer.list_sources(customer.id)], [made.card.id])

    def test_a_declined_card_is_not_attached(self):
        customer = stripe.Customer.create()
        made = token("4000000000000002")
        error = self.refused(stripe.CardError, lambda: stripe.Customer.create_source(customer.id, source=made.id),
                             status=402, code="card_declined", param="", message="Your card was declined.")
        self.assertEqual(error.error.decline_code, "generic_decline")
        self.assertEqual(error.error.network_decline_code, "01")
        self.assertEqual(list(stripe.Customer.list_sources(customer.id)), [])
        before = len(list(stripe.Customer.list(limit=100).auto_paging_iter()))
        self.refused(stripe.CardError, lambda: stripe.Customer.create(source=token("4000000000009995").id),
                     status=402, code="card_declined", param="", message="Your card has insufficient funds.")
        self.assertEqual(len(list(stripe.Customer.list(limit=100).auto_paging_iter())), before)

    def test_a_card_that_attaches_and_fails_later(self):
        customer = stripe.Customer.create(source=token("4000000000000341").id)
        self.refused(stripe.CardError,
                     lambda: stripe.Charge.create(amount=100, currency="usd", customer=customer.id), status=402,
                     code="card_declined", message="Your card was declined.")

    def test_a_customer_without_a_card_cannot_be_charged(self):
        customer = stripe.Customer.create()
        error = self.refused(stripe.CardError,
                             lambda: stripe.Charge.create(amount=100, currency="usd", customer=customer.id),
                             status=402, code="missing", param="card")
        self.assertTrue(error.user_message.startswith("This Customer doesn't have any saved payment details."))

    def test_a_customer_is_found_by_email_and_deleted(self):
        wanted = stripe.Customer.create(email="found@example.com")
        stripe.Customer.create(email="other@example.com")
        self.assertEqual([entry.id for entry in stripe.Customer.list(email="found@example.com")], [wanted.id])
        gone = stripe.Customer.delete(wanted.id)
        self.assertEqual(sent(gone), {"id": wanted.id, "object": "customer", "deleted": True})
        self.assertIs(stripe.Customer.retrieve(wanted.id).deleted, True)
        self.refused(stripe.InvalidRequestError, lambda: stripe.Customer.retrieve("cus_nope"), status=404,
                     code="resource_missing", param="id", message="No such customer: 'cus_nope'")

    def test_a_payment_method_is_made_of_a_token(self):
        made = token()
        method = stripe.PaymentMethod.create(type="card", card={"token": made.id})
        self.assertRegex(method.id, r"^pm_1[0-9A-Za-z]{23}$")
        self.assertEqual((method.type, method.card.brand, method.card.last4, method.card.exp_year),
                         ("card", "visa", "4242", YEAR))
        self.assertIs(stripe.Token.retrieve(made.id).used, True)
        self.assertEqual(sent(stripe.PaymentMethod.retrieve(method.id)), sent(method))


def pay(method, **more):
    return stripe.PaymentIntent.create(amount=2000, currency="usd", payment_method=method, payment_method_types=["card"],
                                       confirm=True, **more)


def authenticate(intent, result):
    """What the payer does at the bank's page, which a browser would do at Stripe."""
    return own_route("POST", f"/_testcard/authenticate?intent={intent}&result={result}")


class Intents(Suite):
    def test_a_payment_goes_from_its_amount_to_its_refund(self):
        customer = stripe.Customer.create(email="payer@example.com")
        made = token()
        method = stripe.PaymentMethod.create(type="card", card={"token": made.id})
        self.assertEqual(stripe.PaymentMethod.attach(method.id, customer=customer.id).customer, customer.id)
        self.assertEqual([entry.id for entry in stripe.PaymentMethod.list(customer=customer.id, type="card")], [method.id])
        intent = stripe.PaymentIntent.create(amount=2000, currency="usd", customer=customer.id, metadata={"order": "6"},
                                             payment_method_types=["card"])
        self.assertEqual((intent.status, intent.payment_method), ("requires_payment_method", None))
        self.assertRegex(intent.id, r"^pi_3[0-9A-Za-z]{23}$")
        self.assertRegex(intent.client_secret, rf"^{intent.id}_secret_[0-9A-Za-z]{{25}}$")
        intent = stripe.PaymentIntent.modify(intent.id, payment_method=method.id, amount=2500)
        self.assertEqual((intent.status, intent.amount), ("requires_confirmation", 2500))
        intent = stripe.PaymentIntent.confirm(intent.id, expand=["latest_charge.balance_transaction"])
        self.assertEqual((intent.status, intent.amount_received), ("succeeded", 2500))
        paid = intent.latest_charge
        self.assertEqual((paid.payment_intent, paid.payment_method, paid.customer, paid.metadata["order"]),
                         (intent.id, method.id, customer.id, "6"))
        self.assertEqual((paid.balance_transaction.amount, paid.balance_transaction.type), (2500, "charge"))
        found = stripe.BalanceTransaction.retrieve(paid.balance_transaction.id)
        self.assertEqual(found.source, paid.id)
        self.assertTrue(stripe.Account.retrieve().charges_enabled)
        before = stripe.Balance.retrieve().pending[0]
        refund = stripe.Refund.create(payment_intent=intent.id, amount=500)
        self.assertEqual((refund.payment_intent, refund.charge, refund.status), (intent.id, paid.id, "succeeded"))
        after = stripe.Balance.retrieve().pending[0]
        self.assertEqual((after.currency, after.amount), ("usd", before.amount - 500))
        self.assertEqual([entry.id for entry in stripe.PaymentIntent.list(customer=customer.id)], [intent.id])
        self.assertIsNone(stripe.PaymentMethod.detach(method.id).customer)

    def test_what_is_held_is_captured_or_given_back(self):
        held = pay("pm_card_visa", capture_method="manual")
        self.assertEqual((held.status, held.amount_capturable), ("requires_capture", 2000))
        done = stripe.PaymentIntent.capture(held.id, amount_to_capture=1500)
        self.assertEqual((done.status, done.amount_received), ("succeeded", 1500))
        self.refused(stripe.InvalidRequestError, lambda: stripe.PaymentIntent.capture(held.id), status=400,
                     code="payment_intent_unexpected_state",
                     message="This PaymentIntent could not be captured because it has already been captured.")
        held = pay("pm_card_visa", capture_method="manual")
        gone = stripe.PaymentIntent.cancel(held.id, cancellation_reason="requested_by_customer")
        self.assertEqual((gone.status, gone.cancellation_reason), ("canceled", "requested_by_customer"))
        self.assertIs(stripe.Charge.retrieve(held.latest_charge).refunded, True)

    def test_a_part_is_authorized_and_what_is_held_is_raised(self):
        options = {"card": {"request_partial_authorization": "if_available",
                            "request_incremental_authorization": "if_available"}}
        part = pay("pm_card_debit_partialAuthorization", payment_method_options=options)
        card = stripe.Charge.retrieve(part.latest_charge).payment_method_details.card
        self.assertEqual((part.status, part.amount, part.amount_received), ("succeeded", 1400, 1400))
        self.assertEqual((card.amount_authorized, card.amount_requested, card.partial_authorization.status),
                         (1400, 2000, "partially_authorized"))
        held = pay("pm_card_visa", capture_method="manual", payment_method_options=options)
        raised = stripe.PaymentIntent.increment_authorization(held.id, amount=3000)
        self.assertEqual((raised.status, raised.amount, raised.amount_capturable), ("requires_capture", 3000, 3000))
        self.assertEqual(stripe.PaymentIntent.capture(held.id).amount_received, 3000)

    def test_a_dispute_is_answered_and_won(self):
        intent = pay("pm_card_createDispute")
        (dispute,) = stripe.Dispute.list(payment_intent=intent.id).data
        self.assertEqual((dispute.status, dispute.reason, dispute.amount), ("needs_response", "fraudulent", 2000))
        self.assertEqual([entry.net for entry in dispute.balance_transactions], [-3500])
        self.refused(stripe.InvalidRequestError, lambda: stripe.Refund.create(payment_intent=intent.id), status=400,
                     code="charge_disputed",
                     message=f"Charge {intent.latest_charge} has been charged back; cannot issue a refund.")
        said = stripe.Dispute.modify(dispute.id, evidence={"uncategorized_text": "winning_evidence"}, submit=True)
        self.assertEqual((said.status, said.evidence_details.submission_count), ("under_review", 1))
        decided = eventually(lambda: stripe.Dispute.retrieve(dispute.id), lambda found: found.status != "under_review")
        self.assertEqual((decided.status, decided.is_charge_refundable), ("won", True))
        self.assertEqual(stripe.Refund.create(payment_intent=intent.id).status, "succeeded")
        lost = stripe.Dispute.list(payment_intent=pay("pm_card_createDispute").id).data[0]
        self.assertEqual(stripe.Dispute.close(lost.id).status, "lost")
        self.refused(stripe.InvalidRequestError, lambda: stripe.Dispute.close(lost.id), status=400, code=None,
                     message="This dispute is already closed")

    def test_a_refund_fails_later_and_a_bank_warns_of_fraud(self):
        intent = pay("pm_card_refundFail")
        refund = stripe.Refund.create(payment_intent=intent.id)
        self.assertEqual(refund.status, "succeeded")
        failed = eventually(lambda: stripe.Refund.retrieve(refund.id), lambda found: found.status != "succeeded")
        self.assertEqual((failed.status, failed.failure_reason), ("failed", "expired_or_canceled_card"))
        self.assertEqual(stripe.Charge.retrieve(intent.latest_charge).amount_refunded, 0)
        intent = pay("pm_card_createIssuerFraudRecord")
        (warning,) = stripe.radar.EarlyFraudWarning.list(payment_intent=intent.id).data
        self.assertEqual((warning.charge, warning.actionable), (intent.latest_charge, True))

    def test_declines_are_errors_of_the_sdks_own_kinds(self):
        for number, code, decline_code, message, param in DECLINES:
            method = stripe.PaymentMethod.create(type="card", card=card(number))
            error = self.refused(stripe.CardError, lambda method=method: pay(method.id), status=402, code=code,
                                 message=message, param=param)
            self.assertEqual(error.json_body["error"]["decline_code"], decline_code)
            intent = stripe.PaymentIntent.retrieve(error.json_body["error"]["payment_intent"]["id"])
            self.assertEqual((intent.status, intent.last_payment_error.code), ("requires_payment_method", code))
            self.assertEqual(stripe.PaymentIntent.confirm(intent.id, payment_method="pm_card_visa").status, "succeeded")

    def test_a_payer_authenticates_by_the_api(self):
        intent = pay("pm_card_threeDSecure2Required")
        self.assertEqual((intent.status, intent.next_action.type), ("requires_action", "use_stripe_sdk"))
        self.assertEqual(authenticate(intent.id, "complete")["status"], "succeeded")
        charge = stripe.PaymentIntent.retrieve(intent.id, expand=["latest_charge"]).latest_charge
        self.assertEqual(charge.payment_method_details.card.three_d_secure.result, "authenticated")
        intent = pay("pm_card_threeDSecure2Required", return_url="https://example.com/done")
        self.assertEqual(intent.next_action.redirect_to_url.return_url, "https://example.com/done")
        failed = authenticate(intent.id, "fail")
        self.assertEqual(failed["last_payment_error"]["code"], "payment_intent_authentication_failure")
        self.refused(stripe.CardError, lambda: pay("pm_card_threeDSecure2Required", off_session=True), status=402,
                     code="authentication_required")

    def test_a_card_is_set_up_for_later(self):
        customer = stripe.Customer.create()
        setup = stripe.SetupIntent.create(customer=customer.id, payment_method="pm_card_visa", confirm=True,
                                          payment_method_types=["card"], usage="off_session")
        self.assertEqual((setup.status, setup.usage), ("succeeded", "off_session"))
        stripe.Customer.modify(customer.id, invoice_settings={"default_payment_method": setup.payment_method})
        shown = stripe.Customer.retrieve(customer.id, expand=["invoice_settings.default_payment_method"])
        self.assertEqual(shown.invoice_settings.default_payment_method.customer, customer.id)
        self.assertEqual(pay(setup.payment_method, customer=customer.id, off_session=True).status, "succeeded")
        asking = stripe.SetupIntent.create(payment_method="pm_card_authenticationRequiredOnSetup", confirm=True,
                                           payment_method_types=["card"])
        self.assertEqual(asking.status, "requires_action")
        self.assertEqual(authenticate(asking.id, "complete")["status"], "succeeded")
        self.refused(stripe.InvalidRequestError, lambda: stripe.SetupIntent.cancel(asking.id), status=400,
                     code="setup_intent_unexpected_state")

    def test_a_publishable_key_confirms_with_the_client_secret(self):
        intent = stripe.PaymentIntent.create(amount=2000, currency="usd", payment_method_types=["card"])
        browser = "pk_test_123"
        seen = stripe.PaymentIntent.retrieve(intent.id, api_key=browser, client_secret=intent.client_secret)
        self.assertEqual((seen.amount, "metadata" in sent(seen)), (2000, False))
        self.refused(stripe.InvalidRequestError, lambda: stripe.PaymentIntent.retrieve(intent.id, api_key=browser),
                     status=400, code="parameter_missing", param="client_secret")
        paid = stripe.PaymentIntent.confirm(intent.id, api_key=browser, client_secret=intent.client_secret,
                                            payment_method_data={"type": "card", "card": card()})
        self.assertEqual(paid.status, "succeeded")


class Lists(Suite):
    def test_all_pages_in_exact_order(self):
        customer = stripe.Customer.create(source=token().id).id
        made = [stripe.Charge.create(amount=100 + n, currency="usd", customer=customer).id for n in range(23)]
        other = charge("tok_visa").id
        newest_first = made[::-1]
        pages = stripe.Charge.list(customer=customer, limit=5)
        self.assertEqual((pages.url, pages.has_more, len(pages.data)), ("/v1/charges", True, 5))
        self.assertEqual([entry.id for entry in pages.auto_paging_iter()], newest_first)
        self.assertEqual(len(stripe.Charge.list(customer=customer).data), 10)
        self.assertEqual([entry.id for entry in stripe.Charge.list(limit=3).data], [other, *newest_first[:2]])
        # From the end to the start: each page is read backwards.
        backwards = stripe.Charge.list(customer=customer, limit=4, ending_before=made[0])
        self.assertEqual([entry.id for entry in backwards.auto_paging_iter()], made[1:])
        self.refused(stripe.InvalidRequestError,
                     lambda: stripe.Charge.list(starting_after=made[0], ending_before=made[1]), status=400,
                     code="parameters_exclusive", param="ending_before")
        self.refused(stripe.InvalidRequestError, lambda: stripe.Charge.list(limit=101), status=400,
                     code="parameter_invalid_integer", param="limit",
                     message="This value must be less than or equal to 100.")
        expanded = stripe.Charge.list(customer=customer, limit=1, expand=["data.customer"])
        self.assertEqual(expanded.data[0].customer.id, customer)

    def test_a_list_by_the_second_of_creation(self):
        first = charge("tok_visa")
        wait_a_second()
        second = charge("tok_visa")
        since = [entry.id for entry in stripe.Charge.list(created={"gte": second.created})]
        self.assertEqual(since, [second.id])
        until = [entry.id for entry in stripe.Charge.list(created={"lt": second.created}, limit=1)]
        self.assertEqual(until, [first.id])
        between = stripe.Charge.list(created={"gt": first.created, "lte": second.created})
        self.assertEqual([entry.id for entry in between], [second.id])

    def test_what_cannot_be_expanded_is_refused(self):
        self.refused(stripe.InvalidRequestError, lambda: charge("tok_visa", expand=["colour"]), status=400,
                     code=None, message="This property cannot be expanded (colour).")


class Repeats(Suite):
    def test_one_key_is_carried_out_once(self):
        made = token()
        first = charge(made.id, idempotency_key="python-order-7")
        self.assertNotIn("Idempotent-Replayed", first.last_response.headers)
        again = charge(made.id, idempotency_key="python-order-7")
        self.assertEqual(again.last_response.body, first.last_response.body)
        headers = again.last_response.headers
        self.assertEqual(headers["Idempotent-Replayed"], "true")
        self.assertEqual(headers["Original-Request"], first.last_response.headers["Request-Id"])
        self.assertEqual(headers["Idempotency-Key"], "python-order-7")
        error = self.refused(stripe.IdempotencyError,
                             lambda: charge(made.id, amount=1, idempotency_key="python-order-7"), status=400,
                             code=None)
        self.assertEqual(error.user_message,
                         "Keys for idempotent requests can only be used with the same parameters they were first "
                         "used with. Try using a key other than 'python-order-7' if you meant to execute a different "
                         "request.")

    def test_a_decline_is_repeated_under_its_key(self):
        made = token("4000000000000002")
        errors = [self.refused(stripe.CardError, lambda: charge(made.id, idempotency_key="python-declined"),
                               status=402, code="card_declined") for _ in range(2)]
        self.assertEqual(errors[0].http_body, errors[1].http_body)
        self.assertEqual(errors[1].headers["Idempotent-Replayed"], "true")

    def test_the_sdk_sends_a_key_of_its_own(self):
        made = token()
        self.assertTrue(made.last_response.headers["Idempotency-Key"])

    def test_a_key_full_of_digits_is_told_from_others_like_it(self):
        keys = [f"stripe-python-12345678-1234-4{n}23-8123-12345678901a" for n in range(5)] + ["order-1700000000123"]
        first = [charge("tok_visa", idempotency_key=key) for key in keys]
        again = [charge("tok_visa", idempotency_key=key) for key in keys]
        self.assertEqual(len({paid.id for paid in first}), len(keys))
        self.assertEqual([paid.id for paid in again], [paid.id for paid in first])
        self.assertEqual([paid.last_response.headers["Idempotency-Key"] for paid in again], keys)

    def charged_after(self, fault):
        """What a charge of a client that retries comes to, and all charges that are there after it."""
        with Server("--fault", f"POST /v1/charges next 1: {fault}") as server:
            client = server.client(retries=2)
            made = client.tokens.create({"card": card()})
            paid = client.charges.create({"amount": 2000, "currency": "usd", "source": made.id})
            self.assertEqual(paid.status, "succeeded")
            self.assertIs(client.tokens.retrieve(made.id).used, True)
            self.assertEqual([entry.id for entry in client.charges.list().data], [paid.id])
            return paid

    def test_an_answer_lost_after_the_work_is_repeated_and_charged_once(self):
        paid = self.charged_after("commit-drop")
        self.assertEqual(paid.last_response.headers["Idempotent-Replayed"], "true")

    def test_what_failed_before_the_work_is_charged_once(self):
        for fault in ["500", "503", "drop"]:
            with self.subTest(fault=fault):
                paid = self.charged_after(fault)
                self.assertNotIn("Idempotent-Replayed", paid.last_response.headers)

    def test_the_rate_limit_is_told_and_nothing_is_done(self):
        with Server("--fault", "POST /v1/charges next 1: 429 retry-after 1") as server:
            client = server.client(retries=2)
            make = lambda: client.charges.create({"amount": 2000, "currency": "usd", "source": "tok_visa"})
            error = self.refused(stripe.RateLimitError, make, status=429, code="rate_limit")
            self.assertEqual(error.headers["Retry-After"], "1")
            self.assertEqual(client.charges.list().data, [])
            self.assertEqual(make().status, "succeeded")


class Keys(Suite):
    def test_only_the_servers_own_key_is_let_in(self):
        with Server("--key", "sk_test_only") as server:
            made = server.client(key="sk_test_only").tokens.create({"card": card()})
            self.assertEqual(made.object, "token")
            self.refused(stripe.AuthenticationError,
                         lambda: server.client(key="sk_test_otherother").tokens.create({"card": card()}), status=401,
                         code=None, message="Invalid API Key provided: sk_test_******ther")

    def test_a_live_key_is_refused(self):
        error = self.refused(stripe.AuthenticationError,
                             lambda: stripe.Token.create(card=card(), api_key="sk_live_abcdefghijkl"), status=401,
                             code=None, message="Invalid API Key provided: sk_live_********ijkl")
        self.assertNotIn("Request-Id", error.headers)
        self.assertEqual(error.headers["WWW-Authenticate"], 'Bearer realm="Stripe"')

    def test_a_publishable_key_makes_tokens_and_nothing_else(self):
        made = stripe.Token.create(card=card(), api_key="pk_test_123")
        self.refused(stripe.PermissionError, lambda: charge(made.id, api_key="pk_test_123"), status=403,
                     code="secret_key_required")
        self.assertIs(stripe.Token.retrieve(made.id).used, False)


class Policies(Suite):
    def test_an_account_without_raw_card_data_refuses_the_sample(self):
        with Server("--policy", "raw_card_data=off") as server:
            error = self.refused(stripe.CardError, lambda: server.client().tokens.create({"card": card()}),
                                 status=402, code=None)
            self.assertEqual(error.error.type, "invalid_request_error")
            self.assertTrue(error.user_message.startswith(
                "Sending credit card numbers directly to the Stripe API is generally unsafe."), error)

    def test_an_account_without_card_tokens_refuses_charges(self):
        with Server("--policy", "card_tokens_on_charges=off") as server:
            client = server.client()
            made = client.tokens.create({"card": card()})
            error = self.refused(
                stripe.InvalidRequestError,
                lambda: client.charges.create({"amount": 2000, "currency": "usd", "source": made.id}),
                status=400, code=None)
            self.assertTrue(error.user_message.startswith(
                "Card Token usage on the Customers API and Charges API has reached end of life."), error)
            self.assertIs(client.tokens.retrieve(made.id).used, False)


class Unknown(Suite):
    def test_what_is_not_modelled_says_so(self):
        error = self.refused(stripe.InvalidRequestError,
                             lambda: stripe.Payout.create(amount=2000, currency="usd"), status=404, code=None)
        self.assertEqual(error.user_message,
                         "Testcard's local minter does not model POST /v1/payouts.")

        error = self.refused(stripe.InvalidRequestError, lambda: stripe.Customer.search(query="email:'a@b.c'"),
                             status=404, code=None)
        self.assertEqual(error.user_message,
                         "Testcard's local minter does not model GET /v1/customers/search.")

    def test_a_route_that_stripe_does_not_have(self):
        error = self.refused(stripe.InvalidRequestError,
                             lambda: stripe.StripeClient("sk_test_123", base_addresses={"api": URL}).raw_request(
                                 "get", "/v1/tokenz"), status=404, code=None)
        self.assertTrue(error.user_message.startswith("Unrecognized request URL (GET: /v1/tokenz)."), error)

    def test_legacy_paths_still_work(self):
        client = stripe.StripeClient("sk_test_123", base_addresses={"api": URL})
        paid, customer = charge(token().id), stripe.Customer.create()
        client.raw_request("post", f"/v1/charges/{paid.id}/refunds", amount=500)
        client.raw_request("post", f"/v1/charges/{paid.id}/refund")
        self.assertIs(stripe.Charge.retrieve(paid.id).refunded, True)
        client.raw_request("post", f"/v1/customers/{customer.id}/cards", card=token().id)
        self.assertEqual(len(stripe.Customer.list_sources(customer.id).data), 1)
        error = self.refused(stripe.InvalidRequestError,
                             lambda: client.raw_request("get", f"/v1/customers/{customer.id}/bank_accounts"), status=404,
                             code=None)
        self.assertEqual(error.user_message,
                         f"Testcard's local minter does not model GET /v1/customers/{customer.id}/bank_accounts.")


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes events, and keeps what came."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.put((body, self.headers["Stripe-Signature"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Webhooks(Suite):
    def setUp(self):
        super().setUp()
        self.receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.receiver.got = queue.Queue()
        threading.Thread(target=self.receiver.serve_forever, daemon=True).start()
        self.addCleanup(self.receiver.server_close)
        self.addCleanup(self.receiver.shutdown)
        self.url = f"http://127.0.0.1:{self.receiver.server_port}/webhook"

    def test_events_are_received_and_verified(self):
        endpoint = stripe.WebhookEndpoint.create(
            url=self.url, enabled_events=["charge.succeeded", "charge.refunded"], description="suite"
        )
        self.addCleanup(lambda: stripe.WebhookEndpoint.delete(endpoint.id))
        self.assertIsNone(getattr(stripe.WebhookEndpoint.retrieve(endpoint.id), "secret", None))
        charge = stripe.Charge.create(amount=2000, currency="usd", source="tok_visa")
        stripe.Refund.create(charge=charge.id, amount=500)
        came = {}
        for _ in range(2):
            body, signature = self.receiver.got.get(timeout=20)
            event = stripe.Webhook.construct_event(body, signature, endpoint.secret)
            came[event.type] = event
            if event.type == "charge.refunded":
                previous = json.loads(body)["data"]["previous_attributes"]
            with self.assertRaises(stripe.SignatureVerificationError):
                stripe.Webhook.construct_event(body, signature, endpoint.secret + "x")
            with self.assertRaises(stripe.SignatureVerificationError):
                stripe.Webhook.construct_event(body + b" ", signature, endpoint.secret)
        self.assertEqual(sorted(came), ["charge.refunded", "charge.succeeded"])
        self.assertEqual(came["charge.succeeded"].data.object.id, charge.id)
        self.assertEqual(previous, {"amount_refunded": 0})
        kept = stripe.Event.retrieve(came["charge.succeeded"].id)
        self.assertEqual((kept.data.object.amount_refunded, kept.request.id[:4]), (0, "req_"))
        listed = stripe.Event.list(types=["charge.refunded"], limit=1)
        self.assertEqual(listed.data[0].id, came["charge.refunded"].id)

    def test_a_spoiled_event_does_not_verify(self):
        with Server("--memory", "--fault", "POST /v1/charges: event old-timestamp, event wrong-signature") as server:
            client = server.client()
            endpoint = client.webhook_endpoints.create({"url": self.url, "enabled_events": ["charge.succeeded"]})
            for _ in range(2):
                client.charges.create({"amount": 2000, "currency": "usd", "source": "tok_visa"})
                body, signature = self.receiver.got.get(timeout=20)
                with self.assertRaises(stripe.SignatureVerificationError):
                    stripe.Webhook.construct_event(body, signature, endpoint.secret)


class OwnRoutes(Suite):
    def test_the_log_shows_what_came_and_no_secrets(self):
        made = token(name="Log Reader")
        with self.assertRaises(stripe.CardError):
            charge("tok_chargeDeclined")
        declined, minted = own_route("GET", "/_testcard/requests?limit=2")["data"]
        self.assertEqual((minted["method"], minted["path"], minted["status"], minted["object"]),
                         ("POST", "/v1/tokens", 200, made.id))
        self.assertEqual(minted["request_id"], made.last_response.headers["Request-Id"])
        self.assertEqual(minted["idempotency_key"], made.last_response.headers["Idempotency-Key"])
        self.assertEqual(minted["params"]["card[name]"], "Log Reader")
        self.assertNotEqual(minted["params"]["card[cvc]"], "314")
        self.assertEqual((declined["path"], declined["status"], declined["error_code"], declined["decline_code"]),
                         ("/v1/charges", 402, "card_declined", "generic_decline"))
        self.assertEqual(minted["client"], f"stripe-python {stripe.VERSION}")

    def test_reset_drops_every_object(self):
        made = token()
        done = own_route("POST", "/_testcard/reset")
        self.assertIs(done["reset"], True)
        self.assertGreaterEqual(done["objects"], 1)
        self.refused(stripe.InvalidRequestError, lambda: stripe.Token.retrieve(made.id), status=404,
                     code="resource_missing", param="token")
        self.assertEqual(stripe.Charge.list().data, [])

    def test_the_servers_own_routes_need_the_control_token(self):
        for method, path in [("POST", "/_testcard/reset"), ("GET", "/_testcard/requests")]:
            with self.assertRaises(urllib.error.HTTPError) as caught:
                own_route(method, path, control="ctl_wrong")
            self.assertEqual(caught.exception.code, 401)
            caught.exception.close()


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=2).result
    failed = len(result.failures) + len(result.errors) + len(result.skipped) + len(result.unexpectedSuccesses)
    print(f"stripe-python {stripe.VERSION}: {result.testsRun - failed} passed, {failed} failed", flush=True)
    sys.exit(0 if failed == 0 and result.testsRun > 0 else 1)
