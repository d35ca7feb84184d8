"""Parts of random Nengo networks: neuron types, processes, synapses, functions, solvers, rules."""

import nengo
import nengo_custom
import numpy as np
from nengo import dists, processes, solvers


def pick(rng, choices):
    """A random element."""
    return choices[int(rng.integers(len(choices)))]


def process(rng, size):
    """Any process without input."""
    values = rng.uniform(-1, 1, (3, size))
    seed = pick(rng, [None, 3])
    return pick(
        rng,
        [
            lambda: processes.WhiteSignal(0.5, 10, rms=0.4, default_size_out=size, seed=seed),
            lambda: processes.WhiteSignal(0.03, 60, y0=0, default_size_out=size, seed=seed),
            lambda: processes.WhiteNoise(default_size_out=size, seed=seed),
            lambda: processes.WhiteNoise(dists.Uniform(-1, 1), False, default_size_out=size),
            lambda: processes.WhiteNoise(dists.Exponential(0.1), default_size_out=size),
            lambda: processes.FilteredNoise(default_size_out=size, seed=seed),
            lambda: processes.FilteredNoise(nengo.Alpha(0.01), scale=False, default_size_out=size),
            lambda: processes.BrownNoise(default_size_out=size, seed=seed),
            lambda: processes.PresentInput(values, pick(rng, [0.013, 0.001])),
            lambda: processes.Piecewise({0.01: values[0], 0.02: values[1], 0.04: values[2]}),
            lambda: processes.Piecewise(
                {0.0: values[0], 0.02: values[1], 0.06: values[2]}, interpolation="linear"
            ),
            lambda: processes.Piecewise({0.0: values[0], 0.02: lambda t: np.full(size, t)}),
            lambda: nengo_custom.Walk(default_size_out=size, seed=seed),
        ],
    )()


def waves(rng, size):
    """A function of time."""
    speed = rng.uniform(1, 20, size)
    if size == 1:
        return pick(rng, [np.sin, np.cos, lambda t: float(np.sin(speed[0] * t))])
    return pick(rng, [lambda t: np.sin(speed * t), lambda t: [t] * size])


def reaction(rng, size_in, size_out):
    """A function of time and input, which may have a memory."""
    matrix = rng.uniform(-1, 1, (size_out, size_in)) / size_in
    total, last = np.zeros(size_out), np.zeros(1)

    def remember(t, x):
        if t <= last[0]:  # another run
            total[:] = 0.0
        last[0] = t
        total[:] = 0.9 * total + matrix @ x
        return total.copy()

    return pick(rng, [remember, lambda t, x: np.tanh(matrix @ x) * np.cos(9 * t)])


def rates(rng):
    """A neuron type with rates."""
    return pick(
        rng,
        [
            nengo.LIFRate(),
            nengo.LIFRate(tau_rc=0.04, amplitude=0.7),
            nengo.RectifiedLinear(),
            nengo.RectifiedLinear(amplitude=0.5),
            nengo.Sigmoid(),
            nengo.Tanh(),
            nengo.AdaptiveLIFRate(tau_n=0.1),
        ],
    )


def neurons(rng):
    """Any neuron type."""
    rate = rates(rng)
    states = {"voltage": pick(rng, [dists.Choice([0.0]), dists.Uniform(0, 0.5)])}
    return pick(
        rng,
        [
            *[nengo.LIF()] * 5,
            rate,
            rate,
            nengo.LIF(tau_rc=0.05, tau_ref=0.001, amplitude=0.5, min_voltage=-0.5),
            nengo.LIF(initial_state=states),
            nengo.AdaptiveLIF(),
            nengo.AdaptiveLIF(tau_n=0.05, inc_n=0.03, initial_state=states),
            nengo.SpikingRectifiedLinear(amplitude=pick(rng, [1, 0.3])),
            nengo.Izhikevich(),
            nengo.Izhikevich(tau_recovery=0.05, reset_voltage=-50, reset_recovery=2),
            nengo.RegularSpiking(rate),
            nengo.PoissonSpiking(nengo.LIFRate()),
            nengo.PoissonSpiking(rate),
            nengo.StochasticSpiking(rate),
            nengo.SpikingRectifiedLinear(initial_state=states),
            nengo.LIF(initial_state={"refractory_time": dists.Uniform(0, 0.01)}),
            nengo.AdaptiveLIF(initial_state={"adaptation": dists.Uniform(0, 0.1)}),
            nengo.Izhikevich(initial_state={"recovery": dists.Uniform(-14, -10)}),
            nengo_custom.Tired(),
        ],
    )


def max_rates(kind):
    """Maximum rates that a neuron type can reach at all intercepts."""
    steep = isinstance(getattr(kind, "base_type", kind), nengo.Sigmoid)
    return dists.Uniform(360, 390) if steep else dists.Uniform(100, 200)


def ensemble(rng):
    """A population with any options."""
    kind = neurons(rng)
    n, d = int(rng.integers(5, 40)), int(rng.integers(1, 4))
    options = {"max_rates": max_rates(kind)}
    if rng.random() < 0.2:
        noise = [
            processes.WhiteNoise(dists.Gaussian(0, 0.05)),
            processes.FilteredNoise(seed=2),
            processes.WhiteSignal(0.5, 20, rms=0.1),
            processes.PresentInput(rng.uniform(-0.1, 0.1, (3, n)), 0.007),
        ]
        options["noise"] = pick(rng, noise)
    if rng.random() < 0.3:
        options["intercepts"] = pick(
            rng, [dists.Uniform(-0.5, 0.5), dists.Exponential(0.15, -0.5, 0.9), [0.1] * n]
        )
    if rng.random() < 0.3:
        options["encoders"] = pick(
            rng,
            [
                dists.UniformHypersphere(surface=True),
                dists.Choice(np.eye(d)),
                dists.Gaussian(0, 1),
                rng.normal(size=(n, d)),
            ],
        )
        options["normalize_encoders"] = bool(rng.random() < 0.7)
    if rng.random() < 0.1 and isinstance(kind, nengo.LIF):
        del options["max_rates"]
        options.pop("intercepts", None)
        options |= {"gain": dists.Uniform(0.5, 2), "bias": rng.uniform(0.5, 2, n)}
    if rng.random() < 0.2:
        points = [dists.UniformHypersphere(), rng.uniform(-1, 1, (60, d))]
        options["eval_points"] = pick(rng, points)
    if rng.random() < 0.1:
        options["seed"] = int(rng.integers(9))
    if rng.random() < 0.1:
        options["n_eval_points"] = 40
    radius = pick(rng, [1.0, 1.0, 0.7, 2.0])
    return nengo.Ensemble(n, d, radius=radius, neuron_type=kind, **options)


def synapse(rng):
    """Any synapse but none."""
    return pick(
        rng,
        [
            *[nengo.Lowpass(0.005)] * 3,
            nengo.Lowpass(0.1),
            nengo.Lowpass(0),
            nengo.Alpha(0.01),
            nengo.LinearFilter([1], [0.02, 1], method="euler"),
            nengo.LinearFilter([1, 0.5], [0.001, 0.1, 1]),
            nengo.LinearFilter([0.01, 1], [0.02, 1], method="bilinear"),
            nengo.LinearFilter([0.4], [1, -0.6], analog=False),
            nengo.Lowpass(0.01).combine(nengo.Lowpass(0.02)).combine(nengo.Alpha(0.01)),
            nengo.Triangle(0.004),
            nengo_custom.Hold(),
        ],
    )


def solver(rng, weights):
    """A solver of decoders, or of weights."""
    if weights:
        kinds = [solvers.LstsqL2, solvers.LstsqL2nz, solvers.LstsqNoise, solvers.NnlsL2]
        return pick(rng, kinds)(weights=True)
    return pick(
        rng,
        [
            solvers.LstsqL2(reg=0.02),
            solvers.LstsqL2nz(),
            solvers.Lstsq(rcond=0.05),
            solvers.LstsqNoise(),
            solvers.LstsqMultNoise(),
            solvers.LstsqDrop(),
            solvers.NnlsL2(),
            solvers.NnlsL2nz(),
        ],
    )


def square(x):
    """A function that Python calls."""
    return x**2


def same_size(rng):
    """A function of a vector that keeps its size."""
    return pick(rng, [square, np.square, np.sin, lambda x: np.clip(x, -0.5, 0.5)])


def function(rng, size):
    """A function of a vector, and the size of its result."""
    if rng.random() < 0.7:
        return same_size(rng), size
    return pick(rng, [(np.prod, 1), (lambda x: [x[0], x[0] * x[-1], 1.0], 3), (lambda x: x[-1], 1)])


def rule(rng, pre, post, options):
    """A rule that a connection can have, or None."""
    dense = isinstance(options["transform"], np.ndarray) and options["transform"].ndim == 2
    views = isinstance(pre, nengo.base.ObjView), isinstance(post, nengo.base.ObjView)
    if not dense or any(views):
        return None
    all_neurons = nengo.ensemble.Neurons
    solved = "solver" in options and options["solver"].weights
    rules = []
    if isinstance(post, nengo.Ensemble) and not solved:
        rules.append(nengo.Voja(post_synapse=pick(rng, [0.005, None])))
        rules += [[nengo.PES(1e-5), rules[0]]] if isinstance(pre, nengo.Ensemble) else []
    if isinstance(pre, nengo.Ensemble):
        rules.append(nengo.PES(1e-5, pre_synapse=pick(rng, [0.005, nengo.Alpha(0.01)])))
        if isinstance(post, (nengo.Ensemble, nengo.Node)) and not solved:
            rules += [nengo.RLS(1e-5), [nengo.PES(1e-5), nengo.PES(2e-5, pre_synapse=None)]]
    elif isinstance(pre, all_neurons):
        rules += [nengo.PES(1e-6), nengo.PES(1e-6, pre_synapse=None)]
        rules += [] if isinstance(post, all_neurons) else [nengo.RLS(1e-6)]
    if (isinstance(pre, all_neurons) and isinstance(post, all_neurons)) or solved:
        rules += [
            nengo_custom.Decay(),
            nengo_custom.Follow(),
            [nengo.PES(1e-6), nengo_custom.Follow()],
            nengo.BCM(1e-12),
            nengo.BCM(1e-12, post_synapse=0.01, theta_synapse=nengo.Alpha(0.1)),
            nengo.Oja(1e-9, beta=0.5),
            [nengo.BCM(1e-12), nengo.Oja(1e-9)],
            {"one": nengo.Oja(1e-9), "other": nengo.BCM(1e-12)},
        ]
    return pick(rng, rules) if rules else None
