"""A program answers who writes a signal, who reads it, and how much of it is read."""

import numpy as np
import pytest

import nefsim as nef
from nefsim.lowering import build
from nefsim.program import Learn, Read, Weigh, outputs


@pytest.fixture(scope="module")
def program():
    net = nef.Network(seed=1)
    a = net.ensemble(20, 2)
    error = net.node(size_in=1)
    learned = net.connect(a[0], error, learning_rule=nef.PES())
    net.connect(error, learned.learning_rule)
    net.probe(learned, "weights")
    return build(net, 0.001, 1).program


def test_each_signal_is_written_by_the_operation_that_names_it(program):
    assert sorted(program.writer) == list(range(len(program.signals)))
    for signal, i in program.writer.items():
        assert signal in outputs(program.ops[i])


def test_a_rule_names_the_operation_whose_weights_it_changes(program):
    (learn,) = (op for op in program.ops if isinstance(op, Learn))
    (weigh,) = (op for op in program.ops if isinstance(op, Weigh))
    assert learn.learned is weigh
    assert program.ops[program.writer[weigh.output]] is weigh


def test_readers_are_counted_once_for_each_read(program):
    reads = [read.signal for op in program.ops for read in op.reads]
    for signal in range(len(program.signals)):
        assert program.n_readers[signal] == reads.count(signal)


def test_the_size_of_a_read_is_the_number_of_its_columns(program):
    signal = next(i for i, s in enumerate(program.signals) if s.size == 20)
    values = np.arange(20)
    for columns in (None, slice(3, 9), slice(None, None, 3), np.array([4, 4, 1])):
        expected = values if columns is None else values[columns]
        assert program.size(Read(signal, 0, columns)) == len(expected)
    assert program.width(program.ops[program.writer[signal]]) == 20
