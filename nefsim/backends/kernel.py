"""The compiled interpreter: one function that runs any table of operations.

It is compiled once for each precision and kept on disk (:mod:`nefsim.backends.machine`), so that
a new network compiles nothing.  A row of the table is one operation; :mod:`nefsim.backends.codes`
names its columns and what it may be.  Numbers are reached through plain pointers, which cost
nothing to make or to pass on.
"""

# ruff: noqa: F403, F405

from __future__ import annotations

import math
from typing import Any

from numba import cfunc, njit, types
from numba.np.numpy_support import from_dtype

from nefsim.backends.codes import *
from nefsim.backends.vectors import (
    add_vector,
    byte_shifted,
    lif_four_vectors,
    lif_vector,
    list_above,
    lowest_bit,
    release_vector,
    shifted,
    sum_of_fired,
    whole_registers,
)

options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


@njit(**options, fastmath={"reassoc", "contract", "nsz"})
def dot(a, b, n):
    """Inner product; the one place where the order of a sum is left to the compiler."""
    total = 0.0 * a[0]
    for i in range(n):
        total += a[i] * b[i]
    return total


@njit(**options)
def padded(n):
    """The length of a column that ends with a line of the cache."""
    return n + -n % LINE


@njit(**options)
def columns(y, x, c, n, m, width):
    """``y += sum of column j times x[j]``, up to four columns to a pass."""
    whole_registers()
    for j in range(0, m, 4):
        c0, c1 = shifted(c, j * width), shifted(c, (j + 1) * width)
        c2, c3 = shifted(c, (j + 2) * width), shifted(c, (j + 3) * width)
        if m - j >= 4:
            x0, x1, x2, x3 = x[j], x[j + 1], x[j + 2], x[j + 3]
            for i in range(n):
                y[i] = y[i] + c0[i] * x0 + c1[i] * x1 + c2[i] * x2 + c3[i] * x3
        elif m - j == 3:
            x0, x1, x2 = x[j], x[j + 1], x[j + 2]
            for i in range(n):
                y[i] = y[i] + c0[i] * x0 + c1[i] * x1 + c2[i] * x2
        elif m - j == 2:
            x0, x1 = x[j], x[j + 1]
            for i in range(n):
                y[i] = y[i] + c0[i] * x0 + c1[i] * x1
        else:
            x0 = x[j]
            for i in range(n):
                y[i] += c0[i] * x0


@njit(**options)
def changed(x, m, kept):
    """Whether a vector is another than in the last step, which ``kept`` holds."""
    whole_registers()
    differ = 0
    for j in range(m):
        differ += x[j] != kept[j]
    if differ:
        for j in range(m):
            kept[j] = x[j]
    return differ > 0


@njit(**options)
def held(kind, y, x, c, n, m, indices, kept):
    """``columns`` or ``rows``, but a vector that has not changed is not multiplied again.

    ``kept`` holds that vector and the product; both are zero at first.
    """
    whole_registers()
    product = shifted(kept, padded(m))
    if changed(x, m, kept):
        for i in range(n):
            product[i] = 0.0
        if kind == HELD:
            columns(product, x, c, n, m, padded(n))
        else:
            sparse_rows(product, x, c, n, indices)
    for i in range(n):
        y[i] += product[i]


@njit(**options)
def sparse_rows(y, x, c, n, indices):
    """``y += `` a sparse matrix times x, row by row; see :meth:`Table._sparse`."""
    which = shifted(indices, n + 1)
    for i in range(n):
        total = y[i]
        for s in range(indices[i], indices[i + 1]):
            total += c[s] * x[which[s]]
        y[i] = total


@njit(**options)
def affine(y, offset, x, c, n, m, width):
    """``y = offset + sum of column j times x[j]``."""
    whole_registers()
    first = x[0]
    for i in range(n):
        y[i] = offset[i] + c[i] * first
    columns(y, shifted(x, 1), shifted(c, width), n, m - 1, width)


@njit(**options)
def lif(t, x, v, E, out, fired, c, scratch):
    """One step of an LIF population; see :func:`nefsim.neurons.lif.exact_step`.

    c holds k, the factor of a new refractory time, the lowest voltage, a spike's height, and
    1 and 0 in the precision of the rest; behind them, biases and encoders where currents are
    not given.  A bit of ``fired`` tells whether a neuron fired.
    """
    whole_registers()
    n, m, width = t[N], t[ENCODERS], padded(t[N])
    bias = shifted(c, AFTER_CONSTANTS)
    if m == 0:  # those that only fill the last line get no current
        bias = scratch
        for i in range(n):
            bias[i] = x[i]
    columns, four = shifted(bias, width), 4 * LINE
    in_fours = width - width % four
    for i in range(0, in_fours, four):
        b, e, bits = shifted(bias, i), shifted(columns, i), byte_shifted(fired, i // LINE)
        lif_four_vectors(b, e, width, x, m, shifted(v, i), shifted(E, i), shifted(out, i), bits, c)
    for i in range(in_fours, width, LINE):
        b, e, bits = shifted(bias, i), shifted(columns, i), byte_shifted(fired, i // LINE)
        lif_vector(b, e, width, x, m, shifted(v, i), shifted(E, i), shifted(out, i), bits, c)


@njit(**options)
def listed(fired, n, who):
    """List which neurons fired; how many they are."""
    count = 0
    for first in range(0, n, 64):
        bits = fired[first // 64]
        while bits != 0:
            who[count] = first + lowest_bit(bits)
            count += 1
            bits &= bits - 1
    return count


@njit(**options)
def lif_log(J, v, wait, out, fired, n, c):
    """The LIF step on the refractory time itself, where its exponential would overflow."""
    tau_rc, tau_ref, low, pulse, dt = c[0], c[1], c[2], c[3], c[4]
    count = 0
    for i in range(n):
        wait[i] -= dt
        after = min(max(dt - wait[i], 0.0), dt)
        gap = J[i] - v[i]
        w = J[i] - gap * math.exp(-after / tau_rc)
        w = w if w > low else low
        out[i] = 0.0
        if w > 1.0:
            wait[i] = tau_ref + (dt - after) + tau_rc * math.log(gap / (J[i] - 1.0))
            w = 0.0
            out[i] = pulse
            fired[count] = i
            count += 1
        v[i] = w
    return count


@njit(**options)
def lif_euler(J, v, wait, out, fired, n, c):
    """Explicit Euler; see :class:`nefsim.LIF`."""
    tau_rc, tau_ref, low, pulse, dt = c[0], c[1], c[2], c[3], c[4]
    count = 0
    for i in range(n):
        w = v[i] + dt * (J[i] - v[i]) / tau_rc
        w = w if w > low else low
        if wait[i] > 0.0:
            w = 0.0
            wait[i] -= dt
        out[i] = 0.0
        if w > 1.0:
            w = 0.0
            wait[i] = tau_ref
            out[i] = pulse
            fired[count] = i
            count += 1
        v[i] = w
    return count


@njit(**options)
def lif_rate(J, out, n, c):
    """``amplitude / (tau_ref + tau_rc log(1 + 1/(J - 1)))`` above J = 1."""
    tau_rc, tau_ref, amplitude = c[0], c[1], c[2]
    for i in range(n):
        over = J[i] - 1.0
        rate = 0.0
        if over > 0.0:
            rate = amplitude * (1.0 / (tau_ref + tau_rc * math.log1p(1.0 / over)))
        out[i] = rate


@njit(**options)
def izhikevich(J, v, u, out, fired, n, c):
    """See :class:`nefsim.Izhikevich`; c holds its parameters, two limits, the pulse and dt."""
    dt = c[7]
    count = 0
    for i in range(n):
        current = J[i] if J[i] > c[4] else c[4]
        w = v[i] + (0.04 * (v[i] * v[i]) + 5 * v[i] + 140 - u[i] + current) * 1000 * dt
        spiked = w >= c[5]
        w = c[2] if spiked else w
        r = u[i] + (c[0] * (c[1] * w - u[i])) * 1000 * dt
        out[i] = 0.0
        if spiked:
            r += c[3]
            out[i] = c[6]
            fired[count] = i
            count += 1
        v[i] = w
        u[i] = r
    return count


@njit(**options)
def whole_spikes(rates, v, out, fired, n, c):
    """Integrate rates and give out whole numbers of spikes."""
    pulse, dt = c[0], c[1]
    count = 0
    for i in range(n):
        w = v[i] + rates[i] * dt
        spikes = math.floor(w)
        v[i] = w - spikes
        out[i] = spikes * pulse
        if spikes != 0:
            fired[count] = i
            count += 1
    return count


@njit(**options)
def charge_discrete(J, v, n, c, decay, scale):
    """``v = g(decay * v + scale * J)``, where g is the identity, linear by parts, or ELU."""
    whole_registers()
    kind, alike, slope, zero = int(c[1]), c[3] > 0, c[4], c[7]
    if alike:
        keep, gain = decay[0], scale[0]
        for i in range(n):
            v[i] = keep * v[i] + gain * J[i]
    else:
        for i in range(n):
            v[i] = decay[i] * v[i] + scale[i] * J[i]
    if kind == 2:
        for i in range(n):
            v[i] = v[i] if v[i] > zero else math.expm1(v[i])
    elif kind:
        for i in range(n):
            v[i] = v[i] if v[i] > zero else slope * v[i]


@njit(**options)
def discrete(t, J, v, out, who, before, c):
    """Charge, fire, reset; see :func:`nefsim.neurons.discrete.discrete_step`.

    c holds a spike's height, the activation, whether a spike takes the threshold away,
    whether decays and scales are the same for all neurons, the slope below zero, 1/2, 1 and
    0; then, each from a line of the cache on, the decay, scale and threshold of each neuron
    and the number above which it fires.
    """
    n, pulse, subtract, zero = t[N], c[0], c[2] > 0, c[7]
    width = padded(n)
    decay, scale = shifted(c, AFTER_CONSTANTS), shifted(c, AFTER_CONSTANTS + width)
    threshold, limit = shifted(scale, width), shifted(scale, 2 * width)
    clear(t, out, who, before, zero)
    charge_discrete(J, v, n, c, decay, scale)
    count = 0
    for i in range(0, width, LINE):  # with neurons that never fire
        count += list_above(shifted(v, i), shifted(limit, i), i, shifted(who, count))
    for s in range(count):
        i = who[s]
        out[i] = pulse
        v[i] = v[i] - threshold[i] if subtract else zero
    return count


@njit(**options)
def discrete_smooth(t, J, v, out, c):
    """As :func:`discrete`, with the output ``sigmoid(v - threshold)``."""
    n, pulse, subtract, half, one = t[N], c[0], c[2] > 0, c[5], c[6]
    width = padded(n)
    decay, scale = shifted(c, AFTER_CONSTANTS), shifted(c, AFTER_CONSTANTS + width)
    threshold = shifted(scale, width)
    charge_discrete(J, v, n, c, decay, scale)
    for i in range(n):
        y = half * (one + math.tanh(half * (v[i] - threshold[i])))
        v[i] = v[i] - threshold[i] * y if subtract else v[i] * (one - y)
        out[i] = y * pulse


@njit(**options)
def clear(t, out, who, before, zero):
    """Take away the spikes of the step before, or of what had the place of this row."""
    if t[OUT_STRIDE]:
        for i in range(t[N]):
            out[i] = zero
    else:
        for s in range(before):
            out[who[s]] = zero


@njit(**options)
def inverse_lif(t, J, v, a, done, out, who, before, c):
    """Accumulate, release a digit, hand over; see :class:`nefsim.InverseLIF`.

    c holds a spike's height, the factor, the lengths of a window and of the period, when a
    release begins, whether it samples, 1 and 0; then, each from a line of the cache on, the
    threshold and the offset of each neuron and what spikes are worth in each step.  Where
    the spikes that come in were added to ``a`` already there are no currents.
    """
    whole_registers()
    n, has_currents, step = t[N], t[ENCODERS], int(done[0])
    pulse, factor, n_steps, period, release_at = c[0], c[1], int(c[2]), int(c[3]), int(c[4])
    samples, one, zero, width = c[5] > 0, c[6], c[7], padded(n)
    threshold, offset = shifted(c, AFTER_CONSTANTS), shifted(c, AFTER_CONSTANTS + width)
    worth, count = c[AFTER_CONSTANTS + 2 * width + step], 0
    clear(t, out, who, before, zero)
    if samples and step == release_at:
        for i in range(n):
            v[i] = J[i] + offset[i]
    if has_currents and step < n_steps:
        for i in range(n):
            a[i] += worth * J[i]
    if step >= release_at:
        for i in range(0, width, LINE):  # with neurons that never reach their threshold
            here, limit = shifted(v, i), shifted(threshold, i)
            count += release_vector(here, limit, factor, i, shifted(who, count))
    for s in range(count):
        out[who[s]] = pulse
    step += 1
    if step == n_steps:
        for i in range(n):
            v[i] = a[i] + offset[i]
            a[i] = zero
    done[0] = one * (step % period)
    return count


@njit(**options)
def soft_lif(J, out, n, c):
    """See :func:`nefsim.neurons.soft.soft_lif_rates`; c holds its parameters."""
    tau_rc, tau_ref, amplitude, sigma, far = c[0], c[1], c[2], c[3], c[4]
    for i in range(n):
        q = (J[i] - 1.0) / sigma
        if q < far:
            logarithm = -q - math.log(sigma)
        else:
            z = sigma * ((q if q > 0.0 else 0.0) + math.log1p(math.exp(-abs(q))))
            logarithm = math.log1p(1.0 / z)
        out[i] = amplitude * (1.0 / (tau_ref + tau_rc * logarithm))


@njit(**options)
def spikes(y, x, c, n, who, count):
    """``y += sum of row j times x[j]`` over the neurons j that fired, four to a pass."""
    in_fours = count - count % 4
    if n < LINE:  # a short row: one element after another
        for i in range(n):
            total, column = y[i], shifted(c, i)
            for s in range(0, in_fours, 4):
                j0, j1, j2, j3 = who[s], who[s + 1], who[s + 2], who[s + 3]
                one = column[j0 * n] * x[j0] + column[j1 * n] * x[j1]
                total += one + (column[j2 * n] * x[j2] + column[j3 * n] * x[j3])
            for s in range(in_fours, count):
                total += column[who[s] * n] * x[who[s]]
            y[i] = total
        return
    for s in range(0, in_fours, 4):
        j0, j1, j2, j3 = who[s], who[s + 1], who[s + 2], who[s + 3]
        r0, r1 = shifted(c, j0 * n), shifted(c, j1 * n)
        r2, r3 = shifted(c, j2 * n), shifted(c, j3 * n)
        x0, x1, x2, x3 = x[j0], x[j1], x[j2], x[j3]
        for i in range(n):
            y[i] += (r0[i] * x0 + r1[i] * x1) + (r2[i] * x2 + r3[i] * x3)
    for s in range(in_fours, count):
        j = who[s]
        row, height = shifted(c, j * n), x[j]
        for i in range(n):
            y[i] += row[i] * height


@njit(**options)
def scattered(kind, y, x, c, worth, indices, who, count):
    """``y += sum of column j times x[j] * worth`` over the neurons j that fired.

    ``indices`` holds where the values lie in c, the number of columns and where each of them
    ends.  Then come for each value its row, or for each run of rows one under the other the
    first, how many they are and where its values lie.
    """
    whole_registers()
    values, ends = shifted(c, indices[0]), shifted(indices, 2)
    places = shifted(ends, indices[1] + 1)
    for s in range(count):
        j = who[s]
        height = x[j] * worth
        if kind == SPARSE_SPIKES:
            for e in range(ends[j], ends[j + 1]):
                y[places[e]] += values[e] * height
            continue
        for r in range(ends[j], ends[j + 1]):
            run = shifted(places, 3 * r)
            part, size, column = shifted(y, run[0]), run[1], shifted(values, run[2])
            in_eights = size - size % LINE
            for i in range(0, in_eights, LINE):
                add_vector(shifted(part, i), shifted(column, i), height)
            for i in range(in_eights, size):
                part[i] += column[i] * height


@njit(**options)
def decode_bits(t, y, bits, c):
    """``y = ...`` or ``y += sum of column i over the neurons that fired``."""
    n, m = t[N], t[M]
    for i in range(n):
        total = sum_of_fired(shifted(c, i * m * LINE), bits, m)
        y[i] = total if t[SET] else y[i] + total


@njit(**options)
def lowpass(n, y, x, c, state):
    """``y = gain x + keep y``.

    What has decayed to almost nothing is nothing: subnormal numbers take ten times as long.
    """
    gain, keep, tiny, zero = c[0], c[1], c[2], c[3]
    for i in range(n):
        value = gain * x[i] + state[i]
        value = value if abs(value) > tiny else zero
        y[i] = value
        state[i] = keep * value


@njit(**options)
def linear(kind, t, y, x, c, data, indices, fired, counts):
    """Terms of sums: ``y = ...`` where the operation sets, ``y += ...`` where it adds."""
    whole_registers()
    n, m = t[N], t[M]
    if kind == LISTED:
        counts[t[S]] = listed(shifted(fired, m), n, shifted(fired, t[X]))
        return
    if kind == AFFINE:
        affine(y, c, x, shifted(c, padded(n)), n, m, padded(n))
        return
    if kind == FILL and m:
        for i in range(n):
            y[i] = c[i]
        return
    if t[SET] or kind == FILL:
        for i in range(n):
            y[i] = 0.0
    if kind == SCALE:
        factor = c[0]
        for i in range(n):
            y[i] += factor * x[i]
    elif kind == DIAGONAL:
        for i in range(n):
            y[i] += c[i] * x[i]
    elif kind == COLUMNS:
        columns(y, x, c, n, m, padded(n))
    elif HELD <= kind <= HELD_SPARSE:
        held(kind, y, x, c, n, m, shifted(indices, t[X]), shifted(data, t[S]))
    elif kind == ROWS:
        for i in range(n):
            y[i] += dot(shifted(c, i * m), x, m)
    elif kind == SPIKES:
        spikes(y, x, c, n, shifted(fired, t[X]), counts[t[S]])
    elif kind == SPARSE:
        sparse_rows(y, x, c, n, shifted(indices, t[X]))
    elif SPARSE_SPIKES <= kind <= RUNS:
        worth = c[0]
        if t[SCRATCH]:  # into what accumulates: what a spike is worth depends on the step
            worth = c[int(data[t[SCRATCH]])]
            if worth == 0.0:
                return
        scattered(kind, y, x, c, worth, shifted(indices, m), shifted(fired, t[X]), counts[t[S]])
    elif kind == GATHER:
        which = shifted(indices, t[X])
        for i in range(n):
            y[i] = x[which[i]]
    elif kind == SCATTER:
        which = shifted(indices, t[X])
        for i in range(m):
            y[which[i]] += x[i]


@njit(**options)
def memory(kind, t, y, x, c, state):
    """Filters, and what shows or moves a state variable."""
    n, m = t[N], t[M]
    if kind == FILTER:
        for i in range(n):
            y[i] = c[0] * x[i] + (state[i] if m else 0.0)
        for k in range(m):
            z = shifted(state, k * n)
            for i in range(n):
                after = z[n + i] if k + 1 < m else 0.0
                z[i] = after + c[k + 1] * x[i] - c[m + 2 + k] * y[i]
    elif kind == MINUS_STATE:
        for i in range(n):
            y[i] = x[i] - state[i]
    elif kind == ADAPT:
        for i in range(n):
            state[i] += c[0] * (c[1] * x[i] - state[i])
    elif kind == NOT_NEGATIVE:
        for i in range(n):
            y[i] = x[i] if x[i] > 0.0 else 0.0
    elif kind == LOGARITHM:
        for i in range(n):
            y[i] = c[0] * math.log(x[i])


@njit(**options)
def neurons(kind, t, y, J, c, data, fired, counts):
    """One step of a population; spikes are listed for those who decode them."""
    whole_registers()
    n, state, other = t[N], shifted(data, t[S]), shifted(data, t[M])
    who, count = shifted(fired, t[X]), t[SET]
    if kind == LIF_LOG:
        counts[count] = lif_log(J, state, other, y, who, n, c)
    elif kind == LIF_EULER:
        counts[count] = lif_euler(J, state, other, y, who, n, c)
    elif kind == IZHIKEVICH:
        counts[count] = izhikevich(J, state, other, y, who, n, c)
    elif kind == WHOLE_SPIKES:
        counts[count] = whole_spikes(J, state, y, who, n, c)
    elif kind == DISCRETE:
        counts[count] = discrete(t, J, state, y, who, counts[count], c)
    elif kind == DISCRETE_SMOOTH:
        discrete_smooth(t, J, state, y, c)
    elif kind == INVERSE_LIF:
        done = shifted(data, t[SCRATCH])
        counts[count] = inverse_lif(t, J, state, other, done, y, who, counts[count], c)
    elif kind == SOFT_LIF:
        soft_lif(J, y, n, c)
    elif kind == LIF_RATE:
        lif_rate(J, y, n, c)
    elif kind == RELU:
        for i in range(n):
            y[i] = c[0] * J[i] if J[i] > 0.0 else 0.0
    elif kind == SIGMOID:
        for i in range(n):
            y[i] = c[0] * (1.0 + math.tanh(0.5 * J[i]))
    elif kind == TANH:
        for i in range(n):
            y[i] = math.tanh(J[i]) / c[0]


@njit(**options)
def weigh(kind, t, y, x, weights, fired, counts):
    """``y = weights @ x`` by rows of the transpose, all of them or those that fired."""
    n, m = t[N], t[M]
    if kind == SHOW:
        for j in range(m):
            for i in range(n):
                y[i * m + j] = weights[j * n + i]
        return
    for i in range(n):
        y[i] = 0.0
    if kind == WEIGH:
        columns(y, x, weights, n, m, n)
    else:
        spikes(y, x, weights, n, shifted(fired, t[X]), counts[t[SET]])


@njit(**options)
def outer(kind, t, weights, x, c, u):
    """``weights += dt (u x - d weights)``; d follows u.  What did not fire changes nothing."""
    n, m, dt = t[N], t[M], c[0]
    d = shifted(u, n)
    for j in range(m):
        row, value = shifted(weights, j * n), x[j]
        if kind == OUTER_DECAY:
            for i in range(n):
                row[i] += dt * (u[i] * value - d[i] * row[i])
        elif value != 0.0:
            for i in range(n):
                row[i] += dt * (u[i] * value)


@njit(**options)
def rls(t, weights, x, c, data, places):
    """See :class:`nefsim.RLS`; ``places`` tells where P, E, the gate and room for k lie."""
    n, m, one = t[N], t[M], c[0]
    P, error, k = shifted(data, places[0]), shifted(data, places[1]), shifted(data, places[3])
    gate = data[places[2]] if places[2] >= 0 else one
    if gate == 0.0:
        return
    total = one
    for j in range(m):
        k[j] = dot(shifted(P, j * m), x, m)
    for j in range(m):
        total += x[j] * k[j]
    share = one / total
    for j in range(m):
        row, drop = shifted(P, j * m), share * k[j]
        for i in range(m):
            row[i] -= drop * k[i]
        change = shifted(weights, j * n)
        for i in range(n):
            change[i] -= gate * (share * error[i] * k[j])


@njit(**options)
def factors(kind, t, y, x, c, other):
    """Parts of the vectors u and d of a rule, from two vectors or a vector and a number."""
    n = t[N]
    if kind == SLIDE:
        for i in range(n):
            y[i] = c[0] * x[i] * (x[i] - other[i])
    elif kind == MULTIPLY:
        for i in range(n):
            y[i] = c[0] * x[i] * other[i]
    elif kind == WHERE_ABOVE:
        for i in range(n):
            y[i] = x[i] if other[i] > c[0] else 0.0
    elif kind == GATE:
        for i in range(n):
            y[i] = x[i] * (c[0] + other[0])


@njit(**options)
def learning(kind, t, y, x, c, data, places, fired, counts):
    """The use of weights that are learned, and their changes."""
    if kind <= SHOW:
        weigh(kind, t, y, x, shifted(data, t[S]), fired, counts)
    elif kind <= OUTER_DECAY:
        outer(kind, t, y, x, c, shifted(data, t[S]))
    elif kind <= GATE:
        factors(kind, t, y, x, c, shifted(data, t[S]))
    else:
        rls(t, y, x, c, data, shifted(places, t[X]))


def run(
    table,
    spans,
    n_spans,
    lo,
    hi,
    data,
    n_trials,
    width,
    constants,
    places,
    fired,
    n_fired,
    counts,
    n_counts,
):
    """Rows ``lo + 1`` to ``hi`` of spans of operations, span by span and trial by trial.

    ``data``, ``fired`` and ``counts`` have a row for each trial; ``width``, ``n_fired`` and
    ``n_counts`` are the lengths of these rows.
    """
    whole_registers()
    for s in range(n_spans):
        first, last = spans[2 * s], spans[2 * s + 1]
        for trial in range(n_trials):
            D = shifted(data, trial * width)
            F, K = shifted(fired, trial * n_fired), shifted(counts, trial * n_counts)
            for row in range(lo + 1, hi + 1):
                for o in range(first, last):
                    t = shifted(table, o * N_COLUMNS)
                    kind = t[KIND]
                    y = shifted(D, t[OUT] + row * t[OUT_STRIDE])
                    x = shifted(D, t[IN] + row * t[IN_STRIDE])
                    c = shifted(constants, t[C])
                    if kind == LIF:
                        state, other = shifted(D, t[S]), shifted(D, t[M])
                        lif(t, x, state, other, y, shifted(F, t[X]), c, shifted(D, t[SCRATCH]))
                    elif kind == FIRED:
                        decode_bits(t, y, shifted(F, t[X]), c)
                    elif kind == LOWPASS:
                        lowpass(t[N], y, x, c, shifted(D, t[S]))
                    elif kind <= SCATTER:
                        linear(kind, t, y, x, c, D, places, F, K)
                    elif kind <= LOGARITHM:
                        memory(kind, t, y, x, c, shifted(D, t[S]))
                    elif kind <= SOFT_LIF:
                        neurons(kind, t, y, x, c, D, F, K)
                    else:
                        learning(kind, t, y, x, c, D, places, F, K)


def compiled(dtype: Any) -> Any:
    """``run`` as a C function for numbers of a type."""
    whole, wholes = types.int64, types.CPointer(types.int64)
    reals = types.CPointer(from_dtype(dtype))
    arrays = (reals, whole, whole, reals, wholes, wholes, whole, wholes, whole)
    return cfunc(types.void(wholes, wholes, whole, whole, whole, *arrays), **options)(run)
