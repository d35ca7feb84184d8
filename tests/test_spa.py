"""Semantic pointers on plain arrays: laws of algebras, vocabularies, their files and capacity."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from test_nonsense import SENTENCE

import nefsim as nef
from nefsim import spa

ALGEBRAS = [spa.HRR(), spa.VTB(), spa.TVTB()]

#: Sums of some hundred products of numbers of size 1, in another order.
ROUNDING = 1e-12

each_algebra = pytest.mark.parametrize("algebra", ALGEBRAS, ids=lambda a: a.name)


def vectors(n: int, d: int = 64, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((n, d))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def close(a: object, b: object) -> None:
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=0, atol=ROUNDING)


# Algebras


@each_algebra
def test_what_a_unitary_vector_binds_is_released_exactly(algebra: spa.Algebra) -> None:
    a, b = vectors(2)
    b = algebra.unitary(b)
    close(algebra.unbind(algebra.bind(a, b), b), a)
    close(np.linalg.norm(b), 1.0)
    close(np.linalg.norm(algebra.bind(a, b)), np.linalg.norm(a))


@each_algebra
def test_a_random_vector_releases_a_similar_one(algebra: spa.Algebra) -> None:
    a, b = vectors(2, 256)
    got = algebra.unbind(algebra.bind(a, b), b)
    assert got @ a / np.linalg.norm(got) > 0.6  # 1 / sqrt(2) for many dimensions


@each_algebra
def test_the_identity_changes_nothing(algebra: spa.Algebra) -> None:
    a = vectors(1)[0]
    close(algebra.bind(a, algebra.identity(64)), a)
    close(algebra.power(a, 0), algebra.identity(64))
    close(algebra.power(a, 1), a)


@each_algebra
def test_binding_is_a_product_with_a_matrix(algebra: spa.Algebra) -> None:
    a, b = vectors(2)
    close(algebra.matrix(b) @ a, algebra.bind(a, b))
    close(algebra.matrix(a, left=True) @ b, algebra.bind(a, b))


@each_algebra
def test_powers_are_repeated_products(algebra: spa.Algebra) -> None:
    a = vectors(1)[0]
    close(algebra.power(a, 3), algebra.bind(algebra.bind(a, a), a))
    close(algebra.power(a, -2), algebra.power(algebra.invert(a), 2))


@pytest.mark.parametrize("algebra", [spa.HRR(), spa.TVTB()], ids=lambda a: a.name)
def test_half_a_power_twice_is_the_whole(algebra: spa.Algebra) -> None:
    a = algebra.unitary(algebra.power(vectors(1)[0], 2))
    root = algebra.power(a, 0.5)
    close(algebra.bind(root, root), a)
    close(algebra.bind(algebra.power(a, 0.3), algebra.power(a, 0.7)), a)


@each_algebra
def test_binding_acts_on_each_row(algebra: spa.Algebra) -> None:
    a, b = vectors(3), vectors(3, seed=1)
    for i in range(3):
        close(algebra.bind(a, b)[i], algebra.bind(a[i], b[i]))
        close(algebra.unitary(a)[i], algebra.unitary(a[i]))


def test_convolution_is_its_sum() -> None:
    a, b = vectors(2, 7)
    close(spa.HRR().bind(a, b), [sum(a[k] * b[(j - k) % 7] for k in range(7)) for j in range(7)])


def test_transformation_binding_is_a_product_of_matrices() -> None:
    a, b = vectors(2, 9)
    x, y = a.reshape(3, 3), b.reshape(3, 3)
    close(spa.VTB().bind(a, b), np.sqrt(3) * (x @ y.T).ravel())
    close(spa.TVTB().bind(a, b), np.sqrt(3) * (x @ y).ravel())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: spa.VTB().bind(np.ones(8), np.ones(8)), "pass 4 or 9"),
        (lambda: spa.VTB().power(np.ones(9), 0.5), "be a whole number"),
        (lambda: spa.HRR().power([-1.0, 0.0], 0.5), "have a real power"),
        (lambda: spa.TVTB().power([1.0, 0.0, 0.0, -1.0], 0.5), "have a real power"),
        (lambda: spa.HRR().bind([1.0], [1.0, 2.0]), "fit to a"),
        (lambda: spa.HRR().bind(1.0, [1.0, 2.0]), "be a vector"),
        (lambda: spa.HRR().matrix(np.eye(2)), "be one vector"),
        (lambda: spa.Vocabulary(8, "vtb"), "be the square"),
        (lambda: spa.Vocabulary(8, "abc"), "be one of 'hrr'"),
        (lambda: spa.Vocabulary(8, spa.HRR), "write HRR()"),
        (lambda: spa.Vocabulary(8, max_similarity=2), "max_similarity must be at most 1"),
        (lambda: spa.Vocabulary(8, pointers="own"), "be one of 'unit'"),
        (lambda: spa.Vocabulary(8).nearest(np.ones(8)), "have a name"),
        (lambda: spa.Vocabulary(8).similarities(np.ones(7)), "have 8 dimensions"),
        (lambda: spa.Vocabulary(8).add("cat"), "be letters, digits"),
        (lambda: spa.Vocabulary(8).add("Zero"), "be new"),
        (lambda: spa.Vocabulary(9).add("A", spa.Pointer(np.ones(9), "vtb")), "be of the algebra"),
        (lambda: spa.Vocabulary(8).subset("CAT"), "be a list of names"),
        (lambda: spa.Vocabulary(8).translation(spa.Vocabulary(8)), "share a name"),
        (lambda: spa.Pointer([1.0, 2.0]) + 1.0, "be of 2 dimensions"),
        (lambda: spa.Pointer([1.0]) * spa.Pointer([1.0], "vtb"), "be of 1 dimensions, hrr"),
        (lambda: spa.Pointer([1.0]) / 0, "differ from 0"),
        (lambda: spa.cleanup_probability(2.0, 64, 10), "be at most 1"),
    ],
)
def test_a_bad_call_gets_a_sentence(call: object, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=re.escape(words)) as caught:
        call()  # type: ignore[operator]
    assert SENTENCE.fullmatch(str(caught.value))


# Pointers and vocabularies


def test_a_pointer_is_an_array_with_operators() -> None:
    a, b = (spa.Pointer(v) for v in vectors(2))
    close((a + 2 * b - b / 2).vector, a.vector + 1.5 * b.vector)
    close(np.float64(2.0) * a, 2.0 * a.vector)
    close(b.vector * a, spa.HRR().bind(b.vector, a.vector))
    close(np.stack([a, -b]), [a.vector, -b.vector])
    assert a @ a == pytest.approx(1.0)
    assert a.similarity(3 * a) == pytest.approx(1.0)
    assert (3 * a).unit() == (3 * a).unit() != a * b
    close((~(a.unitary())) * a.unitary(), spa.HRR().identity(64))
    close((a**2).vector, (a * a).vector)


def test_a_node_takes_a_pointer() -> None:
    net = nef.Network()
    assert net.node(spa.Vocabulary(8, seed=1).add("CAT")).size_out == 8


def test_equal_names_have_equal_vectors_in_any_order() -> None:
    one, other = (spa.Vocabulary(64, seed=3) for _ in range(2))
    one.populate("CAT; DOG; BIRD")
    other.populate("BIRD; DOG; CAT")
    for name in one:
        assert one[name] == other[name]
    assert spa.Vocabulary(64, seed=4).add("CAT") != one["CAT"]
    assert spa.Vocabulary(64).add("CAT") != spa.Vocabulary(64).add("CAT")


@pytest.mark.parametrize("algebra", ["hrr", "vtb"])
@pytest.mark.parametrize("pointers", ["unit", "unitary", "orthogonal"])
def test_drawn_vectors_are_of_the_kind_and_little_similar(algebra: str, pointers: str) -> None:
    v = spa.Vocabulary(64, algebra, seed=1, pointers=pointers)
    v.populate(";".join(f"N{i}" for i in range(20)))
    grams = v.vectors @ v.vectors.T
    close(np.diag(grams), np.ones(20))
    largest = np.max(grams - np.eye(20))
    assert largest <= (ROUNDING if pointers == "orthogonal" else 0.3)
    if pointers == "unitary":
        close(v.algebra.unitary(v.vectors), v.vectors)


def test_too_similar_vectors_are_announced() -> None:
    v = spa.Vocabulary(2, seed=1, max_similarity=0.0)
    with pytest.warns(UserWarning, match="the least similar of 100 vectors for "):
        v.populate("A; B; C; D; E")
    with pytest.raises(ValueError, match="at most 2 orthogonal ones"):
        spa.Vocabulary(2, pointers="orthogonal").populate("A; B; C")


def test_a_text_that_fails_adds_no_name() -> None:
    v = spa.Vocabulary(16, seed=1)
    v.populate("CAT; DOG;")
    with pytest.raises(ValueError, match="got 'DGO'; write DOG"):
        v.populate("PET = CAT + DOG; PAIR = CAT * DGO")
    assert v.names == ("CAT", "DOG")


def test_a_part_has_the_same_vectors() -> None:
    v = spa.Vocabulary(16, seed=1)
    v.populate("CAT; DOG; BIRD")
    part = v.subset(["DOG", "CAT"])
    assert part.names == ("DOG", "CAT")
    assert part["CAT"] == v["CAT"]
    assert part.add("BIRD") == v["BIRD"]


def test_a_translation_maps_names_to_names() -> None:
    one, other = spa.Vocabulary(64, seed=1), spa.Vocabulary(36, "vtb", seed=2)
    one.populate("CAT; DOG; BIRD; FISH")
    other.populate("DOG; CAT; BIRD")
    exact = one.translation(other, exact=True)
    assert exact.shape == (36, 64)
    close(exact @ one["CAT"].vector, other["CAT"])
    outer = one.translation(other, ["CAT", "DOG"])
    assert other.nearest(outer @ one["CAT"].vector) == "CAT"
    close(outer @ one["CAT"].vector @ other["CAT"].vector, exact_of(one, other))


def exact_of(one: spa.Vocabulary, other: spa.Vocabulary) -> float:
    """The dot product of a translated name with its vector, by the sum of two outer products."""
    cat, dog = one["CAT"], one["DOG"]
    return cat @ cat + (dog @ cat) * (other["DOG"] @ other["CAT"])


def test_a_saved_vocabulary_is_read_again(tmp_path: Path) -> None:
    v = spa.Vocabulary(16, "tvtb", seed=7, pointers="unitary")
    v.populate("CAT; DOG; PET = 0.5 * CAT + DOG")
    again = spa.Vocabulary.load(v.save(tmp_path / "words"))
    assert again == v
    assert again.add("BIRD") == v.add("BIRD")
    assert again == v != spa.Vocabulary(16, "tvtb", seed=7)


def test_other_files_are_no_vocabularies(tmp_path: Path) -> None:
    path = tmp_path / "words.npz"
    v = spa.Vocabulary(4, seed=1)
    v.populate("CAT; DOG")
    raw = v.save(path).read_bytes()
    for n in range(0, len(raw), 37):
        path.write_bytes(raw[:n])
        with pytest.raises(ValueError, match="must be a vocabulary of nefsim, got"):
            spa.Vocabulary.load(path)
    with np.load(v.save(path)) as arrays:
        wrong = dict(arrays)
    wrong["nefsim"] = np.array(str(wrong["nefsim"]).replace("CAT", "DOG"))
    np.savez(path, **wrong)
    with pytest.raises(ValueError, match="be new, got 'DOG'"):
        spa.Vocabulary.load(path)


# Capacity


def test_the_probability_of_cleanup_is_that_of_random_vectors() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((200_000, 8))
    share = np.mean(rows[:, 0] / np.linalg.norm(rows, axis=1) < 0.4)
    # The standard error of the share is 0.0008.
    assert spa.cleanup_probability(0.4, 8, 1) == pytest.approx(share, abs=0.004)
    assert spa.cleanup_probability(0.4, 8, 5) == pytest.approx(share**5, abs=0.02)
    assert spa.cleanup_probability(0.0, 8, 3) == pytest.approx(0.125)
    assert spa.cleanup_probability(-0.4, 8, 1) == pytest.approx(1 - share, abs=0.004)


@pytest.mark.parametrize(("n_pairs", "least"), [(8, 60), (16, 54)])
def test_fillers_are_found_in_sums_of_pairs(n_pairs: int, least: int) -> None:
    """Of 512 dimensions and 1000 items, 8 pairs hold all fillers and 16 pairs some 97 %."""
    rng = np.random.default_rng(n_pairs)
    hrr, items = spa.HRR(), vectors(1000, 512, seed=1)
    right = 0
    for _ in range(60):
        roles = vectors(n_pairs, 512, seed=rng.integers(2**32))
        chosen = rng.choice(1000, n_pairs, replace=False)
        scene = hrr.bind(items[chosen], roles).sum(axis=0)
        right += np.argmax(items @ hrr.unbind(scene, roles[0])) == chosen[0]
    assert right >= least


# The judge


@each_algebra
def test_the_algebra_is_that_of_nengo_spa(algebra: spa.Algebra) -> None:
    others = pytest.importorskip("nengo_spa.algebras")
    other = getattr(others, f"{algebra.name.title()}Algebra")()
    a, b = vectors(2)
    close(algebra.bind(a, b), other.bind(a, b))
    right = others.ElementSidedness.RIGHT
    close(algebra.invert(a), other.invert(a, sidedness=right))
    close(algebra.identity(64), other.identity_element(64, sidedness=right))
    close(algebra.unbind(a, b), other.bind(a, other.invert(b, sidedness=right)))
    close(algebra.matrix(b) @ a, other.get_binding_matrix(b) @ a)
    for exponent in (0, 1, 2, 3, -1, -2):
        close(algebra.power(a, exponent), other.binding_power(a, exponent))
    if algebra.name == "hrr":
        close(algebra.unitary(a), other.make_unitary(a))


def test_the_probability_of_cleanup_is_that_of_nengo_spa() -> None:
    theirs = pytest.importorskip("nengo_spa.math")
    for s in (0.1, 0.3, 0.5):
        got = spa.cleanup_probability(s, 64, 1000)
        assert got == pytest.approx(theirs.prob_cleanup(s, 64, 1000), abs=1e-9)
