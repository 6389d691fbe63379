"""Events as receivers in Ruby and PHP verify them, by the published scheme and what comes with these languages.

Stripe's own libraries for them are not among Debian's packages; those of Python and Node verify the same events in their
suites.

The environment says where the server is: TESTCARD_URL.
"""

import http.server
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
import unittest
import urllib.parse
import urllib.request

URL = os.environ["TESTCARD_URL"]
HERE = pathlib.Path(__file__).parent
KEY = "sk_test_123"
VERIFIERS = {"ruby": ["ruby", "-W0", str(HERE / "verify.rb")], "php": ["php", str(HERE / "verify.php")]}


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


def post(path, params):
    request = urllib.request.Request(
        URL + path, urllib.parse.urlencode(params).encode(), {"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


class Verified(unittest.TestCase):
    def setUp(self):
        receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        receiver.got = queue.Queue()
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        self.addCleanup(receiver.server_close)
        self.addCleanup(receiver.shutdown)
        self.receiver = receiver
        self.url = f"http://127.0.0.1:{receiver.server_port}/webhook"

    def said(self, language, body, signature, secret, *now):
        done = subprocess.run(
            [*VERIFIERS[language], signature, secret, *map(str, now)], input=body, capture_output=True, timeout=60)
        self.assertEqual(done.stderr, b"", language)
        return done.returncode, done.stdout.decode().strip()

    def test_the_events_of_a_payment_verify_and_nothing_else_does(self):
        endpoint = post("/v1/webhook_endpoints", {"url": self.url, "enabled_events[]": "*"})
        # A name that is no ASCII: the signature is of the bytes.
        paid = post("/v1/payment_intents", {
            "amount": "2000", "currency": "usd", "payment_method": "pm_card_visa", "payment_method_types[]": "card",
            "confirm": "true", "description": "für Zoë 王"})
        came = {}
        while "payment_intent.succeeded" not in came:
            body, signature = self.receiver.got.get(timeout=30)
            event = json.loads(body)
            came[event["type"]] = event
            time = int(signature.split(",")[0].removeprefix("t="))
            for language in VERIFIERS:
                with self.subTest(language=language, event=event["type"]):
                    good = self.said(language, body, signature, endpoint["secret"])
                    self.assertEqual(good, (0, f"{event['id']} {event['type']}"))
                    for why, refused in {
                        "wrong signature": (body, signature, endpoint["secret"] + "x"),
                        "wrong signature ": (body + b" ", signature, endpoint["secret"]),
                        " wrong signature": (body, signature.replace("t=", "t=1"), endpoint["secret"]),
                        "no time": (body, signature.partition(",")[2], endpoint["secret"]),
                        "too old": (body, signature, endpoint["secret"], time + 301),
                    }.items():
                        self.assertEqual(self.said(language, *refused), (1, why.strip()))
        self.assertEqual(came["payment_intent.succeeded"]["data"]["object"]["id"], paid["id"])
        self.assertGreaterEqual(set(came), {"payment_intent.created", "charge.succeeded"})


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=2).result
    failed = len(result.failures) + len(result.errors) + len(result.skipped) + len(result.unexpectedSuccesses)
    print(f"webhooks in Ruby and PHP: {max(result.testsRun - failed, 0)} passed, {failed} failed", flush=True)
    sys.exit(0 if failed == 0 and result.testsRun > 0 else 1)
