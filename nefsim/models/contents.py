"""List the contents of a model file."""

from __future__ import annotations

from typing import Any

from nefsim import _checks as check
from nefsim._archive import reason
from nefsim.models.format import DESCRIPTION, ModelFile
from nefsim.models.names import is_allowed
from nefsim.models.values import names_in


def contents(path: Any) -> dict[str, Any]:
    """List the counts, names, arrays and provenance of a model file, without importing anything.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    dict
        ``label``, ``seed``, the number of objects of each kind, the number of ``neurons``, the
        ``names`` of functions and types, the ``modules`` to allow in
        :func:`nefsim.load_network`, ``built`` (whether there are arrays of a simulator),
        ``arrays`` (shapes by name), and ``provenance``.

    Raises
    ------
    ValueError
        If the file is damaged or of another kind.

    See Also
    --------
    nefsim.load_network : Read the network.

    Examples
    --------
    >>> import tempfile
    >>> import nefsim as nef
    >>> from nefsim.models import contents
    >>> net = nef.Network(seed=1)
    >>> a = net.ensemble(50, 1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = contents(net.save(f"{folder}/model.nef"))
    >>> found["ensembles"], found["neurons"], found["built"]
    (1, 50, False)
    """
    with ModelFile("contents", path) as file:
        model = file.model
        try:
            found = sorted(names_in(model))
        except RecursionError as error:
            file.fail(reason(error))
        counts = [each["n_neurons"] for each in model["ensembles"]]
        if not all(type(n) is int for n in counts):
            file.fail(f"n_neurons is {check.show(counts)}")
        arrays = [name for name in file.names if name != DESCRIPTION]
        return {
            "label": model["networks"][0]["label"] if model["networks"] else None,
            "seed": model["networks"][0]["seed"] if model["networks"] else None,
            **{
                kind: len(model[kind])
                for kind in ("networks", "nodes", "ensembles", "connections", "probes")
            },
            "neurons": sum(counts),
            "names": found,
            "modules": sorted(module for module in map(_foreign_module, found) if module),
            "built": any(model["built"].values()),
            "arrays": {name: list(file.header(name)[1]) for name in arrays},
            "provenance": model["provenance"],
        }


def _foreign_module(name: str) -> str:
    """The module from which a name must be imported; empty for NumPy and nefsim."""
    return "" if is_allowed(name, ()) else name.partition(":")[0]


def lines(found: dict[str, Any]) -> str:
    """The result of :func:`contents` as lines of text."""
    counts = [f"{found[kind]} {kind}" for kind in ("nodes", "ensembles", "connections", "probes")]
    facts = found["provenance"]
    text = [
        f"model: {', '.join(counts)}, {found['neurons']} neurons",
        f"label: {found['label'] or '(none)'}",
        f"seed: {found['seed']}",
        f"arrays of a simulator: {'yes' if found['built'] else 'no'}",
        f"names: {', '.join(found['names']) or '(none)'}",
        f"modules to allow: {', '.join(found['modules']) or '(none)'}",
        *(f"made, {key}: {facts[key]}" for key in facts),
        f"arrays: {len(found['arrays'])}",
        *(f"  {name} {tuple(shape)}" for name, shape in found["arrays"].items()),
    ]
    return "\n".join(" ".join(line.rstrip().splitlines()) for line in text)
