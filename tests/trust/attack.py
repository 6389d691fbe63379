"""What an attack is, what it reports, and the table of them all."""

from __future__ import annotations

import collections
import random
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

# Of one attack, so many ways to fail are told in full; the others are counted.
MOST_TOLD = 6
LONGEST_TOLD = 220


def shortened(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    text = text.encode("unicode_escape").decode() if not text.isprintable() else text
    return text if len(text) <= LONGEST_TOLD else f"{text[:LONGEST_TOLD]}… ({len(text)} characters)"


@dataclass
class Trial:
    """One attack while it runs: how many rounds, which random numbers, and what failed."""

    name: str
    planned: int
    random: random.Random
    rounds: int = 0
    failed_rounds: int = 0
    failures: dict[str, list[str]] = field(default_factory=lambda: collections.defaultdict(list))
    remarks: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)

    def repeat(self, once: Callable[[int], None]) -> None:
        """Makes a round as often as was asked for."""
        for nth in range(self.planned):
            with self.round():
                once(nth)

    def round(self) -> "Round":
        return Round(self)

    def expect(self, holds: bool, expected: str, sent: object, came: object) -> bool:
        """Writes a failure down; `expected` names its kind, so that the same one is told once."""
        if not holds:
            self.failures[expected].append(f"sent {shortened(sent)}\n      came {shortened(came)}")
        return holds

    def remark(self, text: str) -> None:
        self.remarks.append(text)

    def detail(self, text: str) -> None:
        """A line that the full run prints, and the short one does not."""
        self.details.append(text)

    @property
    def result(self) -> str:
        return f"FAILED {self.failed_rounds} of {self.rounds}" if self.failures else "held"


class Round:
    """Counts a round, and whether it failed. An exception in it is a failure like any other."""

    def __init__(self, trial: Trial):
        self.trial = trial
        self.before = 0

    def __enter__(self) -> "Round":
        self.before = self.count()
        return self

    def __exit__(self, kind, error, trace) -> bool:
        if isinstance(error, Exception):
            place = traceback.extract_tb(trace)[-1]
            text = f"{type(error).__name__}: {error}, at {place.filename.rsplit('/', 1)[-1]}:{place.lineno}"
            self.trial.expect(False, "an end of the round without an error", self.trial.name, text)
        self.trial.rounds += 1
        self.trial.failed_rounds += self.count() > self.before
        return isinstance(error, Exception)

    def count(self) -> int:
        return sum(len(told) for told in self.trial.failures.values())


@dataclass(frozen=True)
class Attack:
    name: str
    quick: int
    full: int
    run: Callable[[Trial], None]


ATTACKS: list[Attack] = []


def attack(name: str, quick: int, full: int) -> Callable[[Callable[[Trial], None]], Callable[[Trial], None]]:
    """Adds a function to the table, with its number of rounds in the short and in the full run."""

    def add(function: Callable[[Trial], None]) -> Callable[[Trial], None]:
        ATTACKS.append(Attack(name, quick, full, function))
        return function

    return add


def carry_out(chosen: list[Attack], is_quick: bool, seed: int) -> int:
    """Runs the attacks, prints the table, and gives the number of those that did not hold."""
    print(f"seed {seed}", flush=True)
    print(f"{'attack':<64} {'rounds':>7}  {'result':<20} {'s':>5}", flush=True)
    trials = []
    for one in chosen:
        trial = Trial(one.name, one.quick if is_quick else one.full, random.Random(f"{seed} {one.name}"))
        started = time.monotonic()
        try:
            one.run(trial)
        except Exception:
            trial.expect(False, "an end of the attack without an error", one.name, traceback.format_exc(limit=-3))
        # An attack that tried nothing has shown nothing.
        trial.expect(trial.rounds > 0, "at least one round", one.name, "none")
        took = time.monotonic() - started
        print(f"{trial.name:<64} {trial.rounds:>7}  {trial.result:<20} {took:>5.1f}", flush=True)
        for text in trial.remarks + ([] if is_quick else trial.details):
            print(f"    {text}", flush=True)
        trials.append(trial)
    failed = [trial for trial in trials if trial.failures]
    for trial in failed:
        print(f"\n{trial.name}: {trial.result}")
        for expected, told in list(trial.failures.items())[:MOST_TOLD]:
            times = f" ({len(told)} times)" if len(told) > 1 else ""
            print(f"  expected {expected}{times}")
            # The first and the last: the same failure may have two causes.
            for text in dict.fromkeys([told[0], told[-1]]):
                print(f"      {text}")
        if len(trial.failures) > MOST_TOLD:
            print(f"  and {len(trial.failures) - MOST_TOLD} other kinds")
    print(f"\n{len(trials) - len(failed)} of {len(trials)} attacks held")
    return len(failed)
