"""The networks of ``nengo_models`` as networks of nefsim, with functions that have names here."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import nengo_models
from named_models import named

import nefsim as nef
from nefsim.nengo import from_nengo


def _read(name: str) -> nef.Network:
    return from_nengo(nengo_models.network(name))


NETWORKS: dict[str, nef.Network] = {}
# The functions of "environment" share a Python variable, which no file has.
for _name in sorted(nengo_models.MODELS.keys() - {"environment"}):
    with suppress(ValueError, TypeError):  # parts that networks of nefsim do not have
        NETWORKS[f"nengo {_name}"] = named(_name, partial(_read, _name), __name__, globals())
