"""Matrices with blocks on their diagonal are divided, and their products stay the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse

import nefsim as nef
from nefsim.backends import available
from nefsim.lowering import build
from nefsim.program import Filter, Read, Sum, Term
from nefsim.program import diagonal_blocks as parts

RNG = np.random.default_rng(1)


def product(op: Any, values: Any, size: int) -> Any:
    """The sum, computed term by term."""
    out = np.zeros(size)
    for term in op.terms:
        read = values if term.read.columns is None else values[term.read.columns]
        rows = slice(None) if term.rows is None else term.rows
        out[rows] += term.matrix @ read
    return out


@pytest.mark.parametrize("shapes", [[(20, 20)] * 4, [(30, 10), (5, 40), (40, 30), (25, 16)]])
@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (None, None),
        (slice(3, 99), slice(2, 102)),
        (RNG.permutation(200)[:96], RNG.permutation(200)[:100]),
    ],
)
def test_each_block_is_a_term_that_reads_and_adds_to_its_part(
    shapes: Any, columns: Any, rows: Any
) -> None:
    matrix = scipy.linalg.block_diag(*(RNG.normal(size=shape) for shape in shapes))
    n_rows, n_columns = matrix.shape
    if isinstance(columns, np.ndarray):
        columns, rows = columns[:n_columns], rows[:n_rows]
    elif columns is not None:
        columns = slice(columns.start, columns.start + n_columns)
        rows = slice(rows.start, rows.start + n_rows)
    values = RNG.normal(size=n_columns if columns is None else 300)
    whole = Sum(1, (Term(Read(0, 1, columns), matrix, rows),))
    divided = parts._divided(whole)
    assert isinstance(divided, Sum)
    assert [term.matrix.shape for term in divided.terms] == shapes
    assert all(term.read.delay == 1 and term.matrix.flags.c_contiguous for term in divided.terms)
    size = n_rows if rows is None else 400
    found, expected = (product(op, values, size) for op in (divided, whole))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)  # sums of up to 40 addends


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["xx..", "xx..", "..xx"], [(0, 2, 0, 2), (2, 3, 2, 4)]),
        (["x...", ".x..", "...."], [(0, 1, 0, 1), (1, 2, 1, 2)]),
        (["..x.", "x..."], [(0, 2, 0, 3)]),
        (["x...", "..x.", ".x..", "...x"], [(0, 1, 0, 1), (1, 3, 1, 3), (3, 4, 3, 4)]),
        (["x...", ".x..", "..x.", "x..x"], [(0, 4, 0, 4)]),
        (["x...", ".x..", "..x.", ".x.x"], [(0, 1, 0, 1), (1, 4, 1, 4)]),
        (["....", "...."], []),
    ],
)
def test_blocks_share_no_row_and_no_column(rows: Any, expected: Any) -> None:
    matrix = np.array([[float(c == "x") for c in row] for row in rows])
    found = [(r.start, r.stop, c.start, c.stop) for r, c in parts.blocks(matrix)]
    assert found == expected


def test_other_sums_stay_as_they_are() -> None:
    small = np.kron(np.eye(4), np.ones((15, 15)))
    tiny_blocks = np.kron(np.eye(40), np.ones((2, 2)))
    dense = np.ones((80, 80))
    two = np.kron(np.eye(2), np.ones((40, 40)))
    blank = np.zeros((80, 80))
    sparse = scipy.sparse.csr_array(np.kron(np.eye(4), np.ones((20, 20))))
    for matrix in (None, 2.0, np.ones(80), small, tiny_blocks, dense, two, blank, sparse):
        op = Sum(1, (Term(Read(0), matrix),))
        assert parts._divided(op) is op
    other = Filter(1, 0, nef.Lowpass(0.1).form(0.001))
    assert parts._divided(other) is other
    mixed = parts._divided(Sum(1, (Term(Read(0), dense), Term(Read(0), sparse.toarray()))))
    assert [term.matrix.shape for term in mixed.terms] == [(80, 80), *[(20, 20)] * 4]  # type: ignore[union-attr]


@pytest.mark.parametrize("backend", [name for name in ("numpy", "numba") if name in available()])
@pytest.mark.parametrize("size", [80, 5000])
def test_a_back_end_multiplies_the_blocks_of_a_transform(
    backend: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = np.kron(np.eye(8), np.random.default_rng(2).normal(size=(10, 10)))
    divided: list[int] = []

    def counting(op: Any) -> Any:
        found = plain(op)
        divided.append(len(found.terms) if isinstance(found, Sum) else 0)
        return found

    plain = parts._divided
    monkeypatch.setattr(parts, "_divided", counting)

    def run() -> Any:
        net = nef.Network(seed=1)
        net.node(np.zeros(size))  # the compiled back end does not remember plans of large programs
        u = net.node(nef.WhiteSignal(1.0, high=5.0, seed=2), size_out=80)
        v = net.node(size_in=80)
        net.connect(u, v, transform=matrix, synapse=0.01)
        p = net.probe(v)
        whole = build(net, 0.001, 1).program  # as it was described, for files and counts of weights
        assert max(len(op.terms) for op in whole.ops if isinstance(op, Sum)) == 1
        sim = nef.Simulator(net, backend=backend, progress=False)
        sim.run(0.1)
        return sim.data[p]

    in_blocks = run()
    assert max(divided) == 8
    monkeypatch.setattr(parts, "FEWEST_NUMBERS", 10**9)
    divided.clear()
    whole = run()
    assert max(divided) == 1
    np.testing.assert_allclose(in_blocks, whole, rtol=0, atol=1e-12)  # sums of 10 addends
