"""Spiking neurons as modules of PyTorch, with the same equations as in nefsim's networks."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.neurons import DiscreteLIF
from nefsim.neurons.discrete import RESETS, THRESHOLD_RULES, discrete_step
from nefsim.neurons.soft import soft_lif_rates
from nefsim.train.surrogates import Surrogate, as_surrogate

State = Any


class Stateful(nn.Module):
    """Base class of modules whose state changes from step to step.

    ``y, state = module(x, state)`` computes one step; without a state it starts from rest.
    ``y_seq, state = module.run(x_seq)`` computes a step for each row of a sequence.

    See Also
    --------
    Layers : A sequence of modules.
    IF, LIF, PLIF, SNU : Spiking modules.

    Examples
    --------
    >>> import torch
    >>> class Sum(Stateful):
    ...     def forward(self, x, state=None):
    ...         total = x if state is None else state + x
    ...         return total, total
    >>> Sum().run(torch.ones(3, 1))[0].ravel()
    tensor([1., 2., 3.])
    """

    @abstractmethod
    def forward(self, x: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Compute one step.

        Parameters
        ----------
        x : Tensor (B, ...)
            Input of the step.
        state : Tensor, list or None
            State before the step; None is rest.

        Returns
        -------
        y : Tensor (B, ...)
            Output of the step.
        state : Tensor, list or None
            State after the step.
        """

    def run(self, x_seq: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Compute one step for each row of a sequence.

        Parameters
        ----------
        x_seq : Tensor (T, B, ...)
            Inputs of all steps.
        state : Tensor, list or None
            State before the first step; None is rest.

        Returns
        -------
        y_seq : Tensor (T, B, ...)
            Outputs of all steps.
        state : Tensor, list or None
            State after the last step.
        """
        check_steps(f"{type(self).__name__}.run", x_seq)
        outputs = []
        for x in x_seq.unbind(0):
            y, state = self(x, state)
            outputs.append(y)
        return torch.stack(outputs), state


class DiscreteNeuron(Stateful):
    r"""Base class of layers of spiking neurons; the state is the membrane potential v.

    .. math:: u = g(\lambda v + s x), \qquad y = H(u - \theta), \qquad
              v \leftarrow u (1 - y) \;\text{ or }\; u - \theta y
    """

    activation = "identity"
    output = "step"

    def __init__(
        self,
        threshold: float | None,
        threshold_rule: str,
        reset: str,
        detach_reset: bool,
        surrogate: str | Surrogate,
    ) -> None:
        super().__init__()
        who = type(self).__name__
        self.fixed_threshold = (
            None if threshold is None else check.real(who, "threshold", threshold)
        )
        self.threshold_rule = check.one_of(who, "threshold_rule", threshold_rule, THRESHOLD_RULES)
        self.reset = check.one_of(who, "reset", reset, RESETS)
        self.detach_reset = check.flag(who, "detach_reset", detach_reset)
        self.surrogate = as_surrogate(who, surrogate)

    @abstractmethod
    def decay_and_scale(self) -> tuple[float | Tensor, float | Tensor]:
        """The factors λ of the potential and s of the input, numbers or tensors."""

    @property
    def threshold(self) -> float | Tensor | None:
        """The firing threshold θ."""
        return self.fixed_threshold

    def fire(self, z: Tensor) -> Tensor:
        """Compute the spikes from the potential, with a surrogate gradient.

        Parameters
        ----------
        z : Tensor
            Potential minus the threshold.

        Returns
        -------
        Tensor
        """
        return self.surrogate(z, self.threshold_rule)

    def forward(self, x: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Compute the spikes of one step and the potential after it."""
        v = torch.zeros_like(x) if state is None else state
        decay, scale = self.decay_and_scale()
        return discrete_step(
            x,
            v,
            decay,
            self.threshold,
            scale,
            self.activation,
            self.reset,
            self.fire,
            torch.Tensor.detach if self.detach_reset else _unchanged,
            torch,
        )

    def neuron_type(self, dt: float = 0.001) -> DiscreteLIF:
        """The neuron type of an ensemble with the same neurons, whose spikes have the value 1.

        Parameters
        ----------
        dt : float [s]
            Time step of the network.

        Returns
        -------
        DiscreteLIF
        """
        decay, scale = (_number(value) for value in self.decay_and_scale())
        return DiscreteLIF(
            decay=decay,
            threshold=_number(self.threshold),
            reset=self.reset,
            threshold_rule=self.threshold_rule,
            scale=scale,
            activation=self.activation,
            output=self.output,
            step_time=dt,
            amplitude=dt,
        )

    def extra_repr(self) -> str:
        """The parameters, as text for ``repr``.

        Returns
        -------
        str
        """
        rule = f"threshold_rule={self.threshold_rule!r}, reset={self.reset!r}"
        return f"{rule}, detach_reset={self.detach_reset}, surrogate={self.surrogate.name!r}"


class IF(DiscreteNeuron):
    """Integrate-and-fire neurons without leak: ``u = v + x``.

    Parameters
    ----------
    threshold : float
        Potential θ above which a neuron fires.
    threshold_rule : {">", ">="}
        Whether a neuron fires above the threshold only, or also at the threshold.
    reset : {"zero", "subtract"}
        Potential after a spike: 0, or reduced by the threshold.
    detach_reset : bool
        Whether the reset is treated as a constant in the backward pass.
    surrogate : str or Surrogate
        Derivative of spikes by the potential in the backward pass.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or not one of its options.

    See Also
    --------
    LIF, PLIF, SNU
    nefsim.DiscreteLIF : The neuron type of exported networks.

    References
    ----------
    Wu et al. (2021), Training spiking neural networks with accumulated spiking flow, AAAI.

    Examples
    --------
    >>> y, v = IF()(torch.tensor([0.4, 1.0, 1.2]))
    >>> y.tolist(), [round(p, 3) for p in v.tolist()]
    ([0.0, 0.0, 1.0], [0.4, 1.0, 0.0])
    """

    @explained
    def __init__(
        self,
        threshold: float = 1.0,
        threshold_rule: str = ">",
        reset: str = "zero",
        detach_reset: bool = False,
        surrogate: str | Surrogate = "heaviside",
    ) -> None:
        super().__init__(threshold, threshold_rule, reset, detach_reset, surrogate)

    def decay_and_scale(self) -> tuple[float | Tensor, float | Tensor]:
        """The factors of the potential and of the input, both 1.

        Returns
        -------
        decay, scale : float
        """
        return 1.0, 1.0


class LIF(DiscreteNeuron):
    """Leaky integrate-and-fire neurons: ``u = (1 - 1/tau) v + x/tau``.

    Parameters
    ----------
    tau : float
        Time constant in steps, at least 1.
    threshold, threshold_rule, reset, detach_reset, surrogate
        As for :class:`IF`.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or not one of its options.

    See Also
    --------
    IF, PLIF, SNU
    nefsim.LIF : Neurons in continuous time, a different model.

    Examples
    --------
    >>> y_seq, v = LIF(tau=2.0).run(torch.full((5, 1), 1.2))
    >>> y_seq[:, 0].tolist()
    [0.0, 0.0, 1.0, 0.0, 0.0]
    """

    @explained
    def __init__(
        self,
        tau: float = 2.0,
        threshold: float = 1.0,
        threshold_rule: str = ">=",
        reset: str = "zero",
        detach_reset: bool = True,
        surrogate: str | Surrogate = "arctan",
    ) -> None:
        super().__init__(threshold, threshold_rule, reset, detach_reset, surrogate)
        self.tau = check.real("LIF", "tau", tau, "pass steps, such as 2.0", low=1.0)

    def decay_and_scale(self) -> tuple[float | Tensor, float | Tensor]:
        """The factors of the potential, ``1 - 1/tau``, and of the input, ``1/tau``.

        Returns
        -------
        decay, scale : float
        """
        return 1.0 - 1.0 / self.tau, 1.0 / self.tau

    def extra_repr(self) -> str:
        """The parameters, as text for ``repr``.

        Returns
        -------
        str
        """
        return f"tau={self.tau:g}, {super().extra_repr()}"


class PLIF(DiscreteNeuron):
    r"""Leaky integrate-and-fire neurons that share a trainable time constant.

    .. math:: u = (1 - k(a)) v + k(a) x, \qquad k(a) = \frac{1}{1 + e^{-a}} = \frac{1}{\tau}

    The parameter is a.  If tau starts far from its optimum, put a into a parameter group with a
    higher learning rate: Adam changes a parameter by about the learning rate in each step.

    Parameters
    ----------
    tau : float
        Initial time constant in steps, above 1.
    threshold, threshold_rule, reset, detach_reset, surrogate
        As for :class:`IF`.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or not one of its options.

    See Also
    --------
    LIF : A fixed time constant.

    References
    ----------
    Fang et al. (2021), Incorporating learnable membrane time constant to enhance learning of
    spiking neural networks, ICCV.

    Examples
    --------
    >>> plif = PLIF(tau=2.0)
    >>> plif.tau, abs(plif.a.item())
    (2.0, 0.0)
    """

    @explained
    def __init__(
        self,
        tau: float = 2.0,
        threshold: float = 1.0,
        threshold_rule: str = ">=",
        reset: str = "zero",
        detach_reset: bool = True,
        surrogate: str | Surrogate = "arctan",
    ) -> None:
        super().__init__(threshold, threshold_rule, reset, detach_reset, surrogate)
        start = check.real("PLIF", "tau", tau, "pass steps, such as 2.0", 1.0, 1e6, open_low=True)
        self.a = nn.Parameter(torch.tensor(-math.log(start - 1.0)))

    @property
    def tau(self) -> float:
        """The present time constant, ``1 / k(a)`` [steps]."""
        return 1.0 / float(torch.sigmoid(self.a.detach()))

    def decay_and_scale(self) -> tuple[float | Tensor, float | Tensor]:
        """The factors of the potential, ``1 - k(a)``, and of the input, ``k(a)``.

        Returns
        -------
        decay, scale : Tensor
        """
        k = torch.sigmoid(self.a)
        return 1.0 - k, k

    def extra_repr(self) -> str:
        """The parameters, as text for ``repr``.

        Returns
        -------
        str
        """
        return f"tau={self.tau:g}, {super().extra_repr()}"


class SoftLIF(Stateful):
    """Rate neurons with the soft LIF curve, to train NEF networks; they have no state.

    Parameters
    ----------
    tau_rc, tau_ref : float [s]
        Membrane time constant and refractory time.
    sigma : float
        Softness of the threshold, in units of the threshold current.
    amplitude : float
        Factor from firing rates [Hz] to the output.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range.

    See Also
    --------
    nefsim.SoftLIFRate : The neuron type of networks.
    NEF : Networks that are trained with this curve.

    References
    ----------
    Hunsberger & Eliasmith (2015), Spiking deep networks with LIF neurons, arXiv:1510.08829.

    Examples
    --------
    >>> rates, _ = SoftLIF()(torch.tensor([2.0]))
    >>> round(rates.item(), 2)
    63.04
    """

    def __init__(
        self,
        tau_rc: float = 0.02,
        tau_ref: float = 0.002,
        sigma: float = 0.02,
        amplitude: float = 1.0,
    ) -> None:
        super().__init__()
        self.tau_rc = check.seconds("SoftLIF", "tau_rc", tau_rc)
        self.tau_ref = check.seconds("SoftLIF", "tau_ref", tau_ref, zero=True)
        self.sigma = check.real("SoftLIF", "sigma", sigma, low=1e-6, high=1e6)
        self.amplitude = check.positive("SoftLIF", "amplitude", amplitude)

    def forward(self, x: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Firing rates at currents ``x`` [Hz]."""
        rates = soft_lif_rates(x, self.tau_rc, self.tau_ref, self.sigma, torch)
        return self.amplitude * rates, state

    def run(self, x_seq: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Firing rates of all steps [Hz], computed at once."""
        return self(x_seq, state)


def check_steps(who: str, x_seq: Any) -> None:
    """Check that the inputs of all steps are a tensor."""
    do = "pass torch.as_tensor(x_seq, dtype=torch.get_default_dtype())"
    check.instance(who, "x_seq", x_seq, Tensor, "a tensor", do)


def _unchanged(y: Tensor) -> Tensor:
    return y


def _number(value: Any) -> Any:
    """A parameter as a float, or as an array with one value for each neuron."""
    if not isinstance(value, Tensor):
        return value
    array = value.detach().cpu().double().numpy()
    return array if array.ndim else float(array)
