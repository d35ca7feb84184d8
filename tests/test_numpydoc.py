"""Docstrings of public objects are valid for numpydoc, with the exceptions listed here."""

from __future__ import annotations

from typing import Any

import pytest
from test_docstrings import PACKAGES, public

validate = pytest.importorskip("numpydoc.validate").validate

#: Rules of numpydoc that are not followed, and why.
EXCEPTIONS = {
    "ES01": "a summary line may say all",
    "EX01": "test_docstrings lists the objects without an example",
    "PR01": "test_docstrings checks parameters, with those that a base class documents",
    "PR04": "a type may stand in one line for several parameters",
    "PR08": "descriptions may begin with a symbol, such as kappa",
    "RT02": "a result has a name where the formula uses it",
    "RT03": "the summary line describes the only result",
    "SA01": "test_docstrings counts the sections",
    "SA03": "as for SA04",
    "SA04": "names in See Also need no description",
    "SS05": "nouns such as 'Gains' end in s, too",
}


@pytest.mark.parametrize("package", PACKAGES)
def test_docstrings_are_valid_for_numpydoc(package: str) -> None:
    if extra := PACKAGES[package]:
        pytest.importorskip(extra)
    wrong = []
    for _, obj in public(package):
        errors: Any = validate(f"{obj.__module__}.{obj.__qualname__}")["errors"]
        wrong += [(obj.__qualname__, *error) for error in errors if error[0] not in EXCEPTIONS]
    assert not wrong
