"""Ensemble arrays: populations that each represent some dimensions of a vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Ensemble, Network, Node
from nefsim.network.functions import result_size
from nefsim.networks._part import Part, count, part, twin_seed


@dataclass(frozen=True, eq=False, repr=False)
class EnsembleArray(Part):
    """Populations that each represent some dimensions of a vector.

    Attributes
    ----------
    network : Network
        The subnetwork of all objects.
    input, output : Node
        The vector, (n_ensembles * ens_dimensions,).
    ensembles : tuple of Ensemble
        The populations, in the order of their dimensions.
    outputs : dict of str to Node
        The nodes that :meth:`add_output` added, by name.
    """

    input: Node
    output: Node
    ensembles: tuple[Ensemble, ...]
    outputs: dict[str, Node]

    def add_output(
        self, name: str, function: Any = None, synapse: Any = None, **options: Any
    ) -> Node:
        """Add a node with a function of the vector of each population.

        Parameters
        ----------
        name : str
            Label of the node, and its key in ``outputs``.
        function : callable, sequence of callable or None
            ``f(x)`` of an array (ens_dimensions,); one function, or one for each population.
            None is the identity.
        synapse : Synapse, number [s] or None
            Synapse of the connections to the node.
        **options
            Further arguments of :meth:`Network.connect`, such as ``solver``.

        Returns
        -------
        Node
            The values of all populations, one after the other.

        Raises
        ------
        ValueError
            If the name is taken, or the number of functions is not that of the populations.
        TypeError
            If the name is no string, or a function returns no numbers.

        Examples
        --------
        >>> import numpy as np
        >>> import nefsim as nef
        >>> net = nef.Network(seed=1)
        >>> array = nef.networks.ensemble_array(net, 50, 3)
        >>> array.add_output("square", np.square).size_out
        3
        """
        who = "EnsembleArray.add_output"
        if not isinstance(name, str) or not name:
            check.fail(who, "name", "be a text", check.show(name), "pass a name", TypeError)
        if name in self.outputs or name == "output":
            check.fail(who, "name", "be new", check.show(name), "pass another name")
        functions = self._functions(who, function)
        zero = np.zeros(self.ensembles[0].dimensions)
        sizes = [
            len(zero) if f is None else result_size(who, "function", f, zero) for f in functions
        ]
        if 0 in sizes:
            check.fail(who, "function", "return at least one number", "none", "return a value")
        ends = np.cumsum(sizes)
        node = self.network.node(size_in=int(ends[-1]), label=name)
        before = len(self.network.connections)
        try:
            for ensemble, f, end, size in zip(self.ensembles, functions, ends, sizes, strict=True):
                target = node[end - size : end]
                self.network.connect(ensemble, target, f, synapse=synapse, **options)
        except BaseException:
            self.network.nodes.remove(node)
            del self.network.connections[before:]
            raise
        self.outputs[name] = node
        return node

    def _functions(self, who: str, function: Any) -> Sequence[Any]:
        n = len(self.ensembles)
        if not isinstance(function, (list, tuple)):
            function = [function] * n
        if len(function) != n:
            do = "pass one for each population, or one for all"
            check.fail(who, "function", f"be {n} functions", f"{len(function)}", do)
        return [f if f is None else check.function(who, "function", f) for f in function]


@explained
def ensemble_array(
    net: Network,
    n_neurons: int,
    n_ensembles: int,
    ens_dimensions: int = 1,
    label: str | None = None,
    seed: int | None = None,
    equal: bool | int = False,
    **options: Any,
) -> EnsembleArray:
    """Add populations that each represent some dimensions of a vector.

    The error of each dimension does not grow with the number of dimensions, unlike that of one
    population with as many neurons.  However, a function can be decoded only if it is a sum of
    functions of the dimensions in one population.

    Parameters
    ----------
    net : Network
        The network to add the populations to.
    n_neurons : int
        Number of neurons of each population.
    n_ensembles : int
        Number of populations.
    ens_dimensions : int
        Number of dimensions of each population.
    label : str or None
        Label of the subnetwork; None means one from the function's name.
    seed : int or None
        Seed of the subnetwork; None derives it from the seed of ``net``.
    equal : bool or int
        Whether all populations have the same tuning curves, which are drawn and solved once.
        Their errors then are the same functions of their inputs, and random numbers of their
        noise are the same.  A whole number is the seed of the populations.
    **options
        Further arguments of :meth:`Network.ensemble`, for all populations.

    Returns
    -------
    EnsembleArray
        With ``input``, ``output`` and :meth:`~EnsembleArray.add_output`.

    Raises
    ------
    ValueError, TypeError
        If a number is not whole or below 1, or an option does not fit.

    References
    ----------
    C. Eliasmith and C. H. Anderson, Neural Engineering, MIT Press, 2003.

    Examples
    --------
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> array = nef.networks.ensemble_array(net, 50, 4, ens_dimensions=2)
    >>> array.input.size_in, len(array.ensembles)
    (8, 4)
    """
    who = "ensemble_array"
    n, d = count(who, "n_ensembles", n_ensembles), count(who, "ens_dimensions", ens_dimensions)
    with part(who, net, label, seed, "ensemble array") as inner:
        source, sink = (inner.node(size_in=n * d, label=name) for name in ("input", "output"))
        if isinstance(equal, (bool, np.bool_)):
            options |= {"seed": twin_seed(inner)} if equal else {}
        else:
            options |= {"seed": check.integer(who, "equal", equal, high=2**64 - 1)}
        ensembles = tuple(inner.ensemble(n_neurons, d, **options) for _ in range(n))
        for i, ensemble in enumerate(ensembles):
            here = slice(i * d, (i + 1) * d)
            inner.connect(source[here], ensemble, synapse=None)
            inner.connect(ensemble, sink[here], synapse=None)
    return EnsembleArray(inner, source, sink, ensembles, {})
