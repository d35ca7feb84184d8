"""Laws of converted models: each module as its matrix, thresholds and grids."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from nefsim import convert  # noqa: E402
from nefsim.convert import base, exact  # noqa: E402
from nefsim.convert.read import Stage, read  # noqa: E402

RNG = np.random.default_rng(0)


def weighted(module: Any) -> Any:
    """A module of double precision with random weights and statistics."""
    torch.manual_seed(0)
    module = module.double().eval()
    for name, values in (*module.named_parameters(), *module.named_buffers()):
        if values.is_floating_point():
            low = 0.5 if "var" in name else -1.0
            values.data = low + 1.5 * torch.rand_like(values)
    return module


MODULES: list[tuple[str, Any, tuple[int, ...]]] = [
    ("linear", nn.Linear(5, 3), (5,)),
    ("without bias", nn.Linear(5, 3, bias=False), (5,)),
    ("normalised", nn.BatchNorm1d(5), (5,)),
    ("normalised planes", nn.BatchNorm2d(2), (2, 3, 4)),
    ("normalised without weights", nn.BatchNorm2d(2, affine=False), (2, 3, 4)),
    ("small variance", nn.BatchNorm1d(5, eps=0.5), (5,)),
    ("convolution", nn.Conv2d(2, 4, (3, 2)), (2, 6, 5)),
    ("padded", nn.Conv2d(2, 4, 3, padding=(1, 2), stride=(2, 1)), (2, 6, 5)),
    ("same", nn.Conv2d(2, 4, (3, 1), padding="same", dilation=(2, 1)), (2, 6, 5)),
    ("groups", nn.Conv2d(4, 6, 2, groups=2, bias=False), (4, 4, 5)),
    ("average", nn.AvgPool2d((2, 3)), (2, 6, 7)),
    ("padded average", nn.AvgPool2d(3, stride=2, padding=1), (2, 6, 7)),
    ("average of pixels", nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False), (2, 6, 7)),
    ("divided", nn.AvgPool2d(3, padding=1, divisor_override=2, count_include_pad=False), (2, 6, 7)),
    ("flat", nn.Flatten(), (2, 3, 2)),
    ("dropout", nn.Dropout(0.5), (5,)),
    ("nothing", nn.Sequential(), (5,)),
]


@pytest.mark.parametrize(("name", "module", "shape"), MODULES, ids=[m[0] for m in MODULES])
@pytest.mark.parametrize("after", [None, nn.ReLU(), convert.QCFS(4, 0.75)], ids=["", "relu", "q"])
def test_the_matrix_of_a_module_computes_its_outputs(
    name: str, module: Any, shape: tuple[int, ...], after: Any
) -> None:
    del name
    model = nn.Sequential(weighted(copy.deepcopy(module)), *([] if after is None else [after]))
    x = RNG.normal(size=(4, *shape))
    with torch.no_grad():
        expected = model.double()(torch.tensor(x)).numpy()
    if isinstance(after, convert.QCFS):  # without its levels
        with torch.no_grad():
            expected = np.clip(model[0](torch.tensor(x)).numpy(), 0.0, 0.75)
    values = x.reshape(4, -1)
    stages = read("w", model, shape)
    for stage in stages:
        values = stage.values(values)
    assert len(stages) == (1 if after is None else 2)
    assert [stage.rectified for stage in stages] == ([] if after is None else [True]) + [False]
    np.testing.assert_allclose(values, expected.reshape(4, -1), atol=1e-12)


@pytest.mark.parametrize("kernel", [(1, 1), (2, 2), (3, 1), (3, 3)])
@pytest.mark.parametrize("before", [True, False])
def test_the_maximum_of_a_window_takes_rounds_of_pairs(kernel: Any, before: bool) -> None:
    pool = nn.MaxPool2d(kernel, stride=2, padding=(kernel[0] // 2, kernel[1] // 2))
    relu = [nn.ReLU(), pool] if before else [pool, nn.ReLU()]
    model = weighted(nn.Sequential(nn.Conv2d(1, 2, 1), *relu, nn.Flatten()))
    x = RNG.normal(size=(5, 1, 5, 6))
    with torch.no_grad():
        expected = model(torch.tensor(x)).numpy()
    stages = read("w", model, (1, 5, 6))
    values = x.reshape(5, -1)
    for stage in stages:
        values = stage.values(values)
    np.testing.assert_allclose(values, expected, atol=1e-12)
    # Of n values, each round leaves half, rounded up.
    n, rounds = kernel[0] * kernel[1], 0
    while n > 1:
        n, rounds = -(-n // 2), rounds + 1
    assert [stage.pools for stage in stages] == [False] + [True] * rounds + [False]


@pytest.mark.parametrize(
    ("modules", "shape", "words"),
    [
        (
            (nn.Linear(4, 2),),
            (5,),
            r"a fitting size for inputs of shape \(5,\), got module 0 Linear",
        ),
        ((nn.Conv2d(2, 2, 1),), (5,), r"have \(channels, height, width\) for inputs of shape"),
        ((nn.Conv2d(2, 2, 1),), (3, 4, 4), "have zeros as padding and 3 channels"),
        (
            (nn.Conv2d(2, 2, 1, padding_mode="circular"),),
            (2, 4, 4),
            "have zeros as padding and 2 ch",
        ),
        ((nn.BatchNorm1d(4),), (5,), "have running statistics of as many channels"),
        ((nn.BatchNorm1d(5, track_running_stats=False),), (5,), "have running statistics"),
        ((nn.AvgPool2d(2, ceil_mode=True),), (1, 4, 4), "have ceil_mode=False for pooling"),
        ((nn.Flatten(2),), (1, 4, 4), "have start_dim=1 and end_dim=-1 for flattening"),
        ((nn.Flatten(1, 2),), (1, 4, 4), "have start_dim=1 and end_dim=-1 for flattening"),
        ((nn.MaxPool2d(2),), (1, 4, 4), "have a ReLU before or after it for max-pooling"),
        ((nn.Conv2d(1, 1, 1), nn.MaxPool2d(2)), (1, 4, 4), "have a ReLU before or after it"),
        (
            (nn.Conv2d(1, 1, 1), nn.MaxPool2d(2), nn.MaxPool2d(2)),
            (1, 4, 4),
            "have a ReLU between two",
        ),
        (
            (nn.Conv2d(1, 1, 1), nn.MaxPool2d(2), nn.Conv2d(1, 1, 1)),
            (1, 4, 4),
            "have a ReLU before or",
        ),
        ((nn.ReLU(), nn.MaxPool2d(2, dilation=2)), (1, 4, 4), "have no dilation for max-pooling"),
        ((nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True)), (1, 4, 4), "have ceil_mode=False"),
        ((nn.Tanh(),), (5,), "be made of Linear, Conv2d"),
    ],
    ids=range(16),
)
def test_modules_that_have_no_matrix_are_refused(modules: Any, shape: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read("w", nn.Sequential(*modules), shape)


def test_stages_have_the_names_of_their_modules() -> None:
    inner = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    model = nn.Sequential(inner, nn.Identity(), nn.Linear(4, 2), nn.BatchNorm1d(2)).eval()
    labels = [stage.label for stage in read("w", model, (4,))]
    assert labels == ["0.0 Linear + 0.1 ReLU", "2 Linear + 3 BatchNorm1d"]
    assert read("w", nn.Sequential(nn.ReLU()), (4,))[1].label == "output"
    stage = Stage("a", np.array([[1.0, -1.0]]), np.array([0.5]), limit=2.0)
    assert stage.size == 1
    assert stage.drive(np.array([[1.0, 3.0]])).tolist() == [[-1.5]]
    points = np.array([[1.0, 3.0], [1.0, 0.25], [9.0, 0.0]])
    assert stage.values(points).tolist() == [[0.0], [1.25], [2.0]]


# Thresholds and grids


def test_thresholds_are_percentiles_of_the_values_above_0() -> None:
    x = np.array([[1.0, -5.0], [2.0, 3.0], [0.0, 4.0]])
    one = np.eye(2)
    stages = [
        Stage("a", one, np.zeros(2)),
        Stage("b", one, np.zeros(2), pools=True),
        Stage("c", one, np.zeros(2), limit=1.5),
        Stage("d", -one, np.zeros(2), rectified=False),
    ]
    assert base._largest(stages, x, 100.0) == [4.0, 4.0, 1.5, 1.5]
    assert base._largest(stages[:2], x, 50.0) == [2.5, 2.5]  # of 1, 2, 3 and 4
    assert base._largest([stages[3]], x, 50.0) == [2.5]  # of 0, 1, 2, 3, 4 and 5
    assert base._largest(stages[:1], -np.abs(x), 100.0) == [1.0]


@pytest.mark.parametrize(("dtype", "digits"), [("float64", 52), ("float32", 23)])
def test_grids_are_powers_of_two_with_the_digits_of_the_precision(dtype: str, digits: int) -> None:
    for largest, power in ((1.0, 0), (1.01, 1), (2.0, 1), (0.5, -1), (0.3, -1), (1024.0, 10)):
        assert exact.grid(largest, dtype) == 2.0 ** (power - digits)
    assert exact.grid(0.0) == exact.grid(1e-30)
    assert exact.grid(1.0) == exact.grid(1.0, "float64")


def test_numbers_on_a_grid_are_rounded_to_it() -> None:
    from scipy.sparse import csr_array

    values = np.array([[0.3, -0.2], [0.0, 0.49]])
    expected = [[0.25, -0.25], [0.0, 0.5]]
    for each in (values, csr_array(values)):
        found = exact.on_grid(each, 0.25, "float32")
        assert found.dtype == np.float32
        dense = found if isinstance(found, np.ndarray) else found.toarray()
        assert dense.tolist() == expected
    assert values[0, 0] == 0.3 and not exact.on_grid(values, 0.25).flags.writeable
    assert exact.on_grid(values, 0.25).dtype == np.float64
    matrix, bias = np.array([[1.0, -2.0], [3.0, 1.0]]), np.array([-5.0, 0.5])
    for each in (matrix, csr_array(matrix)):
        assert exact.largest_drive(each, bias, 2.0) == 2.0 * 3.0 + 5.0
        assert exact.largest_drive(each, bias, 10.0) == 10.0 * 4.0 + 0.5
    assert exact.largest_drive(np.zeros((0, 2)), np.zeros(0), 1.0) == 0.0
