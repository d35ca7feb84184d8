"""The network, whose methods add nodes, ensembles, connections, probes and subnetworks."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import validate
from nefsim.network.dot import dot
from nefsim.network.habits import Answers
from nefsim.network.objects import (
    Connection,
    Endpoint,
    Ensemble,
    FunctionLike,
    Node,
    OutputLike,
    Probe,
    RuleLike,
    Scope,
    TransformLike,
)
from nefsim.network.quantities import table
from nefsim.neurons import LIF, NeuronType, SteadyState
from nefsim.processes import Process
from nefsim.sampling import DistributionLike, ScatteredHypersphere, Uniform
from nefsim.solvers import NoiseMatched, Solver
from nefsim.synapses import Synapse, SynapseLike


class Network(Answers, Scope):
    """A model: nodes, ensembles, connections, probes and subnetworks.

    A network is a description; a :class:`~nefsim.Simulator` draws its random numbers from
    ``seed`` and solves for its decoders.  Each object has a separate stream of random numbers,
    which depends on its kind and its number among the objects of that kind.  So a new probe or
    node does not change any ensemble.  The random numbers of an object with a ``seed`` depend
    on that seed only.

    Parameters
    ----------
    seed : int or None
        Seed of all random numbers of the model; None draws a new seed for each simulator.
    label : str or None
        Name of the network in messages and figures.

    Raises
    ------
    TypeError
        If the seed is not a whole number or the label is not a string.
    ValueError
        If the seed is negative or is 2**64 or more.

    See Also
    --------
    nefsim.Simulator : Builds a network and runs it.
    nefsim.describe : Sizes and cost of a network before it is built.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> net = nef.Network(seed=1)
    >>> stimulus = net.node(np.sin)
    >>> a = net.ensemble(50, 1)
    >>> c = net.connect(stimulus, a)
    >>> net
    <network: 1 node, 1 ensemble (50 neurons), 1 connection, 0 probes>
    """

    #: Writes a file.  :mod:`nefsim.models`, which is in a layer above, sets it when imported.
    _write: ClassVar[Callable[[Network, Any, Any, Any], Path]]

    @explained
    def __init__(self, seed: int | None = None, label: str | None = None) -> None:
        if isinstance(seed, str):
            do = f"pass a whole number or None, or the name as label={check.show(seed)}"
            check.fail("Network", "seed", "be a whole number", check.show(seed), do, TypeError)
        super().__init__(check.seed("Network", seed), check.label("Network", label))

    @explained
    def node(
        self,
        output: OutputLike = None,
        size_in: int = 0,
        size_out: int | None = None,
        seed: int | None = None,
        label: str | None = None,
    ) -> Node:
        """Add a node: a function of time or of its input, a constant, a process, or a junction.

        Parameters
        ----------
        output : callable, array_like, Process or None
            A function ``f(t)`` of the time [s], or ``f(t, x)`` of the time and an input of
            shape (size_in,); a constant; a process such as ``WhiteSignal``; or None to pass on
            the input.  NumPy functions such as ``np.sin`` are called with many times at once.
            Other functions are called once in each step, in the order of ``all_nodes`` of the
            outermost network; but a function is called after those whose output it needs in
            the same step (through connections with ``synapse=None``).
        size_in : int
            Number of dimensions of the input; 0 for none.
        size_out : int or None
            Number of dimensions of the output; None calls a function at t = 0 to find it.
        seed : int or None
            Seed of a process; None derives it from the network.
        label : str or None
            Name of the node; None means "node" with a number.

        Returns
        -------
        Node

        Raises
        ------
        TypeError
            If an argument is of a wrong type, or a function does not accept (t) or (t, x).
        ValueError
            If sizes do not match, or a function has no value at t = 0 and x = 0.

        See Also
        --------
        ensemble : A population of neurons.
        nefsim.processes.Process : Base class of signals over time.

        Examples
        --------
        >>> import numpy as np
        >>> import nefsim as nef
        >>> net = nef.Network(seed=1)
        >>> stimulus = net.node(lambda t: [np.sin(t), np.cos(t)])
        >>> stimulus.size_out
        2
        """
        node = validate.node(self, output, size_in, size_out, seed, label)
        return self._add(self.nodes, node)

    @explained
    def ensemble(
        self,
        n_neurons: int,
        dimensions: int,
        radius: float = 1.0,
        encoders: DistributionLike = ScatteredHypersphere(surface=True),
        intercepts: DistributionLike = Uniform(-1.0, 0.9),
        max_rates: DistributionLike = Uniform(200.0, 400.0),
        eval_points: DistributionLike = ScatteredHypersphere(),
        n_eval_points: int | None = None,
        neuron_type: NeuronType = LIF(),
        gain: DistributionLike | None = None,
        bias: DistributionLike | None = None,
        noise: Process | None = None,
        normalize_encoders: bool = True,
        initial_state: Mapping[str, DistributionLike] | SteadyState | None = None,
        seed: int | None = None,
        label: str | None = None,
    ) -> Ensemble:
        r"""Add a population of neurons that represents a vector.

        .. math:: J_i = \alpha_i \, e_i \cdot x / radius + J^{bias}_i

        Parameters
        ----------
        n_neurons : int
            Number of neurons N.
        dimensions : int
            Number of dimensions D of the vector.
        radius : float
            Length up to which vectors are represented well.
        encoders : Distribution or (N, D) array_like
            Preferred directions, scaled to unit length unless ``normalize_encoders`` is False.
        intercepts, max_rates : Distribution, pair, number or (N,) array_like
            For each neuron, the value along its encoder at which it starts to fire, in units
            of the radius, and its rate at the radius [Hz].  A pair is a range to draw from.
        eval_points : Distribution or (P, D) array_like
            Points at which decoders are solved, in units of the radius.
        n_eval_points : int or None
            Number of points to draw; None means ``max(clip(500 D, 750, 2500), 2 N)``.
        neuron_type : NeuronType
            The neuron model.
        gain, bias : Distribution, pair, number, (N,) array_like or None
            Gains and biases, to pass together instead of ``intercepts`` and ``max_rates``.
        noise : Process or None
            Noise to add to the input current of each neuron.
        normalize_encoders : bool
            Whether to scale encoders to unit length.
        initial_state : mapping of str to Distribution, pair, number or (N,) array_like, or None
            Initial values of the state variables of the neurons, by name; or `SteadyState(x)`,
            the state of LIF neurons that have represented the value x for a long time.
        seed : int or None
            Seed of the ensemble; None derives it from the network.
        label : str or None
            Name of the ensemble; None means "ensemble" with a number.

        Returns
        -------
        Ensemble

        Raises
        ------
        TypeError
            If an argument is of a wrong type.
        ValueError
            If a shape does not match, only one of ``gain`` and ``bias`` is passed, or the
            neuron type cannot reach the maximum rates or intercepts.

        Warns
        -----
        UserWarning
            If there are fewer neurons than dimensions, unless ``encoders`` are an array or the
            neuron type is ``Direct``.

        See Also
        --------
        node : Values without neurons.
        nefsim.gain_bias : Gains and biases of maximum rates and intercepts.

        Examples
        --------
        >>> import nefsim as nef
        >>> net = nef.Network(seed=1)
        >>> a = net.ensemble(100, 2, radius=1.5, max_rates=(100, 200), label="a")
        >>> a, a.neurons, a[0]
        (<ensemble 'a'>, <ensemble 'a'>.neurons, <ensemble 'a'>[0])
        """
        ensemble = validate.ensemble(
            self,
            n_neurons=n_neurons,
            dimensions=dimensions,
            radius=radius,
            encoders=encoders,
            intercepts=intercepts,
            max_rates=max_rates,
            eval_points=eval_points,
            n_eval_points=n_eval_points,
            neuron_type=neuron_type,
            gain=gain,
            bias=bias,
            noise=noise,
            normalize_encoders=normalize_encoders,
            initial_state=initial_state,
            seed=seed,
            label=label,
        )
        return self._add(self.ensembles, ensemble)

    @explained
    def connect(
        self,
        pre: Endpoint,
        post: Endpoint,
        function: FunctionLike | None = None,
        transform: TransformLike | None = None,
        synapse: SynapseLike | Sequence[Synapse | float] = 0.005,
        solver: Solver = NoiseMatched(),
        eval_points: DistributionLike | None = None,
        scale_eval_points: bool = True,
        learning_rule: RuleLike | None = None,
        delay: float = 0.0,
        seed: int | None = None,
        label: str | None = None,
    ) -> Connection:
        """Connect two objects: ``post += synapse(transform @ function(pre))``.

        If ``pre`` is an ensemble, the function is decoded from its spikes, with decoders that
        are solved at the evaluation points.  If it is a node, or an ensemble in Direct mode, the
        function is called in each step.  ``ensemble.neurons`` is a source of spikes, and a
        target of currents, which are multiplied by the gains.

        Parameters
        ----------
        pre, post : Node, Ensemble, Neurons or a view of one
            Source and target; ``post`` may also be a learning rule,
            ``connection.learning_rule``, which receives an error, or its ``gate``.
        function : callable, (P, k) array_like or None
            ``f(x)`` of an array (D,); or its values at ``eval_points``, which must then be an
            array, too.  None is the identity.
        transform : number, (k,) or (M, k) array_like, sparse array or None
            Linear map of the function's k values; None is the identity.
        synapse : Synapse, number, None, or a list of synapses and numbers
            The filter; a number is the time constant of a ``Lowpass`` [s].  With None values
            arrive in the same step.  A list has a synapse for each element of the transformed
            vector: each dimension, or each neuron of ``post.neurons`` or of full weights.
        solver : Solver
            Solver for the decoders; with ``weights=True`` it solves for full weights between
            neurons.  The default prepares for the noise of spikes behind the synapses; Nengo's
            default is ``LstsqL2(reg=0.1)``.
        eval_points : Distribution, (P, D) array_like or None
            Points at which decoders are solved; None means those of the ensemble.
        scale_eval_points : bool
            Whether to multiply ``eval_points`` by the radius of ``pre``.
        learning_rule : LearningRule, list or dict of rules, or None
            Rules that change the weights during a run.  Connect errors to
            ``connection.learning_rule``, or to its elements if there are several rules.
        delay : float [s]
            Delay of the values of ``pre``, as by an axon, rounded to steps.  Learning rules
            read the delayed values.
        seed : int or None
            Seed of the solver and of drawn evaluation points; None derives it from the network.
        label : str or None
            Name of the connection; None means "connection" with a number.

        Returns
        -------
        Connection

        Raises
        ------
        TypeError
            If an argument is of a wrong type, or the function does not return numbers.
        ValueError
            If sizes do not match, or the connection lacks the weights that a rule changes.

        See Also
        --------
        nefsim.solvers.Solver : Base class of solvers.
        nefsim.suggest_learning_rate : A rate for ``PES``.

        Examples
        --------
        >>> import numpy as np
        >>> import nefsim as nef
        >>> net = nef.Network(seed=1)
        >>> a, b = net.ensemble(50, 2), net.ensemble(50, 1)
        >>> net.connect(a, b, function=lambda x: x[0] * x[1], synapse=0.01, label="product")
        <connection 'product'>
        """
        connection = validate.connection(
            self,
            pre=pre,
            post=post,
            function=function,
            transform=transform,
            synapse=synapse,
            solver=solver,
            eval_points=eval_points,
            scale_eval_points=scale_eval_points,
            learning_rule=learning_rule,
            delay=delay,
            seed=seed,
            label=label,
        )
        return self._add(self.connections, connection)

    @explained
    def probe(
        self,
        target: Endpoint | Connection,
        attr: str | None = None,
        synapse: SynapseLike = None,
        sample_every: float | None = None,
        solver: Solver = NoiseMatched(),
        label: str | None = None,
        attach: bool = True,
    ) -> Probe:
        """Record a quantity of an object in each step; probes do not change a run.

        Parameters
        ----------
        target : Node, Ensemble, Neurons, a view of one, Connection or its learning_rule
            The object to record.
        attr : str or None
            The quantity, by its name in the table below; None means the first of the object.
        synapse : Synapse, number or None
            Filter of the records, as of a connection to a population; a number is the time
            constant of a ``Lowpass`` [s].
        sample_every : float or None [s]
            Time between records; None records each step.
        solver : Solver
            Solver for the decoders of an ensemble's output.
        label : str or None
            Name of the probe and of its data in files.
        attach : bool
            Whether the probe becomes part of the network, so that each simulator records it.
            Otherwise it records only in a run to which it is passed, as
            ``Simulator(net, probes=[...])``.

        Returns
        -------
        Probe

        Raises
        ------
        TypeError
            If an argument is of a wrong type.
        ValueError
            If the object belongs to another network or does not have the quantity.

        See Also
        --------
        nefsim.Simulator : Its ``data[probe]`` are the records.

        Notes
        -----
        A record has one row for each step:

        {table}

        Spikes are stored as events, see ``sim.data.events``.  The weights of a connection are
        full weights if its solver has ``weights=True``, ``transform @ decoders.T`` if it decodes,
        or else the transform.

        Examples
        --------
        >>> import nefsim as nef
        >>> net = nef.Network(seed=1)
        >>> a = net.ensemble(50, 1, label="a")
        >>> value, spikes = net.probe(a, synapse=0.01), net.probe(a.neurons)
        >>> sim = nef.Simulator(net)
        >>> sim.run(0.1)
        >>> sim.data[value].shape, sim.data[spikes].shape
        ((100, 1), (100, 50))
        """
        probe = validate.probe(self, target, attr, synapse, sample_every, solver, label)
        if check.flag("Network.probe", "attach", attach):
            self._add(self.probes, probe)
        return probe

    @explained
    def subnetwork(self, label: str | None = None, seed: int | None = None) -> Network:
        """Add and return an empty network within this one.

        Parameters
        ----------
        label : str or None
            Name of the subnetwork, with which the names of its objects begin.
        seed : int or None
            Seed of the subnetwork; None derives it from this network.

        Returns
        -------
        Network

        Raises
        ------
        TypeError
            If the seed is not a whole number or the label is not a string.

        See Also
        --------
        nefsim.network.objects.Scope.everything : A network and all its subnetworks.

        Examples
        --------
        >>> import nefsim as nef
        >>> net = nef.Network(seed=1)
        >>> inner = net.subnetwork("memory")
        >>> inner.ensemble(50, 1, label="a")
        <ensemble 'memory.a'>
        """
        inner = Network(check.seed("Network.subnetwork", seed), label)
        inner.parent = self
        self.networks.append(inner)
        return inner

    @explained
    def save(self, path: str | Path, sim: Any = None, functions: str = "names") -> Path:
        """Write the network to a file, which :func:`nefsim.load_network` reads.

        Parameters
        ----------
        path : str or Path
            The file; ".nef" is added when it has no ending.
        sim : Simulator or None
            A simulator of this network, to save its arrays, too: encoders, gains, biases,
            decoders, and learned weights and encoders with the variables of their rules.  The
            seed in the file is then that of the simulator.
        functions : {"names", "values"}
            "names" writes the names of functions: those of NumPy, ``scipy.special`` and
            ``math``, and those of modules that can be imported.  "values" writes any other
            function of a decoded connection as its values at the evaluation points, so that it
            can be a lambda, and the decoders are the same.  Functions of nodes, and of
            connections from them, need a name.

        Returns
        -------
        Path
            The path of the file.

        Raises
        ------
        ValueError
            If a function or a type cannot be imported by name, such as a lambda, and its values
            are not enough, or if learned weights are not finite or of several trials.
        TypeError
            If an argument or a value is of a wrong type.
        OSError
            If the file cannot be written; an old file is then unchanged.

        See Also
        --------
        nefsim.load_network : Reads the file.
        nefsim.Simulator.save : The state of a run, to continue from.

        Examples
        --------
        >>> import tempfile
        >>> import nefsim as nef
        >>> net = nef.Network(seed=1)
        >>> a = net.ensemble(50, 1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     net.save(f"{folder}/model", sim=nef.Simulator(net)).name
        'model.nef'
        >>> c = net.connect(a, net.node(size_in=1), function=lambda x: x**2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     again = nef.load_network(net.save(f"{folder}/model", functions="values"))
        >>> again.connections[0].function.shape
        (750, 1)
        """
        return type(self)._write(self, path, sim, functions)

    def to_dot(self) -> str:
        """Return the network as a graph in the language DOT.

        Ensembles are boxes, nodes are ellipses, and subnetworks are frames around their objects.
        A dashed arrow leads from the error of a learning rule to the target of the connection
        that it changes.  Probes are left out.

        Returns
        -------
        str
            A text for Graphviz (``dot -Tsvg``) and other programs.

        Examples
        --------
        >>> import numpy as np
        >>> import nefsim as nef
        >>> net = nef.Network(label="square")
        >>> a = net.ensemble(50, 1, label="a")
        >>> c = net.connect(net.node(np.sin, label="u"), a, function=np.square)
        >>> print(net.to_dot())
        digraph "square" {
          rankdir=LR;
          n0 [label="u", shape=ellipse];
          n1 [label="a\\n50 neurons, 1-D", shape=box];
          n0 -> n1 [label="square\\n0.005 s"];
        }
        <BLANKLINE>
        """
        return dot(self)


if Network.probe.__doc__:  # Python removes it with -OO
    _doc = Network.probe.__doc__
    _indent = _doc[_doc.rindex("\n", 0, _doc.index("{table}")) + 1 : _doc.index("{table}")]
    _rows = textwrap.indent("\n".join(table()), _indent).lstrip()  # none from Python 3.13 on
    Network.probe.__doc__ = _doc.replace("{table}", _rows)
