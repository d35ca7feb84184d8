"""The format of model files: version, schema, and checks on opening."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, NoReturn

from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim import files
from nefsim._archive import Archive, reason
from nefsim._schema import COUNT, misfit

#: Ending, kind and version of a file.
ENDING, KIND, VERSION = ".nef", "nefsim model", 1

#: Name and most bytes of the description in a file.
DESCRIPTION, LONGEST = "model.json", 2**26

#: Bytes of all arrays of a file that are read, unless the caller passes another number.
LIMIT = 2**33

SEED = (None, range(2**64))

#: Values of each kind of object in the description; the others are those of its fields.
NODE = ("output", "size_in", "size_out", "seed")
ENSEMBLE = (
    *("n_neurons", "dimensions", "radius", "encoders", "intercepts", "max_rates", "gain", "bias"),
    *("eval_points", "n_eval_points", "neuron_type", "noise", "normalize_encoders"),
    *("initial_state", "seed"),
)
CONNECTION = (
    *("function", "transform", "synapse", "solver", "eval_points", "scale_eval_points"),
    *("rules", "delay", "seed"),
)
PROBE = ("attr", "synapse", "sample_every", "solver")


def _table(names: tuple[str, ...], *ends: str) -> list[Any]:
    place = {"network": COUNT, "label": str}
    return [{**place, **{end: {str: object} for end in ends}, **dict.fromkeys(names, object)}]


SCHEMA = {
    "provenance": {str: object},
    "networks": [
        {"parent": (None, COUNT), "label": (None, str), "seed": SEED, "warns_of_radius": object}
    ],
    "nodes": _table(NODE),
    "ensembles": _table(ENSEMBLE),
    "connections": _table(CONNECTION, "pre", "post"),
    "probes": _table(PROBE, "target"),
    "built": {"ensembles": [object], "connections": [object], "probes": [object]},
}


def path_of(who: str, path: Any) -> Path:
    """Check a path; ".nef" is added to a name without an ending."""
    checked = files.as_path(who, path, ending=False)
    return checked if checked.suffix else checked.with_suffix(ENDING)


class ModelFile(Archive):
    """An open model file, whose description has been checked.

    Parameters
    ----------
    who : str
        Name at the start of error messages.
    path : str or Path
        The file.
    limit : int
        Largest total size of arrays [bytes].

    Attributes
    ----------
    source : Path
        Path of the file.
    model : dict
        The description of the network.
    """

    def __init__(self, who: str, path: Any, limit: int = LIMIT) -> None:
        self._who, self.source = who, path_of(who, path)
        self._limit, self._read = limit, 0
        if not self.source.is_file():
            do = "pass a file that Network.save wrote"
            check.fail(who, "path", "be a file", f"{self.source}", do)
        super().__init__(self.source)
        try:
            if self.size > limit:
                self.fail(f"it unpacks to {self.size} bytes, above the limit of {limit}")
            self.model: dict[str, Any] = self._description()
        except BaseException:
            self.close()
            raise

    def _description(self) -> dict[str, Any]:
        text = self.text(DESCRIPTION, LONGEST)
        try:
            model = json.loads(text)
        except (ValueError, RecursionError) as error:
            self.fail(f"{DESCRIPTION!r}: {reason(error)}")
        head = {"format": KIND, "version": range(VERSION, VERSION + 1)}
        why = misfit(model, head) or misfit(model, SCHEMA)
        if why:
            self.fail(why)
        for kind in ("ensembles", "connections", "probes"):
            arrays = model["built"][kind]
            if arrays and len(arrays) != len(model[kind]):
                self.fail(f"built.{kind} is of {len(arrays)} of {len(model[kind])}")
        return model

    def array(self, name: str) -> NDArray[Any]:
        """Read an array; each call counts towards the limit of bytes."""
        dtype, shape = self.header(name)
        self._read += dtype.itemsize * math.prod(shape)
        if self._read > self._limit:
            self.fail(f"its arrays are named so often that they exceed {self._limit} bytes")
        return super().array(name)

    def fail(self, why: str) -> NoReturn:
        """Raise an error about the file."""
        got = f"{self.source} ({why})"
        do = "pass a file that Network.save wrote"
        check.fail(self._who, "path", "be a model of nefsim", got, do)
