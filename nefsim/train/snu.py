"""The spiking neural unit: a LIF neuron in the form of a recurrent unit."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.neurons.discrete import ACTIVATIONS
from nefsim.train.neurons import DiscreteNeuron, State, check_steps
from nefsim.train.surrogates import Surrogate

#: Largest distance of initial thresholds from ``start_threshold``.
START_SPREAD = 0.05


class SNU(DiscreteNeuron):
    r"""A layer of spiking neural units with weights: LIF neurons in the form of a recurrent unit.

    .. math:: s_t = g(W x_t + H y_{t-1} + l s_{t-1} (1 - y_{t-1})), \qquad
              y_t = h(s_t + b)

    The state is the potential after the reset, :math:`s_t (1 - y_t)`.  With
    ``recurrent=True`` it is the pair of this potential and the output :math:`y_t`.

    Parameters
    ----------
    in_features, out_features : int
        Sizes of the input x and the output y.
    decay : float
        Share l = 1 - dt/tau of the potential that remains after a step.
    activation : {"elu", "relu", "identity", "leaky_relu"}
        The function g.  With "relu" deep networks do not learn, because units with a negative
        potential have no gradient.
    soft : bool
        Whether the output function h is a sigmoid instead of a step.
    recurrent : bool
        Whether the layer receives its last output, through weights H.
    detach_reset : bool
        Whether the reset is treated as a constant in the backward pass.
    surrogate : str or Surrogate
        Derivative of the step in the backward pass; "tanh" in the paper.
    start_spread : float
        Standard deviation of the initial potential; with 0 all potentials start at 0.
    start_threshold : float
        Mean initial threshold -b; thresholds differ from it by at most 0.05.  Near 0 a unit
        fires whenever the input of a step is positive; with a higher threshold it integrates
        over several steps.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or not one of its options.

    See Also
    --------
    LIF, PLIF : Neurons without weights.

    References
    ----------
    Wozniak, Pantazi, Bohnstingl & Eleftheriou (2020), Deep learning incorporating
    biologically inspired neural dynamics and in-memory computing, Nature Machine
    Intelligence 2.

    Examples
    --------
    >>> y_seq, state = SNU(3, 2).run(torch.ones(10, 5, 3))
    >>> y_seq.shape, state.shape
    (torch.Size([10, 5, 2]), torch.Size([5, 2]))
    """

    @explained
    def __init__(
        self,
        in_features: int,
        out_features: int,
        decay: float = 0.8,
        activation: str = "elu",
        soft: bool = False,
        recurrent: bool = False,
        detach_reset: bool = False,
        surrogate: str | Surrogate = "boxcar",
        start_spread: float = 0.0,
        start_threshold: float = 0.0,
    ) -> None:
        super().__init__(None, ">", "zero", detach_reset, surrogate)
        self.in_features = check.integer("SNU", "in_features", in_features, low=1)
        self.out_features = check.integer("SNU", "out_features", out_features, low=1)
        self.decay = check.real("SNU", "decay", decay, low=0.0, high=1.0)
        self.activation = check.one_of("SNU", "activation", activation, ACTIVATIONS)
        self.output = "sigmoid" if check.flag("SNU", "soft", soft) else "step"
        self.start_spread = check.real("SNU", "start_spread", start_spread, low=0.0)
        self.input = _weights(self.in_features, self.out_features)
        is_recurrent = check.flag("SNU", "recurrent", recurrent)
        self.recurrent = _weights(self.out_features, self.out_features) if is_recurrent else None
        start = check.real("SNU", "start_threshold", start_threshold)
        spread = torch.empty(self.out_features).uniform_(-START_SPREAD, START_SPREAD)
        self.bias = nn.Parameter(spread - start)

    @property
    def threshold(self) -> float | Tensor | None:
        """The firing threshold θ = -b."""
        return -self.bias

    def decay_and_scale(self) -> tuple[float | Tensor, float | Tensor]:
        """The factors of the potential, l, and of the input, 1.

        Returns
        -------
        decay, scale : float
        """
        return self.decay, 1.0

    def fire(self, z: Tensor) -> Tensor:
        """The output function h: a step with a surrogate gradient, or a sigmoid."""
        return torch.sigmoid(z) if self.output == "sigmoid" else super().fire(z)

    def forward(self, x: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Compute one step."""
        return self._step(self.input(x), state)

    def run(self, x_seq: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Compute a step for each row, with one product of the weights and all inputs."""
        check_steps("SNU.run", x_seq)
        outputs = []
        for drive in self.input(x_seq).unbind(0):
            y, state = self._step(drive, state)
            outputs.append(y)
        return torch.stack(outputs), state

    def _step(self, drive: Tensor, state: State) -> tuple[Tensor, State]:
        """Compute one step from ``drive``, the product of weights and inputs."""
        if self.recurrent is None:
            return super().forward(drive, self._rest(drive) if state is None else state)
        v, y = (self._rest(drive), torch.zeros_like(drive)) if state is None else state
        y, v = super().forward(drive + self.recurrent(y), v)
        return y, (v, y)

    def _rest(self, drive: Tensor) -> Tensor:
        """The initial potential: 0, or random with ``start_spread``."""
        spread = self.start_spread
        return spread * torch.randn_like(drive) if spread else torch.zeros_like(drive)

    def extra_repr(self) -> str:
        """The parameters, as text for ``repr``.

        Returns
        -------
        str
        """
        sizes = f"{self.in_features}, {self.out_features}, decay={self.decay:g}"
        kind = f"activation={self.activation!r}, soft={self.output == 'sigmoid'}"
        return f"{sizes}, {kind}, surrogate={self.surrogate.name!r}"


def _weights(n_in: int, n_out: int) -> nn.Linear:
    """A linear map without bias, with initial weights."""
    weights = nn.Linear(n_in, n_out, bias=False)
    nn.init.xavier_uniform_(weights.weight)
    return weights
