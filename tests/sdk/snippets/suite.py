"""The code that `testcard snippet` prints, run and read.

Python, Node and curl call the local server, which must then have got the very parameters of the first call. The other
languages have no SDK here: parsers of them read the code, and the texts in it must be those that were sent.

The environment says where the server is and what its folder is: TESTCARD_URL, TESTCARD_CONTROL, TESTCARD_HOME and
TESTCARD_PROGRAM;
SNIPPETS_NODE is a folder where Node finds Stripe's SDK.
"""

import ast
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

import tree_sitter
import tree_sitter_c_sharp

URL = os.environ["TESTCARD_URL"]
CONTROL = os.environ["TESTCARD_CONTROL"]
PROGRAM = os.environ["TESTCARD_PROGRAM"]
NODE_FOLDER = os.environ["SNIPPETS_NODE"]
HERE = pathlib.Path(__file__).parent
YEAR = str(datetime.datetime.now(datetime.timezone.utc).year + 3)
KEY = "sk_test_123"
HIDDEN = "•••"
C_SHARP = tree_sitter.Parser(tree_sitter.Language(tree_sitter_c_sharp.language()))

CARD = [("card[number]", "4242424242424242"), ("card[exp_month]", "5"), ("card[exp_year]", YEAR)]

# Calls that make a token, with its last four digits.
GOOD = {
    "plain": (CARD + [("card[cvc]", "314")], "4242"),
    "whole": ([
        ("card[number]", "4000002500001001"), ("card[exp_month]", "12"), ("card[exp_year]", YEAR), ("card[cvc]", "314"),
        ("card[name]", "Zoë O'Brien-王"), ("card[address_line1]", "1 \"Main\" Street"), ("card[address_line2]", "c/o \\"),
        ("card[address_city]", "Lyon"), ("card[address_state]", "$HOME"), ("card[address_zip]", "69001"),
        ("card[address_country]", "FR"), ("card[currency]", "eur"), ("card[networks][preferred]", "cartes_bancaires"),
    ], "1001"),
    "amex": ([("card[number]", "378282246310005"), *CARD[1:], ("card[cvc]", "9999")], "0005"),
}

# Texts that end a literal, a comment or a line somewhere, and names that are no names; most of them are refused.
NASTY = {
    "quotes": CARD + [("card[name]", "O'Brien \"the\\\" \\ $STRIPE_SECRET_KEY ${x} #{1 + 1} `id` $(id) %s \"\"\" '''")],
    "controls": CARD + [("card[name]", "1\n2\r3\t4 \x01\x1b[31m 5\x7f"), ("a\nb", "\n")],
    "zero": CARD + [("card[name]", "a\0b")],
    "unicode": CARD + [("card[name]", "é 王 😀 \u202e\u200b\ufeff\u2028\u0085\u00a0 \U000e0041 \U0010ffff")],
    "escapes": CARD + [("card[name]", "\\u0022 \\n \\x41 \\' \\\\ \\"), ("card[address_city]", "\\")],
    "comments": CARD + [("card[name]", "?> */ --> // # <!-- __END__"), ("x", "\n=begin\n__END__\n")],
    "empty": CARD + [("card[name]", ""), ("card[address_zip]", ""), ("nothing", "")],
    "network": CARD + [("card[networks][preferred]", "no'ne"), ("card[networks][other]", "@/etc/passwd")],
    "encoded": CARD + [("card[name]", "a&b=c+d%41%zz;e"), ("a&b", "c"), ("a+b", "%"), ("a%41", "c")],
    "names": CARD + [("class", "x"), ("it's", "y"), ("\"", "z"), ("a b", "1"), ("$x", "2"), ("#{x}", "3"), ("é", "4"),
                     ("__proto__", "p"), ("1", "one"), ("@file", "f"), ("-d", "g"), ("a=b", "h")],
    "malformed": CARD + [("card[", "1"), ("a]b[c]", "2"), ("[x]", "3"), ("a[b]c", "4"), ("a[[b]]", "5"), ("]", "6")],
    "deep": CARD + [("metadata[0]", "zero"), ("metadata[a b\n][é]", "deep"), ("a[b][c][d]", "e"), ("card[x][y]", "z")],
    "deeper": CARD + [("a" + "[b]" * 200, "1"), ("a" + "[b]" * 9, "2")],
    "both": CARD + [("customer", "cus_1"), ("customer[x]", "1"), ("a[b]", "1"), ("a[b][c]", "2")],
    "twice": CARD + [("twice", "1"), ("twice", "2")],
    "list": CARD + [("expand[]", "x"), ("expand[]", "y")],
    "clone": [("card", "card_1"), ("customer", "cus_1")],
    "none": [],
}


# The life of a payment: the method and path of a call, its parameters, and what Ruby and PHP call it. `{pi}` and the others
# are objects that are made for it. That a call is refused does not matter: the code has to send it again.
PAYMENTS = {
    "create": ("POST", "/v1/payment_intents", [
        ("amount", "2000"), ("currency", "usd"), ("capture_method", "manual"), ("payment_method_types[0]", "card"),
        ("payment_method_data[type]", "card"), ("payment_method_data[card][token]", "tok_visa"), ("confirm", "true"),
        ("metadata[order]", "O'Brien \"$HOME\" #{1}"), ("expand[0]", "latest_charge"), ("expand[1]", "payment_method"),
    ], "PaymentIntent.create", "paymentIntents.create"),
    "wrong": ("POST", "/v1/payment_intents", [("amount", "20.00"), ("confirm", "maybe"), ("capture_method", "later")],
              "PaymentIntent.create", "paymentIntents.create"),
    "update": ("POST", "/v1/payment_intents/{pi}", [("amount", "2500"), ("description", "é 王")],
               "PaymentIntent.update", "paymentIntents.update"),
    "confirm": ("POST", "/v1/payment_intents/{pi}/confirm", [("payment_method", "pm_card_visa")],
                "PaymentIntent.confirm", "paymentIntents.confirm"),
    "capture": ("POST", "/v1/payment_intents/{pi}/capture", [], "PaymentIntent.capture", "paymentIntents.capture"),
    "increment": ("POST", "/v1/payment_intents/{pi}/increment_authorization", [("amount", "2500")],
                  "PaymentIntent.increment_authorization", "paymentIntents.incrementAuthorization"),
    "cancel": ("POST", "/v1/payment_intents/{pi}/cancel", [("cancellation_reason", "abandoned")],
               "PaymentIntent.cancel", "paymentIntents.cancel"),
    "list": ("GET", "/v1/payment_intents", [("limit", "3"), ("created[gte]", "5")],
             "PaymentIntent.list", "paymentIntents.all"),
    "setup": ("POST", "/v1/setup_intents", [("usage", "off_session"), ("payment_method_types[0]", "card")],
              "SetupIntent.create", "setupIntents.create"),
    "attach": ("POST", "/v1/payment_methods/{pm}/attach", [("customer", "{cus}")],
               "PaymentMethod.attach", "paymentMethods.attach"),
    "detach": ("POST", "/v1/payment_methods/{pm}/detach", [], "PaymentMethod.detach", "paymentMethods.detach"),
    "refund": ("POST", "/v1/refunds", [("payment_intent", "{pi}"), ("amount", "500"), ("reason", "duplicate")],
               "Refund.create", "refunds.create"),
    "events": ("GET", "/v1/events", [("types[0]", "charge.failed"), ("types[1]", "charge.refunded")],
               "Event.list", "events.all"),
    "gone": ("DELETE", "/v1/customers/{cus}", [], "Customer.delete", "customers.delete"),
}


def answered(method, path, params=(), key=KEY):
    """A call, whatever its status: the body and the id of the request."""
    data = urllib.parse.urlencode(params)
    url = URL + path + ("?" + data if data and method != "POST" else "")
    body = data.encode() if method == "POST" else None
    request = urllib.request.Request(url, body, {"Authorization": f"Bearer {key}"}, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer), answer.headers["Request-Id"]
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error), error.headers["Request-Id"]


def logged():
    """The newest call of the request log: its method, path and parameters."""
    body, _ = answered("GET", "/_testcard/requests", [("limit", "1")], CONTROL)
    [call] = body["data"]
    return call["method"], call["path"], call["params"]


def payments():
    """Makes each call of a payment; gives it with the id of its request."""
    made = {"pi": ("/v1/payment_intents", [("amount", "2000"), ("currency", "usd")]),
            "pm": ("/v1/payment_methods", [("type", "card"), ("card[token]", "tok_visa")]),
            "cus": ("/v1/customers", [])}
    ids = {name: answered("POST", *call)[0]["id"] for name, call in made.items()}
    for name, (method, path, params, ruby, php) in PAYMENTS.items():
        path = path.format(**ids)
        params = [(key, ids[value[1:-1]] if value[1:-1] in ids else value) for key, value in params]
        _, request = answered(method, path, params)
        yield name, (method, path, params), request, {"ruby": ruby, "php": php}


def post(params, path="/v1/tokens", headers=None):
    request = urllib.request.Request(
        URL + path, urllib.parse.urlencode(params).encode(), {"Authorization": f"Bearer {KEY}", **(headers or {})})
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error)


def testcard(*args):
    return subprocess.run([PROGRAM, *args], check=True, capture_output=True, text=True).stdout


def newest():
    [entry] = json.loads(testcard("history", "--format", "json", "--limit", "1"))
    return entry


def sent(entry):
    return [(param["name"], param["value"]) for param in entry["request"]["params"]]


def said(entry, name):
    return [header["value"] for header in entry["request"]["headers"] if header["name"].lower() == name.lower()]


def snippet(language, base=URL, of=None):
    """The code of a call: the newest that made a token, or that of this request."""
    return testcard("snippet", *([of] if of else []), "--lang", language, *(["--local", base] if base else []))


def meant(params):
    """What a dictionary can say: one value a name, and lists by their places."""
    found, places = {}, {}
    for name, value in params:
        if name.endswith("[]") and name != "[]":
            place = places[name] = places.get(name, -1) + 1
            name = f"{name[:-1]}{place}]"
        found[name] = value
    return found


def flat(value, name=None):
    """The parameters of nested values, as an SDK sends them."""
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        return {name: value}
    found = {}
    for key, inner in items:
        found.update(flat(inner, str(key) if name is None else f"{name}[{key}]"))
    return found


def stood_in(params):
    """The parameters as the code has them: a hidden security code has a stand-in."""
    number = dict(params).get("card[number]", "")
    return [(name, ("1234" if number.startswith("37") else "123") if value == HIDDEN else value)
            for name, value in params]


class Snippets(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text, folder=None):
        path = pathlib.Path(folder or self.folder) / name
        path.write_text(text, encoding="utf-8", newline="")
        return str(path)

    def run_it(self, command, stdin=""):
        env = {**os.environ, "STRIPE_SECRET_KEY": KEY}
        done = subprocess.run(command, input=stdin.encode(), capture_output=True, env=env, timeout=60)
        # Not as text: that would turn a carriage return into a line's end.
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        return done

    def call(self, language, code):
        """Runs the code against the server, and the token that it says, if any."""
        if language == "python":
            done = self.run_it([sys.executable, self.write("it.py", code + "\nprint(token)\n")])
        elif language == "node":
            code = f"(async () => {{\n{code}\nconsole.log(JSON.stringify(token));\n}})().catch(() => {{}});\n"
            path = self.write("it.cjs", code, NODE_FOLDER)
            self.addCleanup(pathlib.Path(path).unlink, missing_ok=True)
            done = self.run_it(["node", path])
        else:
            done = self.run_it(["bash", self.write("it.sh", code)])
        self.assertNotIn("SyntaxError", done.stderr)
        return done

    def executed(self, language):
        for name, params in {**{name: params for name, (params, _) in GOOD.items()}, **NASTY}.items():
            with self.subTest(language=language, call=name):
                first = post(params)
                before = newest()
                done = self.call(language, snippet(language))
                after = newest()
                self.assertNotEqual(before["id"], after["id"], f"the code made no call: {done.stderr}")
                if language == "curl":
                    self.assertEqual(sent(after), sent(before))
                else:
                    self.assertEqual(meant(sent(after)), meant(sent(before)))
                if name in GOOD:
                    made = json.loads(done.stdout)
                    self.assertEqual((made["object"], made["card"]["last4"]), ("token", GOOD[name][1]), done.stderr)
                    self.assertNotEqual(made["id"], first["id"])
                    self.assertEqual(made["card"]["name"], first["card"]["name"])
                self.assertEqual((after["status"], after["code"]), (before["status"], before["code"]))

    def test_account_and_version_are_sent_again(self):
        headers = {"Stripe-Account": "acct_1OBrien", "Stripe-Version": "2023-08-16"}
        for language in ("python", "node", "curl"):
            with self.subTest(language=language):
                post(GOOD["plain"][0], headers=headers)
                before = newest()
                done = self.call(language, snippet(language))
                after = newest()
                self.assertNotEqual(before["id"], after["id"], f"the code made no call: {done.stderr}")
                self.assertEqual({name: said(after, name) for name in headers},
                                 {name: [value] for name, value in headers.items()})

    def test_python_makes_the_same_call_again(self):
        self.executed("python")

    def test_node_makes_the_same_call_again(self):
        self.executed("node")

    def test_curl_makes_the_same_call_again(self):
        self.executed("curl")

    def test_a_payment_is_made_again(self):
        for name, (method, path, params), request, _ in payments():
            first = logged()
            self.assertEqual(first[:2], (method, path))
            for language in ("python", "node", "curl"):
                with self.subTest(language=language, call=name):
                    before = self.newest_request()
                    code = snippet(language, of=request)
                    done = self.payment(language, code)
                    self.assertNotEqual(self.newest_request(), before, f"the code made no call: {done.stderr}")
                    self.assertEqual(logged(), first, code)

    def newest_request(self):
        body, _ = answered("GET", "/_testcard/requests", [("limit", "1")], CONTROL)
        return body["data"][0]["request_id"]

    def payment(self, language, code):
        """Runs code whose call may be refused."""
        if language == "python":
            done = self.run_it([sys.executable, self.write("it.py", code)])
        elif language == "node":
            path = self.write("it.cjs", f"(async () => {{\n{code}\n}})().catch(() => {{}});\n", NODE_FOLDER)
            self.addCleanup(pathlib.Path(path).unlink, missing_ok=True)
            done = self.run_it(["node", path])
        else:
            done = self.run_it(["bash", self.write("it.sh", code)])
        self.assertNotIn("SyntaxError", done.stderr)
        return done

    def test_ruby_and_php_call_the_methods_of_a_payment(self):
        prepend = f"auto_prepend_file={HERE / 'stand_in.php'}"
        for name, (_, path, params), request, called in payments():
            for language, command, before in (
                ("ruby", ["ruby", "-W0", "-r", str(HERE / "stand_in.rb")], ""),
                ("php", ["php", "-d", prepend], "<?php\n"),
            ):
                with self.subTest(language=language, call=name):
                    file = self.write(f"{name}.{language}", before + snippet(language, of=request))
                    done = self.run_it([*command, file])
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    said = json.loads(done.stdout)
                    self.assertEqual(said["call"], called[language])
                    arguments = said["arguments"]
                    named = [part for part in path.split("/")[3:4] if part]
                    self.assertEqual(arguments[:len(named)], named)
                    sent = arguments[len(named):] or [{}]
                    self.assertEqual((len(sent), flat(sent[0] or {})), (1, meant(params)))

    def test_typed_languages_have_the_values_of_a_payment(self):
        files, expected = {"go": [], "java": [], "dotnet": []}, {}
        for name, (_, path, params), request, _ in payments():
            for language in files:
                code = snippet(language, of=request)
                file = self.write(f"{name}-{language}.txt", code)
                files[language].append(file)
                expected[file] = (code, [value for _, value in params] + path.split("/")[3:4])
        self.assertEqual(len(expected), 3 * len(PAYMENTS))
        for language, command in (("go", ["go", "run", str(HERE / "literals.go")]),
                                  ("java", ["java", str(HERE / "Literals.java")])):
            done = self.run_it([*command, *files[language]])
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            found = {}
            for line in done.stdout.splitlines():
                file, text = line.split("\t")
                found.setdefault(file, []).append(bytes.fromhex(text).decode())
            for file in files[language]:
                self.check_values(language, file, *expected[file], found[file])
        for file in files["dotnet"]:
            code, values = expected[file]
            self.check_values("dotnet", file, code, values, self.texts_of_c_sharp(code))
        for file in files["go"]:
            code = expected[file][0]
            done = self.run_it(["gofmt", "-e"], code)
            self.assertEqual((done.returncode, done.stderr, done.stdout), (0, "", code))

    def check_values(self, language, file, code, values, texts):
        with self.subTest(language=language, call=pathlib.Path(file).stem):
            self.assertIn("STRIPE_SECRET_KEY", texts)
            self.assertNotRegex(code, "(?i)raw_?request")
            for value in values:
                # A number, a truth and a constant of Java stand without quotes.
                bare = re.search(rf"[(= ]{re.escape(value)}L?[),]", code) or f".{value.upper()})" in code
                self.assertTrue(value in texts or bare, f"{value} in {code}")

    def codes(self, language):
        """The code of every call, for Stripe and for the server, with what was sent."""
        for name, params in {**{name: params for name, (params, _) in GOOD.items()}, **NASTY}.items():
            post(params)
            params = stood_in(sent(newest()))
            for target, base in (("stripe", None), ("local", URL)):
                yield f"{name}-{target}", params, snippet(language, base)

    def read_back(self, language, suffix, command, before="", after=""):
        """Runs the code with a stand-in for the SDK, which prints the parameters that it gets."""
        for name, params, code in self.codes(language):
            with self.subTest(language=language, call=name):
                done = self.run_it([*command, self.write(f"{name}.{suffix}", before + code + after)])
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(flat(json.loads(done.stdout) or {}), meant(params))

    def test_ruby_reads_what_was_sent(self):
        self.read_back("ruby", "rb", ["ruby", "-W0", "-r", str(HERE / "stand_in.rb")])

    def test_php_reads_what_was_sent(self):
        prepend = f"auto_prepend_file={HERE / 'stand_in.php'}"
        self.read_back("php", "php", ["php", "-d", prepend], before="<?php\n")

    def test_the_shell_hands_the_stripe_cli_what_was_sent(self):
        for name, params, code in self.codes("cli"):
            with self.subTest(call=name):
                stand_in = "stripe() { printf '%s\\0' \"$@\"; }\n"
                done = self.run_it(["bash", self.write("it.sh", stand_in + code)])
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                words = done.stdout.split("\0")[:-1]
                self.assertEqual(words[:4], ["post", "/v1/tokens", "--api-key", KEY])
                self.assertEqual(words[4:6] == ["--api-base", URL], name.endswith("local"))
                data = [word for option, word in zip(words, words[1:]) if option == "-d"]
                possible = [f"{name}={value}" for name, value in params if "=" not in name and "\0" not in name + value]
                self.assertEqual(data, possible)

    def literals(self, language, suffix, command):
        """The texts in the code, by a program that parses all files and says `file TAB hex of the text`."""
        codes = list(self.codes(language))
        paths = [self.write(f"{name}.{suffix}", code) for name, _, code in codes]
        done = self.run_it([*command, *paths])
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        found = {}
        for line in done.stdout.splitlines():
            path, text = line.split("\t")
            found.setdefault(path, []).append(bytes.fromhex(text).decode())
        for (name, params, code), path in zip(codes, paths):
            self.check_literals(language, name, params, code, found[path])

    def check_literals(self, language, name, params, code, texts):
        with self.subTest(language=language, call=name):
            self.assertIn("STRIPE_SECRET_KEY", texts)
            self.assertEqual(URL in texts, name.endswith("local"))
            for value in meant(params).values():
                if f"Preferred.{value.upper()}" not in code:
                    self.assertIn(value, texts)
            # A name is a text, unless it is a member of the SDK's.
            for name in meant(params):
                if not re.fullmatch(r"card|customer|card\[(\w+|networks\]\[preferred)\]", name):
                    self.assertIn(name, texts)

    def test_go_reads_what_was_sent(self):
        self.literals("go", "txt", ["go", "run", str(HERE / "literals.go")])

    def test_go_is_formatted_as_go_is(self):
        for name, _, code in self.codes("go"):
            with self.subTest(call=name):
                done = self.run_it(["gofmt", "-e"], code)
                self.assertEqual((done.returncode, done.stderr, done.stdout), (0, "", code))

    def test_java_reads_what_was_sent(self):
        self.literals("java", "txt", ["java", str(HERE / "Literals.java")])

    def test_c_sharp_reads_what_was_sent(self):
        for name, params, code in self.codes("dotnet"):
            self.check_literals("dotnet", name, params, code, self.texts_of_c_sharp(code))
        with self.assertRaisesRegex(AssertionError, "is no C#"):
            self.texts_of_c_sharp('var x = new { A = "b" ;')

    def texts_of_c_sharp(self, code):
        """The texts in code that a parser of the language reads without an error."""
        root = C_SHARP.parse(code.encode()).root_node
        self.assertFalse(root.has_error, f"{code} is no C#")
        nodes, texts = [root], []
        while nodes:
            node = nodes.pop()
            nodes.extend(node.children)
            if node.type == "string_literal":
                # Of the escapes of C# Python knows those that are used here.
                texts.append(ast.literal_eval(node.text.decode()))
        return texts


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=2).result
    failed = len(result.failures) + len(result.errors) + len(result.skipped) + len(result.unexpectedSuccesses)
    print(f"snippets: {max(result.testsRun - failed, 0)} passed, {failed} failed", flush=True)
    sys.exit(0 if failed == 0 and result.testsRun > 0 else 1)
