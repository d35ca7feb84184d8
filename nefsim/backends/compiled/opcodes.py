"""The instruction table: its columns, its opcodes, and the order of constants and arrays."""

from __future__ import annotations

# Columns of the table:
#   KIND                  the opcode, one of those below
#   OUT, OUT_STRIDE       address of the output: row r of a signal starts at offset + r * stride
#   IN, IN_STRIDE         address of the input
#   N, M                  number of outputs and of inputs
#   C, S, X               offsets of the constants, of the memory, and of an array of indices; of
#                         a population, X is the offset of its spike bits or spike indices
#   SET                   1 if a sum overwrites its output, 0 if it adds to it
#   ENCODERS              of LIF, the number of dimensions that it encodes, or 0 for currents
#   SCRATCH               offset of intermediate numbers
#   SPAN                  number of rows from this one on that run each step together; 0 if this
#                         row runs all steps of a tile at once
#   CODE                  address of the function of a part of the interpreter, or 0
KIND, OUT, OUT_STRIDE, IN, IN_STRIDE, N, M, C, S, X, SET, ENCODERS, SCRATCH, SPAN, CODE = range(15)
N_COLUMNS = 15

# Other names of these columns, for the opcodes that use them in another way:
#   STATE_2, BITS         offset of the second state variable of a population; of spike bits
#   COUNT                 index of the count of spikes, of a population that lists their indices
#   PER_NEURON            of LIF, 1 if time constants differ between neurons; its OUT is -1 if its
#                         spikes are read as bits only
#   VECTORS               of an expression, a bit for each argument that is a vector
#   LAYOUT                of a cell, the offset of its integers, named below
#   HAS_CURRENTS          of INVERSE_LIF, 1 if it reads currents, 0 if spikes are added to it
#   IS_COMPACT            of LIF that computes its currents, offset of a number that is not 0 while
#                         its state is one number for each neuron
#   STEPS_DONE            offset of the step counter, of INVERSE_LIF and of spikes added to it
#   THIRD                 of SELECT, offset of the third argument
#   REPORT                of learned weights, index of the first count of their report
#   IN_USE                of a product with weights, offset of a number that is 0 if they are left
#                         out; 0 for weights that are always used
#   IS_BINARY             of sparse weights of spikes, 1 if the height of spikes is in the weights
#   SLOTS                 of sparse weights of spikes, number of outputs in turn, or 0 for one
#   DRIVES                of DRIVEN_LIF, offset of the integers that describe its drives
STATE_2 = BITS = M
COUNT = PER_NEURON = VECTORS = IS_BINARY = SET
LAYOUT = X
HAS_CURRENTS = REPORT = SLOTS = DRIVES = ENCODERS
STEPS_DONE = THIRD = IN_USE = IS_COMPACT = SCRATCH

# Opcodes.  The kernel compares them with the bounds below, so a new one must be in its group.
(
    FILL,
    SCALE,
    DIAGONAL,
    AFFINE,
    COLUMNS,
    REPEATED_INPUT,
    REPEATED_INPUT_SPARSE,
    ROWS,
    SCALED_SPIKE_ROWS,
    SPIKE_ROWS,
    DECODE_BITS,
    LIST_SPIKES,
    STEPS_OF_SPIKES,
    ROWS_OF_TILE,
    LIST_NONZERO,
    SPARSE,
    SPARSE_SPIKES,
    SPARSE_SPIKE_RUNS,
    GATHER,
    COLLECT,
    SCATTER,
    LOWPASS,
    SETTLE,
    ROTATE,
    DELAY,
    FILTER,
    STATE,
    SUBTRACT_STATE,
    ADAPT,
    RECTIFY,
    LOGARITHM,
    NOISE,
    LIF,
    DRIVEN_LIF,
    WIDE_LIF,
    DISCRETE,
    DISCRETE_SMOOTH,
    INVERSE_LIF,
    LEARNED_PRODUCT,
    LEARNED_PRODUCT_OF_SPIKES,
    COPY_WEIGHTS,
    HEBBIAN,
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    MAXIMUM,
    MINIMUM,
    GREATER,
    SELECT,
    DOT,
    ANY,
    RLS,
) = range(53)
N_KINDS = 53

#: The last opcode of each group: sums, memories and noise, populations, weights and rules.
LAST_SUM, LAST_MEMORY, LAST_POPULATION, LAST_RULE = SCATTER, NOISE, INVERSE_LIF, RLS

#: The opcodes of cells follow (:mod:`.cells`).
FIRST_CELL = N_KINDS

# Parts of the interpreter that are compiled when a network first needs them, by name.
WIDE_PART, CELLS_PART, NOISE_PART, POPULATIONS_PART, LEARNING_PART = (
    "many dimensions",
    "neurons of other types",
    "noise",
    "discrete neurons",
    "learning rules",
)


def part_of(kind: int) -> str | None:
    """The part of the interpreter that runs an opcode; None if it is always there."""
    if kind in (WIDE_LIF, NOISE):
        return WIDE_PART if kind == WIDE_LIF else NOISE_PART
    if kind >= FIRST_CELL:
        return CELLS_PART
    if kind > LAST_POPULATION:
        return LEARNING_PART
    return POPULATIONS_PART if kind in (DISCRETE, DISCRETE_SMOOTH, INVERSE_LIF) else None


# Integers of a cell, from the offset in column LAYOUT on:
#   CELL_RATES            opcode of the cell that computes its rates from currents, or 0
#   CELL_SIZE             numbers from the constants of one strip of neurons to those of the next
#   CELL_OWN              numbers from the constants of a strip to those of the cell for the rates
#   CELL_DECODED          offset of the decoded values
#   CELL_N_DECODED        decoded values in a step
#   CELL_DRAWS            1 if it draws random numbers
#   CELL_GENERATOR        of the counts, index of the addresses of the generator
#   CELL_WORK             of the spike bits, offset of memory for numbers in float64
(
    CELL_RATES,
    CELL_SIZE,
    CELL_OWN,
    CELL_DECODED,
    CELL_N_DECODED,
    CELL_DRAWS,
    CELL_GENERATOR,
    CELL_WORK,
) = range(8)

# Integers of noise, from the offset in column LAYOUT on: as those of a cell, then the offset of
# the memory of a filter, and the bits of numbers in float64 by their index.
NOISE_GENERATOR, NOISE_WORK, NOISE_IS_FILTERED, NOISE_FILTER, NOISE_NUMBERS = range(5)
NOISE_MEAN, NOISE_STD, NOISE_SCALE, NOISE_GAIN, NOISE_KEEP = range(5)

# Constants of a row, by opcode: the index of each, from the offset in column C on.  The numbers
# of cells are defined in :mod:`.cells`; biases, encoders and decoders come before them.
LOWPASS_GAIN, LOWPASS_KEEP, LOWPASS_TINY, LOWPASS_ZERO = range(4)
(
    LIF_DECAY,
    LIF_REFRACTORY,
    LIF_LOWEST,
    LIF_PULSE,
    LIF_ONE,
    LIF_ZERO,
    LIF_LEAST,
    LIF_COMPACT,
) = range(8)
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

# Integers that describe the drives of a population (:mod:`.driving`): first their number, whether
# currents are read, and whether spikes are written as values; then of each drive its first neuron
# and its number of neurons, the offsets of input, output and memory of its filter and of the
# constants of the filter, the offset of its gains, 1 if these differ between neurons, and the
# number of inputs in turn, or 0 for one input that the same step reads.
N_DRIVES, HAS_ROW, WRITES, FIRST_DRIVE = range(4)
(
    DRIVE_START,
    DRIVE_SIZE,
    DRIVE_INPUT,
    DRIVE_OUTPUT,
    DRIVE_MEMORY,
    DRIVE_FILTER,
    DRIVE_GAINS,
    DRIVE_EACH,
    DRIVE_SLOTS,
) = range(9)
DRIVE_INTEGERS = 9

#: Neurons whose currents are in the innermost cache while they take a step.
DRIVEN_BLOCK = 512

#: Integers of COLLECT for each number, from the offset in column X on: the offset of row 0 of the
#: number, the stride from row to row, the element of the output, and 1 if it is the first there.
COLLECTED = 4

#: Fewest elements of an input that may be an image shown for many steps: such an input is
#: compared with the last one, and an equal one is not multiplied again.
LONG_INPUT = 64

#: Fewest dimensions of a population whose encoders are stored in panels.
WIDE = 12

#: Bytes of the columns of a panel.
PANEL = 128

#: Panels whose encoders are used for several steps in turn.
PANELS = 7

#: Registers of decoders of a neuron that are added at once to the sums of a step.
REGISTERS = 8

#: Steps whose currents are computed together, by one pass over the encoders.
STEPS_AT_ONCE = 8

#: Numbers in a cache line; arrays start at a cache line, and so do the columns of encoders.
LINE = 8

#: Index of the first array after the constants of a population.
AFTER_CONSTANTS = 8

#: Most neurons in a strip of a population that is stepped by a cell.
STRIP = 512

#: Steps in a tile, see :mod:`.tiling`.
TILE = 64

#: Most vectors of LIF neurons that are stepped in one loop.
MOST_VECTORS = 7

# The memory of steps that threads share (:mod:`.kernel.shared`), in whole numbers: the number of
# phases and of threads, the address of a function of the system, 1 once the first thread has called
# functions in Python, the number of phases that are done; then the phases, and then the units of
# all phases.  Threads write different cache lines.
SHARED_PHASES, SHARED_THREADS, SHARED_YIELD, SHARED_CALLED = range(4)
SHARED_RELEASED, SHARED_WORDS = 8, 16

#: Of a phase: the place of its units and their number, the first row of the table after the last
#: unit and their end, the same of rows that are part of the next step, and the units done.
PHASE_UNITS, PHASE_SIZE, PHASE_TAIL, PHASE_TAIL_END, PHASE_NEXT, PHASE_NEXT_END = range(6)
PHASE_DONE, PHASE_WORDS = 8, 16

#: Of a unit: its rows, and the number of steps in which it was claimed.
UNIT_FIRST, UNIT_LAST, UNIT_CLAIMED, UNIT_WORDS = 0, 1, 2, 8

#: Spins of a thread that waits, before it lets other threads run.
SPINS = 2000
