"""The whole numbers that tables are made of, and sizes that go with them; see :mod:`kernel`."""

from __future__ import annotations

# Columns of the table: what an operation is, where it writes and reads (row r of a signal
# lies at offset + r * stride), how much, where its constants, memory and indices lie, for LIF
# how many encoders it multiplies itself and where it may scribble, and how many operations from
# this one on take each step together; none where this one takes all steps of a tile at once.
KIND, OUT, OUT_STRIDE, IN, IN_STRIDE, N, M, C, S, X, SET, ENCODERS, SCRATCH, TOGETHER = range(14)
N_COLUMNS = 14

# Kinds of operation.
(
    FILL,
    SCALE,
    DIAGONAL,
    AFFINE,
    COLUMNS,
    HELD,
    HELD_SPARSE,
    ROWS,
    SPIKES,
    ROWS_OF_FIRED,
    FIRED,
    LISTED,
    SPARSE,
    SPARSE_SPIKES,
    RUNS,
    GATHER,
    SCATTER,
    LOWPASS,
    FILTER,
    STATE,
    MINUS_STATE,
    ADAPT,
    NOT_NEGATIVE,
    LOGARITHM,
    LIF,
    LIF_LOG,
    LIF_EULER,
    LIF_RATE,
    RELU,
    SIGMOID,
    TANH,
    IZHIKEVICH,
    WHOLE_SPIKES,
    DISCRETE,
    DISCRETE_SMOOTH,
    INVERSE_LIF,
    SOFT_LIF,
    WEIGH,
    WEIGH_SPIKES,
    SHOW,
    OUTER,
    OUTER_DECAY,
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    MAXIMUM,
    MINIMUM,
    ABOVE,
    SELECT,
    DOT,
    ANY,
    RLS,
) = range(53)

#: Numbers in a line of the cache; arrays start at a line, columns of encoders too.
LINE = 8

#: The place of what comes behind the constants of a population.
AFTER_CONSTANTS = 8

#: Steps that a population may take before others of its block have their turn.
TILE = 64

#: Most vectors of LIF neurons that are stepped side by side.
MOST_VECTORS = 7
