"""The table of all quantities that can be probed.

``lowering/probes`` has the reader of each row.
"""

from __future__ import annotations

from typing import NamedTuple

from nefsim.network.objects import (
    Connection,
    Endpoint,
    Ensemble,
    Gate,
    Learning,
    Neurons,
    Node,
    whole,
)


class Quantity(NamedTuple):
    """A row of the table.

    Attributes
    ----------
    of : str
        Kind of the object, such as "ensemble".
    name : str
        Name of the quantity, the argument ``attr`` of a probe.  ``VARIABLE`` means any state
        variable of a neuron type, or any further trace of a rule.
    shape : str
        Shape of a record.
    meaning : str
        Description of the values, with their unit.
    """

    of: str
    name: str
    shape: str
    meaning: str


VARIABLE = "..."

#: The first quantity of an object is its default.
QUANTITIES = (
    Quantity("ensemble", "decoded_output", "(D,)", "value that is decoded from the activities"),
    Quantity("ensemble", "input", "(D,)", "sum of the values that arrive"),
    Quantity("ensemble", "scaled_encoders", "(N, D)", "encoders times gain / radius"),
    Quantity("neurons", "output", "(N,)", "spikes, as amplitude / dt, or rates [Hz]"),
    Quantity("neurons", "spikes", "(N,)", "the same"),
    Quantity("neurons", "rates", "(N,)", "the same"),
    Quantity("neurons", "input", "(N,)", "currents"),
    Quantity("neurons", VARIABLE, "(N,)", "a state variable by name, such as voltage"),
    Quantity("node", "output", "(size_out,)", "output of the node"),
    Quantity("node", "input", "(size_in,)", "sum of the values that arrive"),
    Quantity("connection", "output", "(size_out,)", "value that arrives, filtered"),
    Quantity("connection", "input", "(size_out,)", "the same before the filter"),
    Quantity("connection", "weights", "(rows, columns)", "weights as they act in each step"),
    Quantity("rule", "error", "(size_in,)", "error that is connected to the rule"),
    Quantity("rule", "activities", "(N,)", "filtered activity before the connection [Hz]"),
    Quantity("rule", VARIABLE, "(M,)", "another trace by name, such as post or theta"),
    Quantity("gate", "input", "(1,)", "factor of the changes of a rule"),
)

_KINDS = {
    Connection: "connection",
    Learning: "rule",
    Gate: "gate",
    Ensemble: "ensemble",
    Neurons: "neurons",
}


def kind_of(target: Endpoint | Connection) -> str:
    """The kind of an object in the table."""
    obj = target if isinstance(target, Connection) else whole(target)
    return _KINDS.get(type(obj), "node")


def row_of(target: Endpoint | Connection, attr: str) -> Quantity:
    """The row of the table for a quantity of an object."""
    rows = {q.name: q for q in QUANTITIES if q.of == kind_of(target)}
    return rows[attr] if attr in rows else rows[VARIABLE]


def unit_of(target: Endpoint | Connection, attr: str) -> str | None:
    """The unit of a quantity: "Hz", "1" for plain numbers, or None for variables of a type."""
    row = row_of(target, attr)
    if (row.of == "neurons" and row.name in ("output", "spikes", "rates")) or "[Hz]" in row.meaning:
        return "Hz"
    return None if row.name == VARIABLE else "1"


def probeable(target: Endpoint | Connection) -> tuple[str, ...]:
    """The quantities of an object that can be recorded; the first is the default."""
    obj = target if isinstance(target, Connection) else whole(target)
    if isinstance(obj, Learning):
        traces = ("activities" if name == "pre" else name for name in obj.rule.traces())
        return (*(("error",) if obj.size_in else ()), *traces)
    names = [row.name for row in QUANTITIES if row.of == kind_of(obj) and row.name != VARIABLE]
    if isinstance(obj, Neurons):
        return (*names, *obj.ensemble.neuron_type.initial_state)
    if isinstance(obj, Node) and not obj.size_in:
        names.remove("input")
    return tuple(names)


def table() -> list[str]:
    """The lines of the table in the docstring of ``Network.probe``."""
    rows = [("of", "quantity", "shape", "values"), *QUANTITIES]
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    lines = ["  ".join(f"{cell:{n}}" for cell, n in zip(row, widths, strict=True)) for row in rows]
    rule = "  ".join("=" * n for n in widths)
    return [rule, lines[0].rstrip(), rule, *(line.rstrip() for line in lines[1:]), rule]
