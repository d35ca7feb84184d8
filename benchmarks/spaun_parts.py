"""Stand-ins for files and modules that Spaun 2.0 needs; none of it is code of Spaun.

They let the model build and run at its real size.  It does not read digits: the weights of its
vision and the images are random ones, unless the checkout has them.
"""

from __future__ import annotations

import collections.abc
import gzip
import numbers
import pickle
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: Neurons of the layers of the vision model, and the classes of its last one.
PIXELS, FIRST, SECOND = 784, 500, 200

#: A planar arm of unit inertia, in place of compiled code of Python 2.
ARM = """
import numpy as np

class pySim:
    def __init__(self, dt=1e-5, params=None):
        self.n = 0

    def reset(self, out, ic=None):
        self.n = 0
        out[:] = 0
        out[1:4] = np.pi / 4

    def step(self, out, u):
        self.n += 1
        if self.n % 100 == 0:
            out[4:7] += 1e-3 * (-0.01 * u - out[4:7])
            out[1:4] += 1e-3 * out[4:7]
            out[0] += 1e-3
"""


def complete(folder: Path) -> None:
    """Write the files that a copy of a checkout lacks."""
    modules = folder / "_spaun" / "modules"
    arm = folder / "_spaun" / "arms" / "three_link"
    for compiled in (*arm.glob("py3LinkArm*.so"), *arm.glob("py3LinkArm*.pyd")):
        compiled.unlink()
    (arm / "py3LinkArm.py").write_text(ARM)
    rng = np.random.default_rng(1)
    images = modules / "stim" / "mnist" / "mnist.pkl.gz"
    if not images.exists():
        x, y = rng.random((1000, PIXELS)), np.arange(1000) % 10
        with gzip.open(images, "wb") as file:
            pickle.dump(((x[:1], y[:1]), (x[:1], y[:1]), (x, y)), file, protocol=2)
    vision = modules / "vision" / "lif_vision"
    if not (vision / "params.npz").exists():
        means = np.load(vision / "class_means.npz", encoding="latin1")["means"]
        sizes = (PIXELS, FIRST, SECOND)
        weights, biases = np.empty(2, object), np.empty(2, object)
        for i in range(2):
            weights[i] = rng.normal(size=sizes[i : i + 2]) * 2 / np.sqrt(sizes[i])
            biases[i] = np.zeros(sizes[i + 1])
        classes = rng.normal(size=(SECOND, len(means))) / SECOND
        arrays = {"weights": weights, "biases": biases, "Wc": classes, "bc": np.zeros(len(means))}
        np.savez(vision / "params.npz", **arrays)


def symbols(modules: Path) -> Array:
    """The images of ten digits and of symbols of a checkout, a row each."""
    with gzip.open(modules / "stim" / "mnist" / "spaun_sym.pkl.gz", "rb") as file:
        found: Array = np.asarray(pickle.load(file, encoding="bytes")[2][0], float)
    return found


def paths(modules: Path) -> Array:
    """The x and y of the paths by which Spaun draws the ten digits (2, 10, points)."""
    loaded = np.load(modules / "motor" / "osc" / "canon_paths.npz", encoding="latin1")
    return np.array([loaded["canon_paths_x"][:10], loaded["canon_paths_y"][:10]])


def write_vision(
    folder: Path,
    arrays: dict[str, Array],
    means: Array,
    to_draw: Array,
    images: tuple[Array, Array],
) -> None:
    """Write files that Spaun reads, into the folders of a checkout.

    Weights of vision, mean utilities of classes, transforms (10, 2, neurons, points) from the
    second layer to paths, and images with labels.
    """
    modules = folder / "_spaun" / "modules"
    vision, motor = modules / "vision" / "lif_vision", modules / "motor" / "osc"
    for part in (vision, motor, modules / "stim" / "mnist"):
        part.mkdir(parents=True, exist_ok=True)
    np.savez(vision / "params.npz", **arrays)  # type: ignore[arg-type]
    np.savez(vision / "class_means.npz", means=means)
    maps = {"trfms_x": to_draw[:, 0], "trfms_y": to_draw[:, 1], "size_scaling_factor": 0.2}
    np.savez(motor / "lif_vision_copydraw_trfms.npz", **maps)  # type: ignore[arg-type]
    one = images[0][:1], images[1][:1]
    with gzip.open(modules / "stim" / "mnist" / "mnist.pkl.gz", "wb") as file:
        pickle.dump((one, one, images), file, protocol=2)


def read_vision(folder: Path) -> tuple[dict[str, Array], Array, Array]:
    """The weights, mean utilities and images of files of :func:`write_vision`."""
    modules = folder / "_spaun" / "modules"
    vision = modules / "vision" / "lif_vision"
    with np.load(vision / "params.npz", allow_pickle=True) as loaded:
        arrays = dict(loaded)
    with gzip.open(modules / "stim" / "mnist" / "mnist.pkl.gz", "rb") as file:
        images = pickle.load(file)[2][0]
    return arrays, np.load(vision / "class_means.npz")["means"], images


def install() -> None:
    """Give Nengo 4 the modules, and learning rules the arguments, that older scripts use."""
    import nengo.utils

    modules: dict[str, dict[str, Any]] = {
        "compat": {
            "is_iterable": _is_iterable,
            "is_number": lambda x: isinstance(x, numbers.Number),
            "is_integer": lambda x: isinstance(x, (int, np.integer)),
            "is_array_like": lambda x: isinstance(x, (np.ndarray, list, tuple)) or np.isscalar(x),
            "is_string": lambda x: isinstance(x, str),
            "is_array": lambda x: isinstance(x, np.ndarray),
            "iteritems": lambda d: iter(d.items()),
            "itervalues": lambda d: iter(d.values()),
            "iterkeys": lambda d: iter(d.keys()),
            "range": range,
            "pickle": pickle,
            "PY2": False,
        },
        "functions": {
            "HilbertCurve": None,
            "piecewise": _piecewise,
            "whitenoise": _white_noise,
            "function_name": lambda f: getattr(f, "__name__", "f"),
        },
    }
    for name, content in modules.items():
        module = types.ModuleType(f"nengo.utils.{name}")
        vars(module).update(content)
        sys.modules[module.__name__] = module
        setattr(nengo.utils, name, module)
    _accept(nengo.PES, "pre_tau", "pre_synapse")
    _accept(nengo.Voja, "post_tau", "post_synapse")


def leave_out_arm() -> None:
    """Let the motor system be built without an arm: nodes that read one are constant."""
    import nengo
    from _spaun.modules import motor_system

    def node(output: Any = None, **options: Any) -> Any:
        lacks = getattr(output, "__defaults__", None) == (None,)
        return nengo.Node(0.0 if lacks else output, **options)

    motor_system.nengo = types.SimpleNamespace(**{**vars(nengo), "Node": node})


def _is_iterable(x: Any) -> bool:
    return x.ndim > 0 if isinstance(x, np.ndarray) else isinstance(x, collections.abc.Iterable)


def _piecewise(data: dict[float, Any]) -> Any:
    """The last of some values, each from its time on; zeros before the first."""
    times = sorted(data)

    def value(t: float, at: float) -> Any:
        return data[at](t) if callable(data[at]) else data[at]

    def function(t: float) -> Any:
        passed = [at for at in times if t >= at]
        return value(t, passed[-1]) if passed else 0.0 * np.atleast_1d(value(0.0, times[0]))

    return function


def _white_noise(step: float, high: float, rms: float = 0.5, seed: Any = None, **_: Any) -> Any:
    import nengo

    return nengo.processes.WhiteSignal(10.0, high=high, rms=rms, seed=seed)


def _accept(rule: Any, old: str, new: str) -> None:
    """Let a learning rule accept a time constant by its old name."""
    import nengo

    original = rule.__init__

    def init(self: Any, *arguments: Any, **options: Any) -> None:
        tau = options.pop(old, None)
        if tau is not None:
            options[new] = nengo.Lowpass(tau)
        original(self, *arguments, **options)

    rule.__init__ = init
