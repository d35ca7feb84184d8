"""Algebras by name: how two vectors are bound, and how a bound one is released."""

from __future__ import annotations

from typing import Any

from nefsim import _checks as check
from nefsim.spa.algebra import Algebra
from nefsim.spa.hrr import HRR
from nefsim.spa.vtb import TVTB, VTB

__all__ = ["ALGEBRAS", "HRR", "TVTB", "VTB", "Algebra", "as_algebra"]

ALGEBRAS: dict[str, Algebra] = {a.name: a for a in (HRR(), VTB(), TVTB())}


def as_algebra(who: str, value: Any) -> Algebra:
    """Check an algebra, or return that of a name."""
    if isinstance(value, Algebra):
        return value
    if isinstance(value, type) and issubclass(value, Algebra):
        do = f"write {value.__name__}()"
        check.fail(who, "algebra", "be an algebra", value, do, TypeError)
    return ALGEBRAS[check.one_of(who, "algebra", value, [*ALGEBRAS])]
