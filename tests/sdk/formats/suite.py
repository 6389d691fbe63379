"""What `testcard export` writes, read by whoever it is written for: the languages of test suites, a reader of HAR files, a
shell. Each must find what the JSON of the same history says.

TESTCARD_PROGRAM is the program; the history is one of this suite's own. FORMATS_NODE is a folder where Node finds TypeScript.
"""

import ast
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import haralyzer
import junitparser
import xmlschema

PROGRAM = os.environ["TESTCARD_PROGRAM"]
COMPILER = pathlib.Path(os.environ["FORMATS_NODE"]) / "node_modules/typescript/bin/tsc"
# Two of one name, a refused one, and a code that a parameter must not break out of.
MINTED = [["insufficient_funds"], ["insufficient_funds"], ["4242424242424241"], ["tok_visa"], ["tok_amex"],
          ["4242424242424242", "--param", "card[name]='\"\\ ${x} `id` */ é 王"]]


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **options)
    if done.returncode:
        raise AssertionError(f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


class FormatsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        cls.environment = {**os.environ, "TESTCARD_HOME": str(cls.folder / "home")}
        for args in MINTED:
            subprocess.run([PROGRAM, "mint", *args], env=cls.environment, capture_output=True, check=False)
        cls.entries = json.loads(cls.export("all.json").read_text())["entries"]
        cls.tokens = [entry["token"] for entry in cls.entries if entry["token"]]
        assert len(cls.entries) == 6 and len(cls.tokens) == 5, cls.entries

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    @classmethod
    def export(cls, name, *options):
        path = cls.folder / name
        path.parent.mkdir(exist_ok=True)
        run(PROGRAM, "export", str(path), *options, env=cls.environment)
        return path

    def check(self, constants):
        """Every token has a name that says what it does."""
        self.assertEqual(sorted(constants.values()), sorted(self.tokens))
        names = {name.lower().replace("_", "").removeprefix("testcard") for name in constants}
        self.assertLessEqual({"visainsufficientfunds", "visainsufficientfunds2", "visaworks"}, names)

    def test_env_in_a_shell(self):
        path = self.export("tokens.env")
        lines = run("sh", "-c", f"set -eu; . {path}; set | grep ^TESTCARD_ | grep -v -e ^TESTCARD_HOME -e ^TESTCARD_PROGRAM "
                    "-e ^TESTCARD_URL -e ^TESTCARD_CONTROL")
        self.check({name: value.strip("'") for name, value in (line.split("=", 1) for line in lines.splitlines())})

    def test_pytest_in_python(self):
        tree = ast.parse(self.export("tokens.py").read_text())
        constants = {node.targets[0].id: node.value.value for node in tree.body if isinstance(node, ast.Assign)}
        self.check(constants)
        fixtures = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        self.assertEqual({name.lower() for name in constants}, set(fixtures))
        for name, node in fixtures.items():
            self.assertEqual(ast.unparse(node.decorator_list[0]), "pytest.fixture")
            self.assertEqual(node.body[0].value.id, name.upper())

    def test_pytest_runs_a_suite_with_the_fixtures(self):
        path = self.export("pytest/conftest.py")
        tree = ast.parse(path.read_text())
        constants = {node.targets[0].id: node.value.value for node in tree.body if isinstance(node, ast.Assign)}
        tests = [f"def test_{name.lower()}({name.lower()}):\n    assert {name.lower()} == {token!r}\n"
                 for name, token in constants.items()]
        path.with_name("test_tokens.py").write_text("\n\n".join(tests))
        said = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path.parent))
        self.assertIn(f"{len(self.tokens)} passed", said)

    def test_typescript(self):
        path = self.export("typescript/tokens.ts")
        suite = path.with_name("suite.ts")
        suite.write_text("""
            import * as tokens from "./tokens.js";
            const all: Record<string, `tok_${string}`> = { ...tokens };
            console.log(JSON.stringify(all));""")
        (path.parent / "package.json").write_text('{"type": "module"}')
        options = ["--strict", "--noUnusedLocals", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom"]
        compile_it = ("node", str(COMPILER), *options, "--outDir", str(path.parent / "built"), str(suite))
        run(*compile_it)
        self.check(json.loads(run("node", str(path.parent / "built/suite.js"))))
        # The compiler refuses what is no token.
        path.write_text(path.read_text().replace('= "tok_', '= "pm_', 1))
        with self.assertRaisesRegex(AssertionError, "TS2322"):
            run(*compile_it)

    def test_java(self):
        path = self.export("java/TestcardTokens.java")
        main = path.with_name("Main.java")
        main.write_text("""
            class Main {
                public static void main(String[] args) throws Exception {
                    for (var field : TestcardTokens.class.getDeclaredFields()) {
                        System.out.println(field.getName() + "=" + field.get(null));
                    }
                }
            }""")
        run("javac", "-Xlint:all", "-Werror", "-d", str(path.parent), str(path), str(main))
        lines = run("java", "-cp", str(path.parent), "Main").splitlines()
        self.check(dict(line.split("=") for line in lines))

    def test_go(self):
        path = self.export("go/testcards.go")
        self.assertEqual(run("gofmt", "-l", str(path)), "", "it is formatted as Go's own tool does it")
        (path.parent / "go.mod").write_text("module example.com/testcards\n\ngo 1.19\n")
        run("go", "vet", "./...", cwd=path.parent, env={**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off"})
        constants = (line.split(" ") for line in path.read_text().splitlines() if line.startswith("const "))
        self.check({name: json.loads(value) for _, name, _, value in constants})

    def test_har_in_another_reader(self):
        parser = haralyzer.HarParser.from_file(self.export("calls.har"))
        entries = parser.har_data["entries"]
        self.assertEqual(len(entries), len(self.entries))
        for entry, ours in zip((haralyzer.HarEntry(entry) for entry in entries), self.entries):
            self.assertEqual((entry.request.method, entry.status), ("POST", ours["response"]["status"]))
            self.assertTrue(entry.request.url.endswith("/v1/tokens"))
            self.assertEqual(json.loads(entry.response.text), ours["response"]["body"])
            params = [(param["name"], param["value"]) for param in entry.raw_entry["request"]["postData"]["params"]]
            self.assertEqual(params, [(param["name"], param["value"]) for param in ours["request"]["params"]])
            self.assertEqual(entry.startTime.isoformat(timespec="milliseconds").replace("+00:00", "Z"), ours["created"])

    def test_csv(self):
        with self.export("table.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, strict=True))
        self.assertEqual([row["token"] or None for row in rows], [entry["token"] for entry in self.entries])
        self.assertEqual([row["created"] for row in rows], [entry["created"] for entry in self.entries])

    def test_stripe_cli(self):
        fixtures = json.loads(self.export("cli.json", "--format", "stripe-cli").read_text())["fixtures"]
        self.assertEqual(len({fixture["name"] for fixture in fixtures}), len(self.entries))
        names = [param["value"] for param in self.entries[0]["request"]["params"] if param["name"] == "card[name]"]
        self.assertEqual([fixtures[0]["params"]["card"]["name"]], names)
        self.assertEqual([fixture["expected_error_type"] for fixture in fixtures].count("card_error"), 1)

    def test_junit_in_a_validator_and_another_reader(self):
        rows = "card[number],expect,note\n4242424242424242,,\n4000000000000002,,\n4242424242424242,lost_card,<b>&\"']]>\n"
        listed, report = self.folder / "it's <list>.csv", self.folder / "report.xml"
        listed.write_text(rows)
        args = [PROGRAM, "run", str(listed), "--step", "charge", "--report", "junit", str(report)]
        # A folder of its own: the other tests count what is in theirs.
        environment = {**self.environment, "TESTCARD_HOME": str(self.folder / "runs")}
        done = subprocess.run(args, env=environment, capture_output=True, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        schema = xmlschema.XMLSchema(pathlib.Path(__file__).parent / "junit.xsd")
        schema.validate(report)
        suite, = junitparser.JUnitXml.fromfile(str(report))
        self.assertEqual((suite.tests, suite.failures, suite.errors, suite.skipped), (3, 1, 0, 0))
        self.assertEqual([case.is_passed for case in suite], [True, True, False])
        self.assertEqual([result.type for case in suite for result in case.result], ["differs"])
        # The validator refuses what is no report.
        wrong = report.read_text().replace("failures=", "faliures=")
        self.assertFalse(schema.is_valid(wrong))

    def test_completions_of_bash(self):
        script = self.folder / "completions.bash"
        script.write_text(run(PROGRAM, "completions", "bash"))
        words = run("bash", "-c", f". {script}; COMP_WORDS=(testcard exp); COMP_CWORD=1; "
                    "_testcard testcard exp testcard; echo ${COMPREPLY[*]}")
        self.assertIn("export", words.split())


if __name__ == "__main__":
    unittest.main()
