"""Power spectra of signals and spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nefsim import _checks as check
from nefsim._signatures import explained
from nefsim.network import Probe
from nefsim.plot import _source as source
from nefsim.plot import _style as style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@explained
def spectrum(
    signal: source.Recorded,
    dt: float | None = None,
    window: float | None = None,
    probe: Probe | str | None = None,
    trial: int | None = None,
    ax: Axes | None = None,
    **line_style: Any,
) -> Axes:
    r"""Plot the power spectral density of a signal, by Welch's method.

    .. math:: S(f) = \frac{2\, dt}{\sum_k w_k^2}
              \left\langle \Big| \sum_k w_k \, x_k \, e^{-2 \pi i f k\, dt} \Big|^2 \right\rangle

    The density S is a mean over windows of the signal x, which overlap by half.  The mean of
    each window is subtracted, and w is Hann's window.  The area under S is the variance of the
    signal.

    Parameters
    ----------
    signal : (T, D) or (T,) array_like, Simulator or Result
        Values at equal steps; or a simulator or result, of which ``probe`` is plotted.
    dt : float or None [s]
        Time between rows; None means 0.001, or the interval of the probe.
    window : float or None [s]
        Length of the windows, the inverse of the lowest frequency.  None means an eighth of the
        signal, but at least 256 steps if the signal has them.
    probe : Probe or str
        The probe to plot, or its label, if ``signal`` is a simulator or result.
    trial : int or None
        Index of the trial to plot, from 0, if the signal comes from a batch.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.
    **line_style
        Properties of the lines, such as ``linewidth=2``.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with a line for each column, on logarithmic scales.

    Raises
    ------
    ValueError, TypeError
        If the signal is constant or too short, or ``dt`` or ``window`` is out of range.

    See Also
    --------
    decoded : The signal over time.
    nefsim.WhiteSignal : A signal with a flat spectrum.

    References
    ----------
    Welch (1967), The use of fast Fourier transform for the estimation of power spectra,
    IEEE Transactions on Audio and Electroacoustics 15(2).

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim import plot
    >>> t = np.arange(8000) * 0.001
    >>> f, power = plot.spectrum(np.sin(2 * np.pi * 20 * t)).lines[0].get_data()
    >>> float(f[np.argmax(power)])
    20.0
    """
    from scipy.signal import welch

    who = "plot.spectrum"
    values, time = source.records(who, "signal", signal, probe, None, trial)
    if len(values) < 4:
        check.fail(who, "signal", "have at least 4 rows", str(len(values)), "pass a longer one")
    if not np.ptp(values, axis=0).any():
        check.fail(who, "signal", "change over time", "a constant", "pass one that varies")
    if source.is_recording(signal):
        source.unused(who, "dt", dt, "recorded data", "leave it out")
        step = float(time[-1] - time[0]) / (len(time) - 1)
    else:
        step = source.STEP if dt is None else check.seconds(who, "dt", dt)
    n = _window(who, window, step, len(values))
    frequency, power = welch(values, 1.0 / step, nperseg=n, axis=0)
    look = style.line_style(who, line_style, linewidth=1.1)
    ax = style.axes(who, ax)
    columns = power.shape[1]
    for d, colour in enumerate(style.colours(columns)):
        # A logarithmic axis cannot show 0 Hz; the mean of each window is subtracted anyway.
        own = {"color": colour, "label": f"dimension {d}"}
        ax.loglog(frequency[1:], power[1:, d], **(own | look))
    ax.margins(x=0)
    if 1 < columns <= style.MOST_ENTRIES:
        style.legend(ax)
    style.finish(ax, "frequency [Hz]", r"power density [value$^2$ / Hz]")
    return ax


def _window(who: str, window: Any, step: float, n: int) -> int:
    """The length of Welch's windows, in steps."""
    if window is None:
        return min(n, max(256, n // 8))
    length = check.seconds(who, "window", window)
    if not 3.5 <= length / step <= n + 0.5:
        must = f"be from {4 * step:g} to {n * step:g} s"
        check.fail(who, "window", must, f"{length:g} s", "pass at most the length of the signal")
    return round(length / step)
