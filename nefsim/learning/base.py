"""What a learning rule is: an equation for the change of weights, and what it reads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim._values import Value
from nefsim.synapses import Lowpass, as_synapse

Array = NDArray[np.float64]

#: Activities are filtered as a post-synaptic current is, unless the rule says otherwise.
ACTIVITY = Lowpass(0.005)


@dataclass(frozen=True, eq=False)
class Trace:
    """A filtered activity that a rule reads.

    Parameters
    ----------
    of : {"pre", "post"}
        Whose: the neurons before the connection or what comes after it.
    synapse : Synapse or None
        The filter.
    start : float or (n,) ndarray [Hz]
        Its value before the first step; an array has one for each neuron.
    """

    of: str
    synapse: Any
    start: float | Array = 0.0


class LearningRule(Value, ABC):
    r"""How the weights of a connection change while spikes flow.

    A rule is one equation, :meth:`step`, for the change in a second; each time step adds
    ``dt`` times that to the weights, after everything else in the step, so that they act
    from the next step on.  A rule of one's own is a frozen dataclass with that method; it runs
    on every back end.

    What a rule changes is said by ``modifies``:

    - ``"weights"``: (M, N), currents of M neurons from the activity of N neurons; the
      connection has a solver with ``weights=True`` or goes from neurons to neurons;
    - ``"decoders"``: (k, N), the k values that the connection carries, decoders and transform
      in one; where a connection ends in neurons it is their currents;
    - ``"encoders"``: (M, D), the scaled encoders of the ensemble that the connection ends in.

    Attributes
    ----------
    modifies : str
        See above.
    error : {"none", "post", "scalar"}
        What may be connected to ``connection.learning_rule``: nothing, a vector as long as
        what the connection ends in represents, or one number.
    needs_error : bool
        Whether a rule without it is refused.
    constants : tuple of str
        What :meth:`step` is given by name: ``gain`` and ``max_rates`` of the ensemble after the
        connection, both (M,), its ``scale`` = gain / radius, or ``dt`` [s].

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
    def step(self, pre: Any, post: Any, error: Any, weights: Any, **more: Any) -> Any:
        """The change of the weights in a second.

        Parameters
        ----------
        pre : (N,) ndarray [Hz]
            Activity before, filtered; where encoders are learned, the input x of this step.
        post : (M,) or (k,) ndarray [Hz or value]
            Activity after, filtered; for decoders, the values that the connection carries.
        error : ndarray or None
            What is connected to the rule.  Where the connection ends in neurons, a vector is
            brought to them by their scaled encoders, so that it has one number for each row of
            the weights.
        weights : (M, N) ndarray
            The weights as they are, not to be written to.
        **more
            Other traces, ``constants`` and what :meth:`start` made, by name; what was made may
            be written to.

        Returns
        -------
        (M, N) ndarray
        """

    def traces(self) -> Mapping[str, Trace]:
        """The filtered activities that :meth:`step` is given, by name."""
        return {
            "pre": Trace("pre", getattr(self, "pre_synapse", ACTIVITY)),
            "post": Trace("post", getattr(self, "post_synapse", ACTIVITY)),
        }

    def start(self, n_in: int, n_out: int, dt: float) -> dict[str, Array]:
        """What the rule itself remembers, at the start."""
        del n_in, n_out, dt
        return {}


class Hebbian(LearningRule):
    r"""A rule whose change is an outer product less a decay.

    .. math:: \dot\omega_{ij} = u_j \, a_i - d_j \, \omega_{ij}

    with i before and j after.  All rules of this package but :class:`nefsim.RLS` and
    :class:`nefsim.Sanger` are of this kind.  They are compiled, a user's own too, as two vectors
    and one pass over the weights, where :meth:`factors` is an expression of ``+ - * / > @``,
    ``np.where``, ``np.maximum``, ``np.minimum`` and ``np.any``; it is then called once, with
    symbols in the place of vectors.  With anything else, as a branch on a value, a rule takes
    its steps in Python.
    """

    @abstractmethod
    def factors(self, pre: Any, post: Any, error: Any, **more: Any) -> tuple[Any, Any]:
        """The vectors u and d; None where there is no decay."""

    def step(self, pre: Any, post: Any, error: Any, weights: Any, **more: Any) -> Any:
        """The change of the weights in a second, ``outer(u, pre) - d[:, None] * weights``."""
        u, d = self.factors(pre, post, error, **more)
        grow = np.multiply.outer(u, pre)
        return grow if d is None else grow - d[:, None] * weights


def checked(rule: LearningRule, *synapses: str) -> dict[str, Any]:
    """The learning rate and the filters of a rule, checked."""
    who, do = type(rule).__name__, "pass a number such as 1e-4"
    fields = {name: as_synapse(who, getattr(rule, name), name) for name in synapses}
    value: Any = vars(rule).get("learning_rate", getattr(type(rule), "learning_rate", None))
    return {"learning_rate": check.real(who, "learning_rate", value, do, low=0.0), **fields}
