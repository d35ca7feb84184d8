"""Formulas, bounds and branches of semantic pointers that no model of other tests shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_nonsense import SENTENCE

import nefsim as nef
from nefsim import spa
from nefsim.spa import scores
from nefsim.spa.binding import element_size
from nefsim.spa.peaks import maxima


def words(d: int = 16, algebra: str = "hrr") -> spa.Vocabulary:
    v = spa.Vocabulary(d, algebra, seed=1)
    v.populate("CAT; DOG")
    return v


# Networks


@pytest.mark.parametrize(
    ("d", "algebra", "most", "radii"),
    [
        # (sqrt(16) + 2) / sqrt(64); the identity is e_0, which is alone.
        (64, "hrr", 16, [1.0, 0.75, 0.75, 0.75, (np.sqrt(15) + 2) / 8]),
        (64, "hrr", 48, [1.0, 0.75]),  # all of the identity fits in the first radius
        (64, "hrr", 64, [1.0]),
        (64, "vtb", 16, [0.75] * 4),  # parts of the identity have the length 0.5
        (64, "vtb", 1, [0.375] * 64),  # and elements of it 0.354
        (256, "hrr", 4, [1.0, *[0.25] * 63, (np.sqrt(3) + 2) / 16]),
    ],
)
@pytest.mark.parametrize("magnitude", [1.0, 2.0])
def test_the_radius_of_a_state_is_that_of_a_part_of_a_random_vector(
    d: int, algebra: str, most: int, radii: list[float], magnitude: float
) -> None:
    state = spa.state(nef.Network(), words(d, algebra), 3, most, magnitude=magnitude)
    assert [e.radius for e in state.populations] == pytest.approx([magnitude * r for r in radii])
    assert [e.n_neurons for e in state.populations] == [3 * e.dimensions for e in state.populations]
    assert sum(e.dimensions for e in state.populations) == d


def test_feedback_has_its_factor_and_synapse() -> None:
    net = nef.Network()
    state = spa.state(net, words(), 5, 16, feedback=0.8, feedback_synapse=0.07)
    again = [c for c in net.all_connections if c.pre is c.post]
    assert len(again) == len(state.populations) == 1
    np.testing.assert_array_equal(again[0].transform, 0.8)
    assert again[0].synapse == nef.Lowpass(0.07)
    others = [c for c in net.all_connections if c not in again]
    assert [c.synapse for c in others] == [None, None]


@pytest.mark.parametrize(
    ("d", "algebra", "size"),
    [
        (16, "hrr", 0.75),
        (4, "hrr", 1.0),
        (144, "hrr", 0.25),
        (16, "vtb", 0.75),
        (144, "vtb", 0.289),
    ],
)
def test_elements_are_expected_up_to_three_deviations_or_the_identity(
    d: int, algebra: str, size: float
) -> None:
    v = spa.Vocabulary(d, algebra, seed=1)
    assert element_size(v, 1.0) == pytest.approx(size, abs=1e-3)
    assert element_size(v, 2.0) == pytest.approx(2 * size, abs=2e-3)
    plus = spa.compare(nef.Network(), v, 4, magnitude=2.0).product.plus
    assert plus.ensembles[0].radius == pytest.approx(2 * np.sqrt(2) * size, abs=4e-3)


def test_synapses_of_action_selection() -> None:
    net, v = nef.Network(), words()
    states = {"a": spa.state(net, v), "b": spa.state(net, v)}
    before = len(net.all_connections)
    chosen = spa.action_selection(net, ["dot(a, CAT) -> b = DOG", "0.3 -> b = a * CAT"], states)
    new = net.all_connections[before:]

    def synapses(pre: Any, post: Any) -> list[Any]:
        return [c.synapse for c in new if c.pre is pre and c.post is post]

    into, out = chosen.basal_ganglia, chosen.activity
    assert synapses(into.output, chosen.thalamus.input) == [nef.Lowpass(0.008)]
    assert synapses(out, states["b"].input) == [nef.Lowpass(0.01)]
    assert synapses(chosen.channels[0].output, states["b"].input) == [nef.Lowpass(0.01)]
    assert synapses(chosen.utilities, into.input) == [None]
    bias = [c for c in new if c.post is into.input and c.pre is not chosen.utilities]
    assert [c.pre.label.split(".")[-1] for c in bias] == ["bias"]
    np.testing.assert_array_equal(bias[0].pre.output, [0.3, 0.3])


def test_a_gate_is_shut_below_seven_tenths_of_the_activity() -> None:
    net, v = nef.Network(seed=1), words()
    states = {"a": spa.stimulus(net, v, "CAT"), "b": spa.state(net, v)}
    chosen = spa.action_selection(net, ["1 -> b = a"], states)
    assert chosen.gates is not None
    low = [float(e.intercepts.shift) for e in chosen.gates.ensembles]
    assert low == [0.3]
    silences = [c for c in net.all_connections if isinstance(c.post, nef.network.Neurons)]
    assert [np.unique(c.transform).tolist() for c in silences] == [[-10.0]] * len(silences)
    assert len(silences) == len(chosen.channels[0].populations) == 4
    (inhibition,) = {c.pre for c in silences}
    filters = [c.synapse for c in net.all_connections if c.post is inhibition]
    assert filters == [nef.Lowpass(0.005)]  # one for all populations
    assert {c.synapse for c in silences} == {None}


# Texts


def test_bounds_of_texts() -> None:
    v = words()
    v.parse("CAT" + " " * 9_997)
    v.parse("(" * 39 + "CAT" + ")" * 39)
    long, deep = "CAT" + " " * 9_998, "(" * 40 + "CAT" + ")" * 40
    for text, words_of_it in ((long, "have at most 10000 characters"), (deep, "at most 40 times")):
        with pytest.raises(ValueError, match=words_of_it) as caught:
            v.parse(text)
        assert SENTENCE.fullmatch(str(caught.value))
    v.add("A" * 100)
    with pytest.raises(ValueError, match="be letters, digits and underscores"):
        v.add("B" * 101)


@pytest.mark.parametrize(
    ("call", "words_of_it"),
    [
        (lambda v: v.parse("(-1) ** 0.5 * CAT"), "got a complex number"),
        (lambda v: v.parse("0 ** -1 * CAT"), "got a power that does not exist"),
        (lambda v: v.parse("CAT + 1"), "got the sum of a number and a vector"),
        (lambda v: v.parse("~2 * CAT"), "got the inverse of a number"),
        (lambda v: v.parse("unit(2) * CAT"), "got unit of a number"),
        (lambda v: v.parse("unit(CAT, DOG)"), "got the function unit of 2"),
        (lambda v: v.parse("dot(CAT)"), "got the function dot of 1"),
        (lambda v: v.parse("2"), "got a number"),
        (lambda v: v[1], "be in the vocabulary, got 1"),
        (lambda v: v.add("cat"), "be letters, digits and underscores, got 'cat'"),
        (lambda v: v.add(1), "be letters, digits and underscores, got 1"),
        (lambda v: v.add("Zero"), "be new, got 'Zero'"),
        (lambda v: v.populate(1), "text must be a text"),
        (lambda v: v.subset("CAT"), "be a list of names, got 'CAT'"),
        (lambda v: v.translation(1), "be a vocabulary, got 1"),
        (lambda v: v.translation(spa.Vocabulary(16)), "share a name, got none"),
        (lambda v: v.similarities(np.ones((16, 3))), "have 16 dimensions, got shape (16, 3)"),
        (lambda v: v.similarities(1.0), "have 16 dimensions, got shape ()"),
        (lambda v: spa.Vocabulary(16).nearest(np.ones(16)), "have a name, got none"),
        (lambda v: v.add("A", words(16, "vtb")["CAT"]), "be of the algebra hrr"),
        (lambda v: spa.Vocabulary(16, spa.HRR), "write HRR()"),
        (lambda v: spa.Vocabulary(15, "vtb"), "Vocabulary: dimensions must"),
        (lambda v: spa.Rule("1", [1]), "must be a dict, got [1]"),
        (lambda v: spa.Rule("1", {"Motor": "CAT"}), "must be of states, got 'Motor'"),
        (lambda v: spa.Rule("1", {"dot": "CAT"}), "must be of states, got 'dot'"),
        (lambda v: spa.Rule.parse(1), "must be a text, got 1"),
        (lambda v: spa.RandomSSP(2, 4).decode(np.ones(9), (0, 1, 2)), "be a range"),
        (lambda v: spa.RandomSSP(2, 4).decode(np.ones(9), n_samples=1), "at least 2"),
    ],
)
def test_a_bad_call_gets_a_sentence(call: Any, words_of_it: str) -> None:
    v = words()
    before = v.names
    with pytest.raises((ValueError, TypeError)) as caught:
        call(v)
    assert SENTENCE.fullmatch(str(caught.value))
    assert words_of_it in str(caught.value)
    assert v.names == before


def test_scaled_constants_and_numbers_in_expressions() -> None:
    v = words()
    cat, dog = v["CAT"], v["DOG"]
    cases = {
        "unit(CAT + DOG)": (cat + dog).unit(),
        "unitary(CAT)": cat.unitary(),
        "2 * 3 * CAT - -1 * DOG": 6 * cat + dog,
        "CAT ** -2": cat**-2,
        "-CAT * ~-DOG": -(cat * ~(-dog)),
        "Identity * CAT + Zero": cat,
        "2 ** 2 * CAT * .5": 2 * cat,
    }
    for text, ideal in cases.items():
        np.testing.assert_allclose(v.parse(text), ideal, rtol=0, atol=1e-12)


def test_vectors_are_found_by_angle_and_in_rows() -> None:
    v = spa.Vocabulary(2, seed=1, max_similarity=None)
    v.add("LONG", [9.0, 0.0])
    v.add("SHORT", [0.0, 0.1])
    v.add("NONE", [0.0, 0.0])
    assert v.nearest([1.0, 1.1]) == "SHORT"
    assert v.nearest(np.array([[[2.0, 0.0]], [[0.0, 3.0]]])).tolist() == [["LONG"], ["SHORT"]]
    np.testing.assert_array_equal(v.similarities([1.0, 2.0]), [9.0, 0.2, 0.0])
    assert "LONG" in v
    assert "Zero" in v
    assert "OTHER" not in v
    assert [*v] == ["LONG", "SHORT", "NONE"]
    assert not v.vectors.flags.writeable


# Spaces and scores


def test_the_vector_of_nothing_is_decoded_to_a_point_within_bounds() -> None:
    space = spa.RandomSSP(2, 20)
    got = space.decode(np.zeros((3, 41)), (0.2, 0.4))
    assert got.shape == (3, 2)
    assert ((got >= 0.2) & (got <= 0.4)).all()


def test_a_grid_of_two_points_and_the_bounds_limit_decoding() -> None:
    space = spa.RandomSSP(1, 40, length_scale=2.0)
    vectors = space.encode([[0.3], [5.0], [-5.0]])
    got = space.decode(vectors, (-1.0, 1.0), n_samples=2)
    np.testing.assert_allclose(got[:, 0], [0.3, 1.0, -1.0], rtol=0, atol=1e-6)


@pytest.mark.parametrize("shift", [(0, 0), (3, 0), (0, -4), (5, 2), (-2, 6)])
def test_the_autocorrelation_is_that_of_the_overlapping_parts(shift: tuple[int, int]) -> None:
    values = np.random.default_rng(0).uniform(size=(12, 12))
    i, j = shift
    one = values[max(i, 0) : 12 + min(i, 0), max(j, 0) : 12 + min(j, 0)]
    other = values[max(-i, 0) : 12 + min(-i, 0), max(-j, 0) : 12 + min(-j, 0)]
    ideal = np.corrcoef(one.ravel(), other.ravel())[0, 1]
    got = scores._autocorrelation(values)
    assert got.shape == (23, 23)
    assert got[11 + i, 11 + j] == pytest.approx(ideal, abs=1e-9)


def test_the_autocorrelation_is_zero_where_nothing_varies_or_little_overlaps() -> None:
    values = np.zeros((12, 12))
    values[6, 6] = 1.0
    got = scores._autocorrelation(values)
    assert got[0, 0] == 0.0  # one pair
    assert got[4, 16] == 0.0  # 25 pairs of constant parts
    assert got[11, 11] == pytest.approx(1.0)


def pattern(n_axes: int, turn: float = 0.0, n: int = 60) -> np.ndarray:
    """Waves (n, n) in evenly spaced directions."""
    x = np.stack(np.meshgrid(*[np.linspace(-15, 15, n)] * 2), axis=-1)
    angles = np.pi * np.arange(n_axes) / n_axes + turn
    return np.asarray(np.cos(x @ [np.cos(angles), np.sin(angles)]).sum(axis=-1))


@pytest.mark.parametrize(
    ("mean", "first", "end"),
    [
        ([9, 5, 3, 1, 2, 4, 7, 5, 0, 0, 0, 0], 1, 8),  # a dip at 3, the peak at 6
        ([9, 5, 1, 1, 2, 4, 7, 8, 9, 9, 9, 9], 1, 10),  # at 2; the peak is sought up to 3 * 2 + 2
        ([9, 5, 3, 3, 4, 1, 0, 0, 0, 0, 0, 0], 1, 6),  # equal neighbours are a dip
        ([1, 2, 1, 5, 0, 0, 0, 0, 0, 0, 0, 0], 1, 5),  # the centre is none
        ([1, 2, 5, 3, 1, 0, 0, 0, 0, 0, 0, 0], 1, 3),  # half of 1 is 0, and the ring starts at 1
        ([9, 8, 7, 6, 5, 4, 3, 3], 3, 10),  # the last but one
        ([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 2, 7),  # none: a third of all radii
    ],
)
def test_the_ring_reaches_half_a_dip_beyond_its_dip_and_its_peak(
    mean: list[float], first: int, end: int
) -> None:
    assert scores._ring(np.asarray(mean, float)) == slice(first, end)


@pytest.mark.parametrize("turn", [0.0, 0.3])
def test_grid_scores_of_patterns(turn: float) -> None:
    hexagons, squares = pattern(3, turn), pattern(2, turn)
    # Ideal patterns have scores of at most 2; the finite map and its ring take some.
    assert 1.0 < spa.grid_score(hexagons) < 2.0
    assert spa.grid_score(5.0 + 3.0 * hexagons) == pytest.approx(spa.grid_score(hexagons))
    assert spa.grid_score(hexagons[::-1]) == pytest.approx(spa.grid_score(hexagons), abs=0.05)
    assert spa.grid_score(squares) < -0.3
    noise = np.random.default_rng(0).uniform(size=(60, 60))
    assert abs(spa.grid_score(noise)) < 0.5


def test_most_points_anywhere_reach_a_maximum_within_a_few_steps() -> None:
    """Damping is along the coordinates: two thirds end where the slope is 0, and the sum is high.

    Of 800 points in a plane; where damping couples the coordinates, a third do.
    """
    rng = np.random.default_rng(0)
    reached, sums = [], []
    for _ in range(4):
        waves, places = rng.normal(size=(40, 2)) * 3, rng.uniform(-1, 1, (200, 2))
        weights = np.exp(-1j * places @ waves.T)
        points = maxima(rng.uniform(-1, 1, (200, 2)), weights, waves, [-2.0] * 2, [2.0] * 2)
        terms = weights * np.exp(1j * points @ waves.T)
        reached += (np.abs(terms.imag @ waves).max(axis=1) < 1e-6).tolist()
        sums += terms.real.sum(axis=1).tolist()
    assert np.mean(reached) > 0.5 and np.mean(sums) > 15.0
