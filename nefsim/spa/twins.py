"""Whether the populations of a network may have the same tuning curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def equal_populations(options: Mapping[str, Any]) -> bool:
    """Whether populations may be equal: not if their neurons may draw numbers in each step."""
    return all(options.get(name) is None for name in ("noise", "neuron_type"))
