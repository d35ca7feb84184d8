"""Monitor whether the inputs of populations stay within their radius, in a sample of steps.

Back ends store the signals of a chunk of steps until the next chunk begins.  The input x of a
population is the sum of some of them, outputs of filters and nodes.  After a chunk x is computed
for some of its steps, by a few NumPy calls for all populations.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nefsim import _checks as check
from nefsim.lowering import Built, BuiltConnection
from nefsim.network import Connection, Ensemble, Probe, View
from nefsim.program import Program
from nefsim.sampling import ScatteredHypersphere
from nefsim.watching.inputs import Inputs

Array = NDArray[Any]

#: Steps that are looked at: one of so many, at most so many of a chunk and in all, and this
#: many before a warning.
EVERY, MOST_OF_CHUNK, MOST, FEWEST = 50, 20, 1000, 20

#: Chunks that are shorter are not looked at [steps].
SHORTEST = 100

#: A look takes about ``LOOK`` seconds and ``LOOK_AT`` for each number; before the first one,
#: addresses are found in ``PREPARE`` and ``PREPARE_AT`` for each number.  A step takes ``STEP``
#: and ``STEP_OF`` for each neuron, compiled, and in NumPy ``IN_NUMPY`` more (one quiet core).
#: Between looks are so many steps that looks take at most ``SHARE`` of their time.
LOOK, LOOK_AT, PREPARE, PREPARE_AT = 25e-6, 1e-7, 4e-5, 8e-6
STEP, STEP_OF, IN_NUMPY, SHARE = 1e-8, 5e-10, 1e-5, 0.005

#: Compiled steps put NumPy out of the caches, so that a look takes longer [s].
COLD = 75e-6

#: A population is warned of when its input is for more than a tenth of the steps longer than so
#: many radii in one, two, three and more dimensions: at the radius itself, the noise of spikes
#: alone takes it beyond half of the time.  There, decoded values of 200 neurons a dimension fall
#: short by 0.06 radii: most neurons have encoders in other directions, and their rates still rise.
SLACK, SHARE_WARNED = (1.1, 1.18, 1.25, 1.3), 0.1


class RadiusWarning(UserWarning):
    """Warning that the input of a population exceeds its radius, so that it is not represented.

    It is given once for a population of a simulator, after a run in which the input was in more
    than a tenth of the sampled steps (see :func:`nefsim.saturation`) so long that decoded
    values fall short by about 0.06 radii: longer than 1.1 radii in one dimension, 1.18 in two,
    1.25 in three and 1.3 in more.

    The length of the whole vector counts. Independent normal values of rms s in D dimensions
    have the rms length s √D. With s = 0.5 and a radius of 1 they are beyond that margin for 3 %
    of the time in one dimension, 6 % in two, 10 % in three and 15 % in four, and saturation
    makes an rms error of 0.03, 0.05, 0.06 and 0.07: four dimensions are warned of.
    ``radius=s * (1 + sqrt(D))`` leaves 94 % of the time within the radius.

    Examples
    --------
    >>> import warnings
    >>> import nefsim as nef
    >>> warnings.simplefilter("ignore", nef.RadiusWarning)  # not to be warned
    """


class HasRows(Protocol):
    """A back end's engine at the end of a chunk."""

    rows: list[Any]
    program: Program


class Watch:
    """Counts the steps in which the input of each population exceeds its radius.

    Parameters
    ----------
    built : Built
        The network that runs.

    Attributes
    ----------
    ensembles : tuple of Ensemble
        The populations that are monitored.
    n_samples : int
        Number of sampled steps.
    beyond, far : (E,) ndarray
        Of these, how many were beyond the reach of each population, and beyond its slack, too.
    longest : (E,) ndarray
        Largest length of each population's input.
    """

    def __init__(self, built: Built) -> None:
        self._built = built
        self.ensembles: tuple[Ensemble, ...] = ()
        self._warned: set[Ensemble] = set()
        self._inputs: Inputs | None = None
        self._next = self._interval = self._first_after_reset = 0
        self._far = np.zeros(0)
        self._unknown: set[int] = set()
        self._forget()

    def _forget(self) -> None:
        n = len(self.ensembles)
        self.n_samples, self.beyond, self.far = 0, np.zeros(n, int), np.zeros(n, int)
        self.longest = np.zeros(n)

    def restart(self) -> None:
        """Continue after a reset, in which the back end made new arrays.

        The first run of a simulator is looked at soon, as its build took longer than a look.
        After a reset the next look waits for as many steps as it may cost.
        """
        self._inputs, self._next = None, self._first_after_reset

    def ignore(self, signal: int) -> None:
        """Look no more at inputs that depend on a signal without rows, which a user sets."""
        if signal not in self._unknown:
            self._unknown.add(signal)
            self._inputs = None

    def __call__(self, engine: HasRows, step: int, length: int) -> None:
        """Sample some of the ``length`` steps after ``step``."""
        if length < SHORTEST or step + length < self._next or self.n_samples >= MOST:
            return
        if self._inputs is None:
            self._prepare(engine)
        assert self._inputs is not None
        if not self.ensembles:
            return
        n = min(length // EVERY, MOST_OF_CHUNK, MOST - self.n_samples)
        rows = ((np.arange(n) + 1) * length) // n
        lengths = self._inputs.lengths(rows)
        reach = self._inputs.reach
        self.beyond += (lengths > reach * (1 + 1e-9)).sum(axis=0)
        self.far += (lengths > self._far).sum(axis=0)
        np.maximum(self.longest, lengths.max(axis=0), out=self.longest)
        self.n_samples += n
        self._next = step + length + self._interval

    def _prepare(self, engine: HasRows) -> None:
        inputs = self._inputs = Inputs(
            self._built, engine.rows, _reaches(self._built), self._unknown
        )
        if inputs.ensembles != self.ensembles:
            self.ensembles = inputs.ensembles
            self._far = inputs.reach * [_slack(ensemble) for ensemble in self.ensembles]
            self._forget()
        neurons = sum(ensemble.n_neurons for ensemble in self._built.ensembles)
        step, look = STEP + STEP_OF * neurons, LOOK + LOOK_AT * inputs.n
        if all(rows is not None for rows in engine.rows):
            step += IN_NUMPY
        else:
            look += COLD
        prepare = PREPARE + PREPARE_AT * inputs.n
        self._interval = round(look / SHARE / step)
        self._first_after_reset = round((look + prepare) / SHARE / step)

    def shares(self) -> dict[Ensemble, float] | None:
        """Share of the examined steps in which each population's input exceeded its radius.

        None if no step has been examined yet.
        """
        if not self.n_samples:
            return None
        return dict(zip(self.ensembles, (self.beyond / self.n_samples).tolist(), strict=True))

    def warn(self) -> None:
        """Warn of populations whose inputs exceeded the radius too often, once for each."""
        if self.n_samples < FEWEST:
            return
        for i in np.flatnonzero(self.far > SHARE_WARNED * self.n_samples):
            ensemble = self.ensembles[i]
            if ensemble in self._warned or not _warns_of_radius(ensemble.network):
                continue
            self._warned.add(ensemble)
            share = self.far[i] / self.n_samples
            check.warn(
                f"{ensemble!r}: input must stay within its radius of {ensemble.radius:g} to be "
                f"represented, got longer ones than {self._far[i]:.3g} in {share:.0%} of "
                f"{self.n_samples} sampled steps; {self._cure(ensemble, self.longest[i])}.",
                RadiusWarning,
            )

    def _cure(self, ensemble: Ensemble, longest: float) -> str:
        """What to do about an input of this length; weights that diverge need no larger radius."""
        for connection in self._built.connections:
            if connection.rules and getattr(connection.post, "obj", connection.post) is ensemble:
                return (
                    f"since {connection!r} learns, its error must be actual minus target, and its "
                    f"learning_rate low enough; else pass radius={longest:.3g} to net.ensemble"
                )
        return f"pass radius={longest:.3g} to net.ensemble, or see nefsim.saturation"


def _slack(ensemble: Ensemble) -> float:
    """How many radii long an input of a population may be."""
    return SLACK[min(ensemble.dimensions, len(SLACK)) - 1]


def _warns_of_radius(network: Any) -> bool:
    """Whether a network and all networks around it expect inputs to stay within their radius."""
    while network is not None:
        if not network._warns_of_radius:
            return False
        network = network.parent
    return True


def _reaches(built: Built) -> dict[Ensemble, float]:
    """The largest allowed length of the input of each population that is decoded.

    It is the radius, or the length of the longest evaluation point if that is larger.
    """
    found: dict[Ensemble, float] = {}
    things: list[tuple[Connection | Probe, BuiltConnection]]
    things = [*built.connections.items(), *built.probe_data.items()]
    for thing, arrays in things:
        target: Any = thing.pre if isinstance(thing, Connection) else thing.target
        ensemble: Any = target.obj if isinstance(target, View) else target
        if arrays.decoders is None or ensemble not in built.represented:
            continue
        reach = found.setdefault(ensemble, ensemble.radius)
        points = arrays.eval_points
        drawn = points is built.ensembles[ensemble].eval_points
        if points is None or (drawn and isinstance(ensemble.eval_points, ScatteredHypersphere)):
            continue
        found[ensemble] = max(reach, float(np.sqrt((points**2).sum(axis=1).max(initial=0.0))))
    return found
