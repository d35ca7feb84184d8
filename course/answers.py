"""Answers to the exercises, one for each; there are other right ones."""

from __future__ import annotations

ANSWERS = {}

ANSWERS["1.1"] = """
def rates(J, tau_rc, tau_ref):
    J = np.asarray(J, float)
    out = np.zeros_like(J)
    above = J > 1
    out[above] = 1 / (tau_ref + tau_rc * np.log1p(1 / (J[above] - 1)))
    return out
"""

ANSWERS["1.2"] = """
def gain_bias(max_rate, intercept):
    z = 1 / (1 - np.exp((0.002 - 1 / max_rate) / 0.02))
    gain = (z - 1) / (1 - intercept)
    return gain, 1 - gain * intercept
"""

ANSWERS["1.3"] = """
def decoders(A, x, sigma):
    P, N = A.shape
    return np.linalg.solve(A.T @ A + P * sigma**2 * np.eye(N), A.T @ x)
"""

ANSWERS["1.4"] = """
def error_parts(A, d, x, sigma):
    return np.sqrt(np.mean((A @ d - x) ** 2)), sigma * np.linalg.norm(d)
"""

ANSWERS["1.5"] = """
how_many = 1600
"""

ANSWERS["2.1"] = """
def white_signal(seconds, dt, rms, limit, rng):
    n = round(seconds / dt)
    f = np.fft.rfftfreq(n, dt)
    spectrum = rng.standard_normal(len(f)) + 1j * rng.standard_normal(len(f))
    spectrum[(f > limit) | (f == 0)] = 0
    u = np.fft.irfft(spectrum, n)
    return u * rms / np.sqrt(np.mean(u**2))
"""

ANSWERS["2.2"] = """
def spikes(J, dt):
    v, wait, fired = 0.0, 0.0, np.zeros(len(J))
    for k, current in enumerate(J):
        if wait > 0:
            wait -= dt
            continue
        v = max(v + dt / 0.02 * (current - v), 0.0)
        if v > 1:
            fired[k], v, wait = 1.0, 0.0, 0.002 - dt / 2
    return fired
"""

ANSWERS["2.3"] = """
def lowpass(u, tau, dt):
    a, y, out = np.exp(-dt / tau), 0.0, np.zeros(len(u))
    for k, value in enumerate(u):
        y = a * y + (1 - a) * value
        out[k] = y
    return out
"""

ANSWERS["2.4"] = """
def decoded(spikes, d, tau, dt):
    return lowpass(spikes @ d / dt, tau, dt)
"""

ANSWERS["3.1"] = """
def weights(d, e, gain):
    return gain[:, None] * (e @ d.T)
"""

ANSWERS["3.2"] = """
def square(net, stimulus):
    a, b = net.ensemble(100, 1), net.ensemble(100, 1)
    net.connect(stimulus, a, synapse=None)
    net.connect(a, b, function=np.square)
    return b
"""

ANSWERS["3.3"] = """
def combined(net, first, second):
    a, b, c = net.ensemble(100, 1), net.ensemble(100, 1), net.ensemble(100, 1, radius=1.5)
    net.connect(first, a, synapse=None)
    net.connect(second, b, synapse=None)
    net.connect(a, c, transform=0.5)
    net.connect(b, c, transform=2.0)
    return c
"""

ANSWERS["3.4"] = """
def multiplied(net, first, second):
    both, out = net.ensemble(300, 2, radius=1.5), net.ensemble(100, 1)
    net.connect(first, both[0], synapse=None)
    net.connect(second, both[1], synapse=None)
    net.connect(both, out, function=lambda x: x[0] * x[1])
    return out
"""

ANSWERS["4.1"] = """
def mapped(A, B, tau):
    return tau * A + np.eye(len(A)), tau * B
"""

ANSWERS["4.2"] = """
def held(net, stimulus):
    tau = 0.1
    a = net.ensemble(300, 1)
    net.connect(stimulus, a, transform=tau, synapse=tau)
    net.connect(a, a, synapse=tau, solver=nef.LstsqL2(reg=0.02))
    return a
"""

ANSWERS["4.3"] = """
def turning(net, hertz):
    tau, omega = 0.1, 2 * np.pi * hertz
    a = net.ensemble(500, 2, radius=1.2)
    kick = net.node(lambda t: [1.5 * (t < 0.1), 0.0])
    net.connect(kick, a, synapse=tau)
    net.connect(a, a, transform=[[1.0, -omega * tau], [omega * tau, 1.0]], synapse=tau)
    return a
"""

ANSWERS["4.4"] = """
def discrete(A, B, tau, dt):
    n = len(A)
    block = scipy.linalg.expm(dt * np.block([[A, B], [np.zeros((B.shape[1], n + B.shape[1]))]]))
    Ad, Bd, a = block[:n, :n], block[:n, n:], np.exp(-dt / tau)
    return (Ad - a * np.eye(n)) / (1 - a), Bd / (1 - a)
"""

ANSWERS["5.1"] = """
def pes_step(d, a, error, kappa, dt):
    return d - kappa * dt / len(a) * np.outer(a, error)
"""

ANSWERS["5.2"] = """
def bound(u, v):
    return np.fft.irfft(np.fft.rfft(u) * np.fft.rfft(v), n=len(u))
"""

ANSWERS["5.3"] = """
def inverse(v):
    return np.roll(v[::-1], 1)
"""

ANSWERS["5.4"] = """
def learned(net, stimulus):
    a, b = net.ensemble(100, 1), net.ensemble(100, 1)
    error = net.node(size_in=1)
    net.connect(stimulus, a, synapse=None)
    c = net.connect(a, b, function=np.zeros_like, learning_rule=nef.PES(1e-3))
    net.connect(b, error)
    net.connect(a, error, transform=-1)
    net.connect(error, c.learning_rule)
    return b
"""
