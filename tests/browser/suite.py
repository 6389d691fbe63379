"""Pages of a real browser against the local server: those that a person named may call it, and no others.

The environment says where the program is: TESTCARD_PROGRAM.
"""

from __future__ import annotations

import http.server
import json
import os
import pathlib
import subprocess
import threading
import time
import unittest
import urllib.parse
import urllib.request

from chromium import PATIENCE, Chromium

PROGRAM = os.environ["TESTCARD_PROGRAM"]
PAGE = (pathlib.Path(__file__).parent / "page.html").read_bytes()
KEY = "pk_test_of_a_page"
CARD = {"card[number]": "4242424242424242", "card[exp_month]": "12", "card[exp_year]": "2049", "card[cvc]": "123"}
# What Stripe.js sends beside the card.
FIELDS = {
    **CARD, "key": KEY, "guid": "NA", "muid": "NA", "sid": "NA", "pasted_fields": "number", "time_on_page": "96327",
    "payment_user_agent": "stripe.js/2ee772a1e3; stripe-js-v3/2ee772a1e3; card-element", "referrer": "http://localhost",
    "client_attribution_metadata[merchant_integration_source]": "elements", "_stripe_version": "2020-08-27",
}


class Pages(http.server.BaseHTTPRequestHandler):
    """The shop: the same page at every path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: object) -> None:
        pass


class Server:
    """`testcard serve`, which takes calls from pages of one origin."""

    def __init__(self, origin: str) -> None:
        arguments = ["serve", "--memory", "--listen", "127.0.0.1:0", "--allow-origin", origin]
        self.process = subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, text=True)
        self.url = self.line("listening on ")
        self.control = self.line("control token ")

    def line(self, start: str) -> str:
        line = self.process.stdout.readline().strip()
        if not line.startswith(start):
            raise RuntimeError(f"{start!r} was due, and {line!r} came")
        return line.removeprefix(start)

    def calls(self) -> list[dict]:
        """What is written down of the calls, newest first."""
        asked = urllib.request.Request(f"{self.url}/_testcard/requests?limit=1000")
        asked.add_header("Authorization", f"Bearer {self.control}")
        with urllib.request.urlopen(asked) as answer:
            return json.load(answer)["data"]

    def close(self) -> None:
        self.process.terminate()
        ended = self.process.wait(timeout=PATIENCE)
        self.process.stdout.close()
        if ended != 0:
            raise RuntimeError(f"the server ended with {ended}")


class BrowserTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        pages = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        cls.addClassCleanup(pages.server_close)
        cls.addClassCleanup(pages.shutdown)
        threading.Thread(target=pages.serve_forever, name="pages", daemon=True).start()
        # One machine and one port, and yet two origins: only the first is named.
        cls.named = f"http://localhost:{pages.server_port}/"
        cls.other = f"http://127.0.0.1:{pages.server_port}/"
        cls.server = Server(cls.named.rstrip("/"))
        cls.addClassCleanup(cls.server.close)
        cls.browser = Chromium()
        cls.addClassCleanup(cls.browser.close)

    def call(self, code: str) -> dict:
        return self.browser.run(code)

    def make_token(self, mode: str = "cors", **more: str) -> dict:
        return self.call(f"makeToken({json.dumps(self.server.url)}, {json.dumps({**FIELDS, **more})}, {json.dumps(mode)})")

    def calls_of(self, work) -> list[tuple[str, str, int]]:
        """Method, path and status of the calls that are written down meanwhile, oldest first."""
        before = len(self.server.calls())
        work()
        new = self.server.calls()[: -before or None]
        return [(call["method"], call["path"], call["status"]) for call in reversed(new)]

    def test_a_named_page_makes_a_token_as_stripe_js_does(self) -> None:
        self.browser.open(self.named)
        answer = self.make_token()
        self.assertEqual((answer["status"], answer["type"]), (200, "cors"), answer)
        self.assertRegex(answer["body"]["id"], "^tok_1")
        self.assertRegex(answer["requestId"], "^req_", "a page may read it")
        declined = self.make_token(**{"card[number]": "4242424242424241"})
        self.assertEqual((declined["status"], declined["body"]["error"]["code"]), (402, "incorrect_number"), "errors too")
        kept = self.server.calls()[0]["params"]
        self.assertNotIn("key", kept)
        self.assertEqual(kept["pasted_fields"], "number")

    def test_a_named_page_calls_with_headers_after_a_preflight(self) -> None:
        self.browser.open(self.named)
        headers = {
            "Authorization": f"Bearer {KEY}", "Idempotency-Key": f"page-{time.time()}", "Stripe-Version": "2020-08-27",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        options = {"method": "POST", "headers": headers, "body": "&".join(f"{name}={value}" for name, value in CARD.items())}
        url = f"{self.server.url}/v1/tokens"
        answers = []
        code = f"call({json.dumps(url)}, {json.dumps(options)})"
        calls = self.calls_of(lambda: answers.extend([self.call(code), self.call(code)]))
        self.assertEqual([answer["status"] for answer in answers], [200, 200], answers)
        self.assertEqual(answers[0]["body"]["id"], answers[1]["body"]["id"])
        self.assertEqual(calls, [("POST", "/v1/tokens", 200)] * 2, "a preflight is no call")
        gone = self.call(f"call({json.dumps(self.server.url + '/v1/customers/cus_none')}, {json.dumps(options | {'method': 'DELETE', 'body': None})})")
        self.assertEqual((gone["status"], gone["body"]["error"]["code"]), (403, "secret_key_required"), gone)

    def test_a_page_of_another_origin_is_refused(self) -> None:
        self.browser.open(self.other)
        answers = []
        calls = self.calls_of(lambda: answers.append(self.make_token()))
        self.assertEqual((answers, calls), ([{"refused": True}], [("POST", "/v1/tokens", 403)]))
        # It does not get as far where the browser asks first.
        options = {"method": "POST", "headers": {"Authorization": f"Bearer {KEY}"}, "body": "x"}
        code = f"call({json.dumps(self.server.url + '/v1/tokens')}, {json.dumps(options)})"
        calls = self.calls_of(lambda: answers.append(self.call(code)))
        self.assertEqual((answers[1], calls), ({"refused": True}, []))
        # A page that wants no answer needs to ask nobody.
        calls = self.calls_of(lambda: answers.append(self.make_token("no-cors")))
        self.assertEqual((answers[2]["type"], calls), ("opaque", [("POST", "/v1/tokens", 403)]))

    def test_a_plain_form_is_taken_from_a_named_page_only(self) -> None:
        code = f"submitForm({json.dumps(self.server.url)}, {json.dumps(FIELDS)})"
        for page, status in [(self.other, 403), (self.named, 200)]:
            self.browser.open(page)
            calls = self.calls_of(lambda: self.call(code))
            self.assertEqual(calls, [("POST", "/v1/tokens", status)], page)

    def test_a_page_without_an_origin_is_refused(self) -> None:
        self.browser.open(self.named)
        code = f"makeToken({json.dumps(self.server.url)}, {json.dumps(FIELDS)})"
        answers = []
        calls = self.calls_of(lambda: answers.append(self.call(f"inSandbox({json.dumps(code)})")))
        self.assertEqual((answers, calls), ([{"refused": True}], [("POST", "/v1/tokens", 403)]))

    def test_a_picture_is_refused_to_every_page(self) -> None:
        path = f"/v1/charges/ch_{time.time_ns()}"
        for page in (self.named, self.other):
            self.browser.open(page)
            calls = self.calls_of(lambda: self.call(f"showPicture({json.dumps(self.server.url + path)})"))
            self.assertEqual(calls, [("GET", path, 403)], page)

    def test_a_page_of_the_servers_own_origin_may_call_but_not_its_own_routes(self) -> None:
        # Stripe's answers forbid a page that is made of them to call anybody: what the server says is not tried then.
        self.browser.ask("Page.setBypassCSP", enabled=True)
        self.addCleanup(self.browser.ask, "Page.setBypassCSP", enabled=False)
        # A person typed the address: there is no page there, and its answer is one of the server's own origin.
        self.browser.open(f"{self.server.url}/v1/charges")
        self.assertIn("did not provide an API key", self.browser.run("document.body.textContent"))
        body = f"new URLSearchParams({json.dumps(FIELDS)})"
        made = self.call(f"fetch('/v1/tokens', {{ method: 'POST', body: {body} }}).then((answer) => answer.status)")
        self.assertEqual(made, 200)
        options = {"method": "POST", "headers": {"Authorization": f"Bearer {self.server.control}"}}
        reset = self.call(f"fetch('/_testcard/reset', {json.dumps(options)}).then((answer) => answer.status)")
        self.assertEqual(reset, 403)

    def pay(self, kind: str = "payment", **more: str) -> dict:
        """An intent of a card that asks for its payer."""
        payment = {"amount": "2000", "currency": "usd"} if kind == "payment" else {}
        fields = {
            **payment, "confirm": "true", "payment_method": "pm_card_threeDSecure2Required", "payment_method_types[]": "card",
            "return_url": f"{self.named}done?order=7#thanks", **more,
        }
        asked = urllib.request.Request(f"{self.server.url}/v1/{kind}_intents", urllib.parse.urlencode(fields).encode())
        asked.add_header("Authorization", "Bearer sk_test_of_a_shop")
        with urllib.request.urlopen(asked) as answer:
            return json.load(answer)

    def intent(self, intent: dict) -> dict:
        asked = urllib.request.Request(f"{self.server.url}/v1/{intent['object']}s/{intent['id']}")
        asked.add_header("Authorization", "Bearer sk_test_of_a_shop")
        with urllib.request.urlopen(asked) as answer:
            return json.load(answer)

    def await_page(self, start: str) -> urllib.parse.SplitResult:
        """Where the browser is, once that is below an address and loaded."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                at, state = self.browser.run("[location.href, document.readyState]")
            except RuntimeError:
                continue  # The page went away while it was asked.
            if at.startswith(start) and state == "complete":
                return urllib.parse.urlsplit(at)
        self.fail(f"at {at} instead of {start}")

    def test_a_payer_presses_a_button_and_comes_back_to_the_shop(self) -> None:
        for kind, result, told, status in [
            ("payment", "complete", "succeeded", "succeeded"),
            ("payment", "fail", "failed", "requires_payment_method"),
            ("payment", "cancel", "failed", "requires_payment_method"),
            ("setup", "complete", "succeeded", "succeeded"),
        ]:
            intent = self.pay(kind)
            # The shop leads its payer there, as a page of another origin.
            self.browser.open(self.named)
            url = intent["next_action"]["redirect_to_url"]["url"]
            self.browser.run(f"void location.assign({json.dumps(url)})")
            self.await_page(url)
            text = self.browser.run("document.body.innerText")
            self.assertIn(intent["id"], text)
            self.assertIn("$20.00 USD" if kind == "payment" else "Save a card", text)
            self.assertEqual(self.browser.run("getComputedStyle(document.querySelector('main')).borderTopWidth"), "1px", "its style is let in")
            self.assertEqual(self.browser.run("document.activeElement.value"), "complete", "the first button has the focus")
            self.browser.run(f"void document.querySelector('[value={result}]').click()")
            at = self.await_page(f"{self.named}done")
            came = urllib.parse.parse_qs(at.query)
            expected = {
                "order": ["7"], f"{kind}_intent": [intent["id"]], f"{kind}_intent_client_secret": [intent["client_secret"]],
                "redirect_status": [told], "source_type": ["card"],
            }
            self.assertEqual((came, at.fragment), (expected, "thanks"))
            self.assertEqual(self.browser.run("document.referrer"), "", "the shop is told no address of the page")
            self.assertEqual(self.intent(intent)["status"], status)
            self.browser.run(f"void location.assign({json.dumps(url)})")
            self.await_page(url)
            self.assertIn(f"ended with '{result}'", self.browser.run("document.body.innerText"))
            self.browser.run("void document.querySelector('a').click()")
            self.assertEqual(urllib.parse.parse_qs(self.await_page(f"{self.named}done").query), expected)

    def test_the_page_of_a_payer_stands_in_a_frame_of_the_shop_and_of_no_other(self) -> None:
        for page, is_shop in [(self.named, True), (self.other, False)]:
            intent = self.pay()
            self.browser.open(page)
            url = json.dumps(intent["next_action"]["redirect_to_url"]["url"])
            self.browser.run(
                f"new Promise((loaded) => {{ const frame = document.createElement('iframe'); frame.onload = loaded;"
                f" frame.src = {url}; document.body.append(frame); }}).then(() => true)"
            )
            targets = self.browser.ask("Target.getTargets")["targetInfos"]
            framed = [target for target in targets if target["type"] == "iframe" and target["url"].startswith(self.server.url)]
            self.assertEqual(len(framed), int(is_shop), targets)
            for target in framed:
                # The frame has a process of its own. Pressed there, it comes back to a page of the shop's own origin.
                of_page = self.browser.session
                self.browser.session = self.browser.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
                self.browser.run("void document.querySelector('[value=complete]').click()")
                self.browser.session = of_page
                at = "(() => { try { return frames[0].location.href } catch { return '' } })()"
                until = time.monotonic() + PATIENCE
                while not (came := self.browser.run(at)).startswith(f"{self.named}done") and time.monotonic() < until:
                    pass
                self.assertIn("redirect_status=succeeded", came)
            self.assertEqual(self.intent(intent)["status"], "succeeded" if is_shop else "requires_action")

    def test_no_page_reads_or_presses_the_page_of_a_payer(self) -> None:
        intent = self.pay()
        url = intent["next_action"]["redirect_to_url"]["url"]
        for page in (self.named, self.other):
            self.browser.open(page)
            for options in ({}, {"method": "POST", "body": "result=complete"}):
                self.assertEqual(self.call(f"call({json.dumps(url)}, {json.dumps(options)})"), {"refused": True}, page)
            form = "const form = document.createElement('form'); form.method = 'post';"
            button = "form.innerHTML = '<button name=result value=complete>'; document.body.append(form);"
            self.browser.run(f"{form} form.action = {json.dumps(url)}; {button} void form.firstChild.click()")
            self.await_page(url)
            self.assertIn("Nothing was done", self.browser.run("document.body.innerText"), page)
        self.assertEqual(self.intent(intent)["status"], "requires_action")

    def test_the_servers_own_routes_are_closed_to_named_pages(self) -> None:
        self.browser.open(self.named)
        for method, path in [("POST", "/_testcard/reset"), ("GET", "/_testcard/requests")]:
            for headers in ({}, {"Authorization": f"Bearer {self.server.control}"}):
                options = {"method": method, "headers": headers}
                self.assertEqual(self.call(f"call({json.dumps(self.server.url + path)}, {json.dumps(options)})"), {"refused": True})


if __name__ == "__main__":
    unittest.main()
