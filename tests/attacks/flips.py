"""Flip one bit of each kind of file that nefsim writes: it is noticed, or nothing has changed.

``PYTHONPATH=.:tests python tests/attacks/flips.py --tries 1000`` prints a table.  Bits without a
meaning, such as those of a date in an archive, may be flipped unnoticed; then the content that is
read must be the same.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from attacks.kinds import KINDS, Sample
from attacks.mutate import Rng

#: Kinds that nefsim writes; a layout is a text for people, without arrays or a checksum.
OWN = [name for name in KINDS if name not in ("mnist", "nir", "layout", "sound")]


def flipped(rng: Rng, good: Path, folder: Path) -> Path:
    """A copy of a file or folder with one bit flipped."""
    path = folder / good.name
    if good.is_dir():
        shutil.copytree(good, path)
    else:
        shutil.copy(good, path)
    files = sorted(f for f in path.rglob("*") if f.is_file()) if good.is_dir() else [path]
    # Small files as often as large ones.
    file = files[int(rng.integers(len(files)))]
    data = bytearray(file.read_bytes())
    at = int(rng.integers(8 * len(data)))
    data[at // 8] ^= 1 << at % 8
    file.write_bytes(data)
    return path


def outcome(sample: Sample, rng: Rng, folder: Path) -> str:
    """``refused`` (or warned of), ``same``, or ``other`` where damage was not noticed."""
    folder.mkdir()
    try:
        path = flipped(rng, sample.good, folder)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", "Result.load: .* must be complete")
            found = sample.use(path)
        return "same" if found == sample.content else "other"
    except (ValueError, TypeError, UserWarning):
        return "refused"
    finally:
        shutil.rmtree(folder)


def counts(name: str, tries: int, seed: int) -> Counter[str]:
    """The number of each outcome of a kind."""
    rng, seen = np.random.default_rng([seed, [*KINDS].index(name)]), Counter[str]()
    with tempfile.TemporaryDirectory() as top:
        kind = KINDS[name](Path(top))
        for i in range(tries):
            sample = kind.samples[i % len(kind.samples)]
            seen[outcome(sample, rng, Path(top, "try"))] += 1
    return seen


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="*", choices=OWN, default=OWN)
    options = parser.parse_args()
    print("| kind | flips | refused or warned of | same content | not noticed |")
    print("|---|---|---|---|---|")
    missed = 0
    for name in options.kinds:
        seen = counts(name, options.tries, options.seed)
        missed += seen["other"]
        print(f"| {name} | {seen.total()} | {seen['refused']} | {seen['same']} | {seen['other']} |")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
