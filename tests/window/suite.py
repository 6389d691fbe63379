"""Runs the tests of the real window, one file per subject: suite.py [WORD …] runs those whose name has one of the words."""

import importlib
import pathlib
import sys
import time
import traceback

from harness import TESTS

for file in sorted(pathlib.Path(__file__).parent.glob("*.py")):
    if file.stem not in ("harness", "suite"):
        importlib.import_module(file.stem)


def main():
    wanted = sys.argv[1:]
    failed = []
    tests = [function for function in TESTS if not wanted or any(word in function.__name__ for word in wanted)]
    for function in tests:
        name = function.__name__.replace("_", " ")
        started = time.monotonic()
        try:
            function()
            print(f"ok   {name} ({time.monotonic() - started:.1f} s)", flush=True)
        except Exception:
            failed.append(name)
            print(f"FAIL {name}\n{traceback.format_exc()}", flush=True)
    print(f"{len(tests) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or not tests else 0


sys.exit(main())
