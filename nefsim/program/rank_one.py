"""Weights of rank one: one number is decoded and filtered, and its multiples are taken after that.

A connection that inhibits all neurons of a population has a matrix of equal rows, and one number
that is sent to many elements has a matrix of one column.  Such a matrix is ``column @ row``.  Both
the matrix and a filter are linear, so the filter is applied to ``row @ input``, one number, and the
readers of the filter multiply that number by the column: a sum of currents has one more column of
encoders.  Connections with the same source, row and filter share the number.

Where rows are equal, the values are the same bit for bit.  Else last digits may differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nefsim.program.operations import Filter, Op, Read, Record, Signal, Sum, Term, writers

Array = NDArray[np.float64]

#: Fewest rows of a matrix that is factored: fewer rows are decoded nearly as fast as one.
FEWEST_ROWS = 8

#: Largest difference of a weight from ``column @ row``, as a share of it: the rounding of a
#: product, of its quotient by another, and of the product of that.
ROUNDING = 4 * float(np.finfo(np.float64).eps)

#: Columns of a matrix that are compared first, as most matrices are not of rank one; then so many
#: rows at a time.
FIRST, ROWS = 4, 64


class Multiple(NamedTuple):
    """A signal that is ``column`` times the only element of the signal ``of``."""

    of: int
    column: Array


class Factored(NamedTuple):
    """The result of :func:`in_rank_one`.

    ``signals`` and ``ops`` are those before, in their order, and perhaps more.  ``multiples`` has
    the number that is filtered in place of a signal, for filters and their inputs.
    """

    signals: list[Signal]
    ops: list[Op]
    multiples: dict[int, Multiple]


def in_rank_one(
    signals: Sequence[Signal],
    ops: Sequence[Op],
    records: Sequence[Record],
    whole: Collection[int] = (),
) -> Factored:
    """Filter one number in place of its multiples.

    A signal that only sums read becomes that number, of size 1.  A signal that is recorded, or
    that another operation reads, has all its elements still; the numbers that sums read do not
    depend on that.

    Parameters
    ----------
    signals, ops, records : sequence
        All signals, operations and records of a program.
    whole : collection of int
        Signals that have all their elements whatever reads them.

    Returns
    -------
    Factored

    Examples
    --------
    >>> import numpy as np
    >>> from nefsim.program import ProgramBuilder, Read, Term
    >>> from nefsim.synapses import Lowpass
    >>> builder = ProgramBuilder(dt=0.001)
    >>> x, total = builder.input("x", np.ones(3)), builder.sum("total", 50)
    >>> sent = builder.sum("sent", 50)
    >>> builder.add_term(sent, Term(Read(x), np.tile([1.0, 2.0, 3.0], (50, 1))))
    >>> builder.add_term(total, Term(builder.filtered("f", Read(sent), Lowpass(0.01))))
    >>> builder.record(Read(total), every=1)
    >>> [signal.size for signal in builder.finish().signals]  # x, total, sent and filtered
    [3, 50, 1, 1]
    """
    return _Factoring(signals, ops, records, whole).result()


class _Factoring:
    """The signals and operations of the new program."""

    def __init__(
        self,
        signals: Sequence[Signal],
        ops: Sequence[Op],
        records: Sequence[Record],
        whole: Collection[int],
    ) -> None:
        self._signals, self._old, self._ops = [*signals], ops, [*ops]
        self._multiples: dict[int, Multiple] = {}
        self._numbers: dict[Any, int] = {}  # signals of one element, by their content
        self._copies: set[int] = set()  # operations that read such a signal already
        self._whole = {*whole, *(record.read.signal for record in records)}
        self._readers: dict[int, set[int]] = defaultdict(set)
        for i, op in enumerate(ops):
            for read in op.reads:
                self._readers[read.signal].add(i)
        writer, filters = writers(ops), defaultdict[int, list[int]](list)
        for i, op in enumerate(ops):
            if isinstance(op, Filter) and np.ndim(op.start) == 0 and op.start == 0:
                filters[writer[op.input]].append(i)
        for source, those in filters.items():
            found = _factors_of_sum(ops[source])
            if found is not None:
                self._factor(source, those, *found)

    def result(self) -> Factored:
        """All signals and operations; sums read the numbers."""
        for i, op in enumerate(self._ops):
            if i in self._copies or not isinstance(op, Sum):
                continue
            if any(read.signal in self._multiples for read in op.reads):
                self._ops[i] = replace(op, terms=(*map(self._term, op.terms),))
        return Factored(self._signals, self._ops, self._multiples)

    def _factor(self, source: int, filters: Sequence[int], column: Array, row: Array) -> None:
        """Filter one number in place of the output of a sum."""
        total = self._old[source]
        assert isinstance(total, Sum)
        (term,) = total.terms
        weights = None if len(row) == 1 and row[0] == 1.0 else row[None]
        content = *_content_of_read(term.read), _content(row)
        inside = self._readers[total.output] <= {*filters} and total.output not in self._whole
        decoded = Sum(total.output, (Term(term.read, weights),))
        number = self._number(content, decoded, source if inside else None)
        if inside:
            self._multiples[total.output] = Multiple(number, column)
        for i in filters:
            whole = self._old[i]
            assert isinstance(whole, Filter)
            of_sums = all(isinstance(self._old[k], Sum) for k in self._readers[whole.output])
            inside = of_sums and whole.output not in self._whole
            content = number, *map(_content, whole.form)
            filtered = replace(whole, input=number)
            late = self._number(content, filtered, i if inside else None)
            self._multiples[whole.output] = Multiple(late, column)
            if not inside:
                self._ops[i] = Sum(whole.output, (Term(Read(late), column[:, None]),))
                self._copies.add(i)

    def _number(self, content: Any, op: Sum | Filter, i: int | None) -> int:
        """The signal of one element that has some content; ``op`` writes it if it is new.

        If ``i`` is the index of an operation, that one is replaced and its signal has one element.
        """
        number = self._numbers.get(content)
        if i is not None:
            self._signals[op.output] = replace(self._signals[op.output], size=1)
            self._ops[i] = op
            if number is not None:
                self._ops[i] = Sum(op.output, (Term(Read(number)),))
                self._copies.add(i)
        elif number is None:
            name = f"{self._signals[op.output].name}.number"
            self._signals.append(Signal(name, 1))
            op = replace(op, output=len(self._signals) - 1)
            self._ops.append(op)
        return self._numbers.setdefault(content, op.output)

    def _term(self, term: Term) -> Term:
        """A term that reads a number in place of its multiples."""
        if term.read.signal not in self._multiples:
            return term
        of, column = self._multiples[term.read.signal]
        column = column if term.read.columns is None else column[term.read.columns]
        matrix = term.matrix
        if matrix is not None:
            is_matrix = hasattr(matrix, "tocsr") or np.ndim(matrix) == 2
            column = matrix @ column if is_matrix else matrix * column
        return Term(Read(of, term.read.delay), column[:, None], term.rows)


def _factors_of_sum(op: Op) -> tuple[Array, Array] | None:
    """The column and row whose product is the only matrix of a sum, or None."""
    if not isinstance(op, Sum) or op.is_input or op.offset is not None or len(op.terms) != 1:
        return None
    (term,) = op.terms
    return None if term.rows is not None else factors(term.matrix)


def factors(matrix: Any) -> tuple[Array, Array] | None:
    """A column (M,) and a row (D,) whose product is a matrix, up to rounding.

    Parameters
    ----------
    matrix : None, number or array
        The matrix of a term.  An abstract array, which has a shape only, is of rank one if it has
        one column, or if it is a product whose left factor, its attribute ``left``, is.

    Returns
    -------
    (ndarray, ndarray) or None
        None for a matrix that is sparse, has few rows or is not of rank one.
    """
    if hasattr(matrix, "tocsr") or np.ndim(matrix) != 2 or len(matrix) < FEWEST_ROWS:
        return None
    if np.shape(matrix)[1] == 1:
        return matrix[:, 0], np.ones(1)
    if not any(matrix.strides):
        found = factors(getattr(matrix, "left", None))
        return None if found is None else (found[0], matrix[0])
    return _product(np.asarray(matrix)) if matrix.size else None


def _product(matrix: Array) -> tuple[Array, Array] | None:
    row = matrix[0]
    place = int(np.argmax(np.abs(row)))
    if row[place] == 0.0:
        return None
    column = matrix[:, place] / row[place]
    if not _is_product(matrix[:, :FIRST], column, row[:FIRST]):
        return None
    for first in range(0, len(matrix), ROWS):  # in blocks, without a second matrix of that size
        some = slice(first, first + ROWS)
        if not _is_product(matrix[some], column[some], row):
            return None
    return column, row


def _is_product(matrix: Array, column: Array, row: Array) -> bool:
    """Whether a matrix is ``column @ row`` up to rounding."""
    product = column[:, None] * row
    return bool((np.abs(matrix - product) <= ROUNDING * np.abs(product)).all())


def _content_of_read(read: Read) -> tuple[Any, ...]:
    """A value that is equal for reads of the same elements."""
    columns = read.columns
    if isinstance(columns, slice):
        return read.signal, read.delay, columns.start, columns.stop, columns.step
    return read.signal, read.delay, None if columns is None else columns.tobytes()


def _content(numbers: Any) -> Any:
    """A value that is equal for arrays of the same numbers, and for no abstract arrays."""
    array = np.asarray(numbers)
    return array.tobytes() if not array.ndim or any(array.strides) else object()
