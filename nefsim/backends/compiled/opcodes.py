"""Columns and kinds of rows of the instruction table, and sizes that go with them."""

from __future__ import annotations

# Columns of the table:
#   KIND                  one of the kinds below
#   OUT, OUT_STRIDE       where it writes: row r of a signal lies at offset + r * stride
#   IN, IN_STRIDE         where it reads
#   N, M                  numbers that it writes and reads; of a population, M is the offset of
#                         a second memory, of LISTED that of the bits
#   C, S, X               offsets of constants, of its memory and of indices (of a population
#                         that of its spike bits, or of the list of neurons that fire)
#   SET                   1 where a sum overwrites; of a population that lists spikes the index of
#                         their count, of LIF whether each neuron has time constants of its own,
#                         of an expression a bit for each argument that is a vector
#   ENCODERS              of LIF, dimensions that it encodes itself; of INVERSE_LIF, whether
#                         there are currents
#   SCRATCH               room for intermediate numbers; of INVERSE_LIF and of spikes into it, the
#                         offset of the steps done; of SELECT, the third argument
#   TOGETHER              how many rows from this one on take each step together; 0 where this
#                         one takes all steps of a tile at once
KIND, OUT, OUT_STRIDE, IN, IN_STRIDE, N, M, C, S, X, SET, ENCODERS, SCRATCH, TOGETHER = range(14)
N_COLUMNS = 14

# Kinds of row.  The dispatch of the kernel goes by the bounds below, so a new kind stands within
# its group.
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
    DISCRETE,
    DISCRETE_SMOOTH,
    INVERSE_LIF,
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
) = range(44)
N_KINDS = 44

#: The last kind of each group: sums, memories, populations, weights and rules.
LAST_SUM, LAST_MEMORY, LAST_POPULATION, LAST_RULE = SCATTER, LOGARITHM, INVERSE_LIF, RLS

#: The kinds of cells follow (:mod:`.cells`).
FIRST_CELL = N_KINDS

# Constants of a row, by kind: the index of each from the column C on.  Those of cells stand in
# :mod:`.cells`.
LOWPASS_GAIN, LOWPASS_KEEP, LOWPASS_TINY, LOWPASS_ZERO = range(4)
LIF_DECAY, LIF_REFRACTORY, LIF_LOWEST, LIF_PULSE, LIF_ONE, LIF_ZERO = range(6)
(
    DISCRETE_PULSE,
    DISCRETE_ACTIVATION,
    DISCRETE_SUBTRACTS,
    DISCRETE_IS_UNIFORM,
    DISCRETE_SLOPE,
    DISCRETE_HALF,
    DISCRETE_ONE,
    DISCRETE_ZERO,
) = range(8)
(
    INVERSE_PULSE,
    INVERSE_FACTOR,
    INVERSE_N_STEPS,
    INVERSE_PERIOD,
    INVERSE_RELEASE_AT,
    INVERSE_SAMPLES,
    INVERSE_ONE,
    INVERSE_ZERO,
) = range(8)

#: Numbers in a line of the cache; arrays start at a line, columns of encoders too.
LINE = 8

#: The place of what comes behind the constants of a population.
AFTER_CONSTANTS = 8

#: Steps that a population may take before others of its block have their turn.
TILE = 64

#: Most vectors of LIF neurons that are stepped side by side.
MOST_VECTORS = 7
