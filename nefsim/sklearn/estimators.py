"""A population of neurons as a regressor and as a classifier."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MultiOutputMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from nefsim import _checks as check
from nefsim.network import Network
from nefsim.neurons import LIF, NeuronType
from nefsim.sampling import Distribution
from nefsim.sklearn.population import Population, checked_rates, fitted
from nefsim.solvers import LstsqL2, Solver


class _Estimator(BaseEstimator):  # type: ignore[misc]
    """Base class: a population whose decoders ``fit`` solves."""

    def __init__(
        self,
        n_neurons: int = 500,
        *,
        neuron_type: NeuronType | None = None,
        encoders: Distribution | None = None,
        max_rates: tuple[float, float] = (200.0, 400.0),
        solver: Solver | None = None,
        random_state: Any = None,
    ) -> None:
        self.n_neurons = n_neurons
        self.neuron_type = neuron_type
        self.encoders = encoders
        self.max_rates = max_rates
        self.solver = solver
        self.random_state = random_state

    def _fitted(self, X: NDArray[Any], Y: NDArray[Any]) -> Population:
        who = type(self).__name__
        n = check.integer(who, "n_neurons", self.n_neurons, "pass a number such as 500", 1, 10**6)
        kinds: tuple[tuple[str, Any, Any, str, str], ...] = (
            ("neuron_type", self.neuron_type, NeuronType, "a neuron type", "pass nef.LIF()"),
            ("encoders", self.encoders, Distribution, "a distribution", "pass None"),
            ("solver", self.solver, Solver, "a solver", "pass nef.LstsqL2(reg=0.1)"),
        )
        for name, value, kind, noun, do in kinds:
            if value is not None:
                check.instance(who, name, value, kind, noun, do)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        return fitted(
            *(X, Y, n, self.neuron_type or LIF(), self.encoders),
            checked_rates(who, self.max_rates),
            self.solver or LstsqL2(reg=0.1),
            np.random.default_rng(seed),
        )

    def _decoded(self, X: ArrayLike) -> NDArray[np.float64]:
        check_is_fitted(self)
        rows = validate_data(self, X, reset=False, dtype=np.float64)
        return self.population_.decode(rows)

    def to_network(
        self, seed: int | None = 0, synapse: float = 0.01
    ) -> tuple[Network, dict[str, Any]]:
        """Return a spiking network with the same neurons and decoders.

        Parameters
        ----------
        seed : int or None
            Seed of the network.
        synapse : float [s]
            Time constant of the decoded output.

        Returns
        -------
        net : Network
            The network.
        parts : dict
            Its node ``"input"``, which takes rows of X, its ``"population"``, and its node
            ``"output"``.
        """
        check_is_fitted(self)
        who = f"{type(self).__name__}.to_network"
        population: Population = self.population_
        return population.network(check.seed(who, seed), check.seconds(who, "synapse", synapse))


class NEFRegressor(MultiOutputMixin, RegressorMixin, _Estimator):  # type: ignore[misc]
    r"""Regression by decoders of a population of neurons with random encoders.

    .. math:: \hat y(X) = \sum_i d_i \, a_i\Big(\frac{X - \mu}{s}\Big) + \bar y

    Inputs are centred and scaled into the unit ball.  Each neuron begins to fire near one of
    the training inputs.  Decoders d solve regularised least squares at the training inputs.
    ``predict`` uses firing rates; ``to_network`` has the same neurons in spikes.

    Parameters
    ----------
    n_neurons : int
        Number of neurons.
    neuron_type : NeuronType or None
        Type of the neurons; None means :class:`nefsim.LIF`.
    encoders : Distribution or None
        Distribution of the encoders, which are scaled to unit length; None means uniform
        directions.
    max_rates : (float, float) [Hz]
        Range of firing rates at the end of the unit ball.
    solver : Solver or None
        Solver of the decoders; None means ``LstsqL2(reg=0.1)``.
    random_state : int, RandomState or None
        Seed of encoders, intercepts and rates.

    Raises
    ------
    ValueError, TypeError
        By ``fit``, if a parameter or the data are out of range.

    See Also
    --------
    NEFClassifier : The same for classes.
    nefsim.solve_decoders : The equation of the decoders.

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim.sklearn import NEFRegressor
    >>> X = np.linspace(-1, 1, 200)[:, None]
    >>> model = NEFRegressor(100, random_state=0).fit(X, X[:, 0] ** 2)
    >>> model.score(X, X[:, 0] ** 2) > 0.99
    True
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Solve for decoders of the targets.

        Parameters
        ----------
        X : (P, D) array_like
            Inputs.
        y : (P,) or (P, K) array_like
            Targets.

        Returns
        -------
        NEFRegressor
            The estimator itself, with ``population_``.
        """
        rows, targets = validate_data(
            *(self, X, y), dtype=np.float64, multi_output=True, y_numeric=True
        )
        targets = np.asarray(targets, float)
        self.n_outputs_ = None if targets.ndim == 1 else targets.shape[1]
        self.population_ = self._fitted(rows, targets.reshape(len(targets), -1))
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Decode the targets of some inputs from firing rates.

        Parameters
        ----------
        X : (P, D) array_like
            Inputs.

        Returns
        -------
        (P,) or (P, K) ndarray
            Decoded values, in the shape of the targets of ``fit``.
        """
        decoded = self._decoded(X)
        return decoded[:, 0] if self.n_outputs_ is None else decoded


class NEFClassifier(ClassifierMixin, _Estimator):  # type: ignore[misc]
    """Classification by decoders of a population of neurons with random encoders.

    The targets of the decoders are 1 for the class of an input and 0 for the others; the class
    with the largest decoded value is predicted.  All else is as in :class:`NEFRegressor`.

    Parameters
    ----------
    n_neurons : int
        Number of neurons.
    neuron_type : NeuronType or None
        Type of the neurons; None means :class:`nefsim.LIF`.
    encoders : Distribution or None
        Distribution of the encoders, which are scaled to unit length; None means uniform
        directions.
    max_rates : (float, float) [Hz]
        Range of firing rates at the end of the unit ball.
    solver : Solver or None
        Solver of the decoders; None means ``LstsqL2(reg=0.1)``.
    random_state : int, RandomState or None
        Seed of encoders, intercepts and rates.

    Raises
    ------
    ValueError, TypeError
        By ``fit``, if a parameter or the data are out of range.

    See Also
    --------
    NEFRegressor : The same for values.
    nefsim.mnist.run : Digits by many rules, in spikes.

    Examples
    --------
    >>> from nefsim.datasets import digits
    >>> from nefsim.sklearn import NEFClassifier
    >>> data = digits()
    >>> model = NEFClassifier(500, random_state=0).fit(data.train_images, data.train_labels)
    >>> model.score(data.test_images, data.test_labels) > 0.9
    True
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Solve for decoders of the classes.

        Parameters
        ----------
        X : (P, D) array_like
            Inputs.
        y : (P,) array_like
            Class of each input: numbers or strings.

        Returns
        -------
        NEFClassifier
            The estimator itself, with ``population_`` and ``classes_``.
        """
        rows, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        self.classes_, index = np.unique(labels, return_inverse=True)
        self.population_ = self._fitted(rows, np.eye(len(self.classes_))[index])
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Decode the value of each class.

        Parameters
        ----------
        X : (P, D) array_like
            Inputs.

        Returns
        -------
        (P, K) or (P,) ndarray
            Decoded values of the classes; of two classes the second less the first.
        """
        decoded = self._decoded(X)
        return decoded[:, 1] - decoded[:, 0] if len(self.classes_) == 2 else decoded

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Classify some inputs.

        Parameters
        ----------
        X : (P, D) array_like
            Inputs.

        Returns
        -------
        (P,) ndarray
            The class with the largest decoded value.
        """
        decoded = self._decoded(X)
        return np.asarray(self.classes_[decoded.argmax(axis=1)])
