"""Nonsense calls over the public API: none may crash, hang, or raise anything but one sentence.

``PYTHONPATH=.:tests python tests/attacks/nonsense.py --tries 10000`` prints a table; ``--only
NUMBER`` repeats one call and shows its error.  The tests take a few hundred.

A call is one of the valid calls of the tests, in which one to three arguments are replaced: by the
rubbish of ``test_nonsense``, by valid arguments of other calls, or by values of
:mod:`attacks.wrong`.  Some calls have too many or too few arguments.  Each ends in one of
``sentence`` (refused as it should be), ``accepted``, ``own`` (an error of the caller's function or
object), ``signature`` (Python's error about the number of arguments), ``raw`` (another error),
``timeout`` or ``crash``.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from attacks import calls
from attacks.children import in_children
from attacks.wrong import Own, wrong
from test_nonsense import RUBBISH, SENTENCE, TABLE
from test_nonsense_of_networks import METHODS
from test_nonsense_of_networks import TABLE as NETWORKS

import nefsim as nef
from nefsim import networks

OUTCOMES = ("sentence", "accepted", "own", "signature", "raw", "timeout", "crash")

#: Errors of Python about a call that does not fit a signature.
SIGNATURE = re.compile(
    r".*\(\) (missing \d+ required|takes|got an unexpected keyword|got multiple values"
    r"|got some positional-only).*"
)

#: A valid call: the function and its arguments by name.
Fresh = Callable[[], tuple[Callable[..., Any], dict[str, Any]]]


def _of_network(name: str, valid: dict[str, Any]) -> Fresh:
    return lambda: (getattr(networks, name), {"net": nef.Network(seed=1), **valid})


@cache
def every() -> tuple[tuple[str, Fresh], ...]:
    """All valid calls, by name."""
    found: list[tuple[str, Fresh]] = [(repr(case), case.fresh) for case in TABLE]
    found += [(f"networks.{name}", _of_network(name, v)) for name, (v, _) in NETWORKS.items()]
    for name, (make, valid, _) in METHODS.items():
        found.append((name, lambda make=make, valid=valid: (make(nef.Network(seed=1)), {**valid})))
    found += calls.every()
    return tuple(found)


def changed(rng: np.random.Generator, valid: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Arguments by place and by name, some of which are nonsense."""
    named, names = dict(valid), [*valid]
    if names and rng.random() < 0.9:
        count = min(int(rng.choice([1, 1, 1, 2, 2, 3])), len(names))
        for name in rng.choice(names, count, replace=False).tolist():
            named[name] = _replacement(rng)
    placed: list[Any] = []
    form = rng.random()
    if form < 0.05:
        named[str(rng.choice(["rubbish", "n", "size", "axis"]))] = _replacement(rng)
    elif form < 0.08 and names:
        del named[str(rng.choice(names))]
    elif form < 0.1:
        placed = [_replacement(rng) for _ in range(rng.integers(1, 4))]
    return placed, named


def _replacement(rng: np.random.Generator) -> Any:
    kind = rng.random()
    if kind < 0.35:
        return [*RUBBISH.values()][rng.integers(len(RUBBISH))]
    if kind < 0.5:
        _, fresh = every()[rng.integers(len(every()))]
        others = [*fresh()[1].values()]
        if others:
            return others[rng.integers(len(others))]
    return wrong(rng)


def attempt(number: int, seed: int, names: Sequence[str] = (), raises: bool = False) -> str:
    """Make a call; the outcome and the name of the function."""
    rng = np.random.default_rng([seed, number])
    table = [pair for pair in every() if not names or pair[0] in names]
    name, fresh = table[rng.integers(len(table))]
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        function, valid = fresh()
        placed, named = changed(rng, valid)
        if raises:
            print(name, *placed, *(f"{k}={_shown(v)}" for k, v in named.items()), file=sys.stderr)
        try:
            repr(function(*placed, **named))
        except Own:
            return f"own {name}"
        except Exception as error:
            said = error
        else:
            return f"accepted {name}"
    if raises:
        traceback.print_exception(said)
    if isinstance(said, (ValueError, TypeError, OSError)) and SENTENCE.fullmatch(str(said)):
        return f"sentence {name}"
    if isinstance(said, TypeError) and SIGNATURE.fullmatch(str(said)):
        return f"signature {name}"
    if _is_own(said):
        return f"own {name}"
    frames = traceback.extract_tb(said.__traceback__)
    where = ([f for f in frames if "nefsim" in f.filename] or frames)[-1]
    text = " ".join(str(said).split())[:100]
    place = f"{Path(where.filename).name}:{where.lineno}"
    return f"raw {name}: {type(said).__name__} {text} ({place})"


def _shown(value: Any) -> str:
    with contextlib.suppress(Own, RuntimeError):
        return repr(value)[:200]
    return f"<{type(value).__name__}>"


def _is_own(error: BaseException | None) -> bool:
    """Whether an error began in a function of the caller, also if another error hides it."""
    while error is not None:
        frames = traceback.extract_tb(error.__traceback__)
        own = ("wrong.py", "test_nonsense.py", "calls.py")
        deepest = Path(frames[-1].filename).name if frames else ""
        if isinstance(error, Own) or deepest in own or "no picture" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def run(
    tries: int, seed: int, names: Sequence[str] = (), first: int = 0
) -> tuple[Counter[str], Counter[str], list[str]]:
    """Counts of outcomes and of calls by name, and the calls that went wrong."""
    seen, called, bad = Counter[str](), Counter[str](), []

    def report(number: int, outcome: str) -> None:
        word, _, rest = outcome.partition(" ")
        seen[word] += 1
        called[rest.partition(":")[0]] += 1
        if word in ("raw", "timeout", "crash"):
            bad.append(f"{number}: {outcome}")
            print(bad[-1], file=sys.stderr, flush=True)

    every()
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["NEFSIM_DATA"] = folder
        try:
            in_children(lambda n: attempt(n, seed, names), range(first, first + tries), report)
        finally:
            os.chdir(here)
    return seen, called, bad


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--names", nargs="*", default=[])
    parser.add_argument("--only", type=int)
    options = parser.parse_args()
    if options.only is not None:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            os.environ["NEFSIM_DATA"] = folder
            print(attempt(options.only, options.seed, options.names, raises=True))
            os.chdir("/")
        return
    seen, called, bad = run(options.tries, options.seed, options.names, options.first)
    print("| calls | functions | " + " | ".join(OUTCOMES) + " |")
    print("|---" * (2 + len(OUTCOMES)) + "|")
    cells = [seen.total(), len(called), *(seen[outcome] for outcome in OUTCOMES)]
    print("| " + " | ".join(map(str, cells)) + " |")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
