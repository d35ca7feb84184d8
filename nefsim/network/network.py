"""The network: its methods make everything in it and check it on the line that wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import validate
from nefsim.network.habits import Answers
from nefsim.network.objects import (
    Connection,
    Endpoint,
    Ensemble,
    Node,
    Probe,
    Scope,
)
from nefsim.neurons import LIF, NeuronType
from nefsim.processes import Process
from nefsim.sampling import ScatteredHypersphere, Uniform
from nefsim.solvers import LstsqL2, Solver


class Network(Answers, Scope):
    """A model: nodes, ensembles, connections and probes, and networks within it.

    A network holds no arrays and draws no random numbers; a
    :class:`~nefsim.Simulator` does both, from ``seed``.  Each object has its own stream of
    random numbers, set by its kind and its place among its kind, so that adding a probe
    or a node changes no ensemble, and an object with a seed of its own keeps it.

    Parameters
    ----------
    seed : int or None
        Source of everything random in the model; None draws a new one for each simulator.
    label : str or None
        A name for messages and pictures.

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

    @explained
    def __init__(self, seed: int | None = None, label: str | None = None) -> None:
        if isinstance(seed, str):
            do = f"pass a whole number or None, or the name as label={check.show(seed)}"
            check.fail("Network", "seed", "be a whole number", check.show(seed), do, TypeError)
        super().__init__(check.seed("Network", seed), check.label("Network", label))

    @explained
    def node(
        self,
        output: Any = None,
        size_in: int = 0,
        size_out: int | None = None,
        seed: int | None = None,
        label: str | None = None,
    ) -> Node:
        """Add a node: a function of time or of its input, a constant, a process, or a junction.

        Parameters
        ----------
        output : callable, array_like, Process or None
            ``f(t)``, or ``f(t, x)`` when ``size_in`` is above 0, with t in seconds and x of
            shape (size_in,); a constant; a process such as ``WhiteSignal``; or None to pass
            the input on.  NumPy functions such as ``np.sin`` are evaluated on many times at
            once; other functions are called once a step, in the order of ``all_nodes`` of the
            outermost network, but that a function waits for those whose output it needs in
            the same step (through connections with ``synapse=None``).
        size_in : int
            Dimensions of the input.
        size_out : int or None
            Dimensions of the output; None finds out, by calling a function once at t = 0.
        seed : int or None
            Seed of a process of its own.
        label : str or None
            A name.

        Returns
        -------
        Node
        """
        made = validate.node(self, output, size_in, size_out, seed, label)
        self.nodes.append(made)
        return made

    @explained
    def ensemble(
        self,
        n_neurons: int,
        dimensions: int,
        radius: float = 1.0,
        encoders: Any = ScatteredHypersphere(surface=True),
        intercepts: Any = Uniform(-1.0, 0.9),
        max_rates: Any = Uniform(200.0, 400.0),
        eval_points: Any = ScatteredHypersphere(),
        n_eval_points: int | None = None,
        neuron_type: NeuronType = LIF(),
        gain: Any = None,
        bias: Any = None,
        noise: Process | None = None,
        normalize_encoders: bool = True,
        initial_state: Mapping[str, Any] | None = None,
        seed: int | None = None,
        label: str | None = None,
    ) -> Ensemble:
        r"""Add a population of neurons that represents a vector.

        .. math:: J_i = \alpha_i \, e_i \cdot x / radius + J^{bias}_i

        Parameters
        ----------
        n_neurons : int
            Number of neurons, N.
        dimensions : int
            Dimensions of the vector, D.
        radius : float
            Length of the vectors that the population is meant to represent.
        encoders : Distribution or (N, D) array_like
            Preferred directions; made unit length.
        intercepts, max_rates : Distribution, pair, number or (N,) array_like
            Where along its encoder each neuron starts to fire (1 is the radius), and how
            fast it fires at the radius [Hz]; a pair is a range to draw from.
        eval_points : Distribution or (P, D) array_like
            Points in the unit ball at which decoders are solved; scaled by the radius.
        n_eval_points : int or None
            How many points to draw; None takes ``max(clip(500 D, 750, 2500), 2 N)``.
        neuron_type : NeuronType
            The neuron model.
        gain, bias : Distribution, pair, number, (N,) array_like or None
            Both or neither; given, they take the place of intercepts and max_rates.
        noise : Process or None
            Added to each neuron's current.
        normalize_encoders : bool
            Whether encoders are made unit length.
        initial_state : mapping of str to Distribution, pair, number or (N,) array_like, or None
            Where state variables of the neurons start, by name.
        seed : int or None
            A seed of its own.
        label : str or None
            A name.

        Returns
        -------
        Ensemble
        """
        made = validate.ensemble(
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
        self.ensembles.append(made)
        return made

    @explained
    def connect(
        self,
        pre: Endpoint,
        post: Endpoint,
        function: Any = None,
        transform: Any = None,
        synapse: Any = 0.005,
        solver: Solver = LstsqL2(),
        eval_points: Any = None,
        scale_eval_points: bool = True,
        learning_rule: Any = None,
        delay: float = 0.0,
        seed: int | None = None,
        label: str | None = None,
    ) -> Connection:
        """Connect two objects: ``post += synapse(transform @ function(pre))``.

        From an ensemble the function is decoded from the spikes, by least squares at the
        evaluation points; from a node, or an ensemble in Direct mode, it is called.  To or
        from ``ensemble.neurons`` the values are currents (times the gain) and spikes.

        Parameters
        ----------
        pre, post : Node, Ensemble, Neurons or a view of one
            From where and to where; ``post`` may also be a rule, ``connection.learning_rule``,
            to bring it an error, or its ``gate``.
        function : callable, (P, k) array_like or None
            ``f(x)`` of a (D,) array; or its values at ``eval_points``, which must then be an
            array too; None is the identity.
        transform : number, (D,) or (M, D) array_like, sparse array or None
            Linear map after the function; None is the identity.
        synapse : Synapse, number or None
            The filter; a number is ``Lowpass(tau)`` in seconds; None hands the value on in
            the same step.
        solver : Solver
            How decoders are found; ``weights=True`` forms full neuron-to-neuron weights.
        eval_points : Distribution, (P, D) array_like or None
            Points at which the decoders are solved; None takes the ensemble's.
        scale_eval_points : bool
            Whether ``eval_points`` are multiplied by the radius of ``pre``.
        learning_rule : LearningRule, list or dict of rules, or None
            How the weights change while the network runs; errors are connected to
            ``connection.learning_rule``, or to its elements.
        delay : float [s]
            How much later all of ``pre`` arrives, as along an axon, rounded to a step; a rule
            sees what has arrived.
        seed : int or None
            A seed of its own.
        label : str or None
            A name.

        Returns
        -------
        Connection
        """
        made = validate.connection(
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
        self.connections.append(made)
        return made

    @explained
    def probe(
        self,
        target: Endpoint | Connection,
        attr: str | None = None,
        synapse: Any = None,
        sample_every: float | None = None,
        solver: Solver = LstsqL2(),
        label: str | None = None,
        attach: bool = True,
    ) -> Probe:
        """Record something of an object; a probe never changes what it records.

        Parameters
        ----------
        target : Node, Ensemble, Neurons, a view of one, Connection or its learning_rule
            Of what.
        attr : str or None
            What: ``decoded_output`` or ``input`` of an ensemble; ``output`` (spikes, as
            ``amplitude / dt``, kept as events, see ``sim.data.events``), ``input`` (currents)
            or a state variable such as ``voltage`` of neurons; ``output`` or ``input`` of a
            node or connection; ``weights`` of a connection, as they act in each step: onto
            neurons where it has such, else ``transform @ decoders.T`` or the transform;
            ``error``, ``activities``, ``post`` or ``theta`` of a learning rule;
            ``scaled_encoders`` of an ensemble.  None takes the first.
        synapse : Synapse, number or None
            A filter; the filtered value is the one that another population would receive.
        sample_every : float or None [s]
            Time between records; None records each step.
        solver : Solver
            How an ensemble's decoded output is found.
        label : str or None
            A name, under which the data are saved.
        attach : bool
            Whether the network keeps the probe, so that each simulator records it; one that it
            does not keep is recorded where it is passed as ``Simulator(net, probes=[...])``.

        Returns
        -------
        Probe
        """
        made = validate.probe(self, target, attr, synapse, sample_every, solver, label)
        if check.flag("Network.probe", "attach", attach):
            self.probes.append(made)
        return made

    @explained
    def subnetwork(self, label: str | None = None, seed: int | None = None) -> Network:
        """Add and return an empty network within this one.

        Parameters
        ----------
        label : str or None
            A name, which leads the names of what is in it.
        seed : int or None
            A seed of its own; None takes this network's stream.

        Returns
        -------
        Network
        """
        made = Network(check.seed("Network.subnetwork", seed), label)
        made.parent = self
        self.networks.append(made)
        return made
