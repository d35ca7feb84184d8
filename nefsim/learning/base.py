"""Base classes of learning rules, and the filtered activities that rules read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._values import Value
from nefsim.synapses import Lowpass, SynapseLike, as_synapse

Array = NDArray[np.float64]

#: Default filter of activities: that of a post-synaptic current.
ACTIVITY = Lowpass(0.005)


@dataclass(frozen=True, eq=False)
class Trace:
    """A filtered activity that a learning rule reads.

    Parameters
    ----------
    of : {"pre", "post"}
        Source of the activity: the source of the connection, or its target.
    synapse : Synapse or None
        Filter of the activity; None means no filter.
    start : float or (n,) ndarray [Hz]
        Filtered activity before the first step, of all neurons or of each.

    See Also
    --------
    LearningRule.traces : The traces that a rule reads.

    Examples
    --------
    >>> from nefsim.synapses import Lowpass
    >>> Trace("post", Lowpass(1.0), start=100.0).of
    'post'
    """

    of: str
    synapse: SynapseLike
    start: float | Array = 0.0


class LearningRule(Value, ABC):
    r"""Base class of learning rules, which change the weights of a connection.

    A rule defines one equation, :meth:`step`, for the change of weights per second.  At the end
    of each time step, ``dt`` times this change is added to the weights; the next step uses them.
    Write a custom rule as a frozen dataclass with this method; it runs on every back end.

    ``modifies`` names the weights that a rule changes:

    - ``"weights"``: (M, N), from the activities of N neurons to the currents of M neurons.  The
      connection has a solver with ``weights=True`` or connects neurons to neurons.
    - ``"decoders"``: (k, N), the decoders multiplied by the transform, for the k values of the
      connection (or currents, if its target is neurons).
    - ``"encoders"``: (M, D), the scaled encoders of the target ensemble.

    Attributes
    ----------
    modifies : str
        The weights that change: "weights", "decoders" or "encoders".
    error : {"none", "post", "scalar"}
        The error signal that ``connection.learning_rule`` accepts: none, a vector with the
        dimensions of the connection's target, or one number.
    needs_error : bool
        Whether the rule requires a connected error signal.
    constants : tuple of str
        Names of constants that :meth:`step` receives as arguments: ``gain``, ``max_rates`` and
        ``scale`` = gain / radius of the target ensemble, each (M,), or ``dt`` [s].

    See Also
    --------
    Hebbian : Base class of rules whose change is an outer product minus a decay.
    PES : Supervised learning of decoders.
    nefsim.testing.check_rule : Test a custom rule.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> import nefsim as nef
    >>> @dataclass(frozen=True, eq=False)
    ... class Covariance(nef.LearningRule):
    ...     learning_rate: float = 1e-9
    ...     mean: float = 50.0
    ...
    ...     def step(self, pre, post, error, weights):
    ...         return self.learning_rate * np.outer(post - self.mean, pre - self.mean)
    >>> net = nef.Network(seed=1)
    >>> a, b = net.ensemble(20, 1), net.ensemble(30, 1)
    >>> c = net.connect(a, b, solver=nef.LstsqL2(weights=True), learning_rule=Covariance())
    >>> sim = nef.Simulator(net)
    >>> sim.run(0.1)
    >>> sim.data[c].weights.shape
    (30, 20)
    """

    modifies: ClassVar[str] = "weights"
    error: ClassVar[str] = "none"
    needs_error: ClassVar[bool] = False
    constants: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def step(self, pre: Array, post: Array, error: Any, weights: Array, **more: Any) -> Array:
        """Compute the change of the weights per second.

        Parameters
        ----------
        pre : (N,) ndarray [Hz]
            Filtered activities of the source; for encoders, the input x (D,) of this step.
        post : (M,) or (k,) ndarray [Hz or value]
            Filtered activities of the target; for decoders, the values of the connection.
        error : ndarray or None
            The error signal that is connected to the rule.  If the target is neurons, an error
            vector has been multiplied by their scaled encoders, which gives one number for each
            row of the weights.
        weights : (M, N) ndarray
            The present weights, read-only; (k, N) for decoders, (M, D) for encoders.
        **more
            Other traces, ``constants`` and the arrays from :meth:`start`, by name.  Only the
            arrays from :meth:`start` may be changed.

        Returns
        -------
        (M, N) ndarray
            A new array in the shape of ``weights``.
        """

    def traces(self) -> Mapping[str, Trace]:
        """The filtered activities that :meth:`step` receives.

        Returns
        -------
        mapping of str to Trace
            Traces by the names of the arguments of :meth:`step`.
        """
        return {
            "pre": Trace("pre", getattr(self, "pre_synapse", ACTIVITY)),
            "post": Trace("post", getattr(self, "post_synapse", ACTIVITY)),
        }

    def start(self, n_in: int, n_out: int, dt: float) -> dict[str, Array]:
        """Initial values of the rule's state.

        Parameters
        ----------
        n_in : int
            Number of columns N of the weights.
        n_out : int
            Number of rows M of the weights.
        dt : float [s]
            Time step.

        Returns
        -------
        dict of str to ndarray
            Arrays that :meth:`step` receives by name and may change; empty for most rules.
        """
        del n_in, n_out, dt
        return {}


class Hebbian(LearningRule):
    r"""Base class of rules whose change is an outer product minus a decay.

    .. math:: \dot\omega_{ij} = u_j \, a_i - d_j \, \omega_{ij}

    i is a neuron of the source and j one of the target.  All rules of this package are of this
    kind, except :class:`nefsim.RLS` and :class:`nefsim.Sanger`.

    The compiled back end also compiles a custom rule, if its method :meth:`factors` uses only
    ``+ - * / > @``, ``np.where``, ``np.maximum``, ``np.minimum`` and ``np.any``; it calls the
    method once, with symbols in place of vectors.  Other rules, for instance with an ``if`` on
    a value, run in Python.

    See Also
    --------
    LearningRule : Base class of all rules.

    Examples
    --------
    >>> import numpy as np
    >>> import nefsim as nef
    >>> rule = nef.Oja(learning_rate=0.5)
    >>> u, d = rule.factors(np.array([1.0, 2.0]), np.array([3.0]), None)
    >>> u, d
    (array([1.5]), array([4.5]))
    """

    @abstractmethod
    def factors(
        self, pre: Array, post: Array, error: Any, **more: Any
    ) -> tuple[Array, Array | None]:
        """Compute the vectors u of the outer product and d of the decay.

        Parameters
        ----------
        pre, post, error, **more
            As in :meth:`LearningRule.step`, without the weights.

        Returns
        -------
        u : (M,) ndarray
            Factor of the outer product with ``pre``.
        d : (M,) ndarray or None
            Decay of each row of the weights [1/s]; None for no decay.
        """

    def step(self, pre: Array, post: Array, error: Any, weights: Array, **more: Any) -> Array:
        """The change of the weights per second, ``outer(u, pre) - d[:, None] * weights``."""
        u, d = self.factors(pre, post, error, **more)
        grow = np.multiply.outer(u, pre)
        return grow if d is None else grow - d[:, None] * weights


def checked(rule: LearningRule, *synapses: str) -> dict[str, Any]:
    """Check the learning rate and the filters of a rule."""
    who, do = type(rule).__name__, "pass a number such as 1e-4"
    fields = {name: as_synapse(who, getattr(rule, name), name) for name in synapses}
    value: Any = vars(rule).get("learning_rate", getattr(type(rule), "learning_rate", None))
    return {"learning_rate": check.real(who, "learning_rate", value, do, low=0.0), **fields}
