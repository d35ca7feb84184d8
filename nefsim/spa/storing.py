"""Files of vocabularies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import files
from nefsim.spa.algebras import ALGEBRAS

#: Schema of the description of a vocabulary.
SCHEMA = {
    "dimensions": range(1, 10**6 + 1),
    "algebra": tuple(ALGEBRAS),
    "seed": range(2**64),
    "max_similarity": (None, float),
    "pointers": ("unit", "unitary", "orthogonal"),
    "names": [str],
}

#: Largest size of the vectors [numbers].
MOST = 2**30


def save(vocabulary: Any, path: str | Path) -> Path:
    """Write a vocabulary to a file, which is replaced whole."""
    name = check.one_of("Vocabulary.save", "algebra", vocabulary.algebra.name, [*ALGEBRAS])
    meta: dict[str, Any] = {"kind": "vocabulary", "algebra": name, "names": [*vocabulary.names]}
    for name in ("dimensions", "seed", "max_similarity", "pointers"):
        meta[name] = getattr(vocabulary, name)
    return files.write("Vocabulary.save", path, {"vectors": vocabulary.vectors}, meta)


def read(
    who: str, path: Any
) -> tuple[dict[str, Any], NDArray[np.float64], Callable[[str], NoReturn]]:
    """Read the description and the vectors of a vocabulary, and a function that fails."""
    with files.Saved(who, path, "vocabulary", SCHEMA) as saved:
        meta = saved.meta
        shape = (len(meta["names"]), meta["dimensions"])
        saved.expect("vectors", "f", shape)
        if shape[0] * shape[1] > MOST:
            saved.fail("its vectors are too large")
        return meta, saved.array("vectors"), saved.fail
