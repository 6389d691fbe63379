"""Runs the attacks: `tests/trust/run` starts it. Each module holds those of one subject."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time

import attack

# In the order of the table.
import kills  # noqa: F401
import kills_of_files  # noqa: F401
import kills_of_webhooks  # noqa: F401
import full_disk  # noqa: F401
import damage  # noqa: F401
import places  # noqa: F401
import shared_folder  # noqa: F401
import whole_values  # noqa: F401
import planted  # noqa: F401
import hostile_http  # noqa: F401
import http2  # noqa: F401
import hostile_upstream  # noqa: F401
import fuzz  # noqa: F401


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/trust/run [PROGRAM]", description="Attacks the program")
    parser.add_argument("--rounds", choices=["quick", "full"], default="full", help="at most three, or ten minutes")
    parser.add_argument("--only", action="append", default=[], metavar="WORD", help="only attacks with this in their name")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"), help="repeats a run")
    parser.add_argument("--list", action="store_true", help="say which attacks there are")
    options = parser.parse_args()
    chosen = [one for one in attack.ATTACKS if not options.only or any(word in one.name for word in options.only)]
    if options.list:
        print("\n".join(one.name for one in chosen))
        return 0
    if not chosen:
        print("no attack has such a name; --list tells them", file=sys.stderr)
        return 2
    # As Ctrl+C: what was started is ended, and what was mounted is unmounted.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # What runs in the background is told to ignore these, and would have the programs that it attacks ignore them as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    started = time.monotonic()
    failed = attack.carry_out(chosen, options.rounds == "quick", options.seed)
    print(f"in {time.monotonic() - started:.0f} s")
    return 1 if failed else 0


sys.exit(main())
