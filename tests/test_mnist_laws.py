"""Laws of the experiment with digits: its settings, networks and answers."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim.mnist import learned, plain, population, solved, timing
from nefsim.mnist import settings as of
from nefsim.mnist.settings import Settings, Task

RNG = np.random.default_rng(0)
N_TRAIN, N_TEST, N_CLASSES = 6, 4, 3


def task() -> Task:
    images = np.random.default_rng(5).uniform(size=(N_TRAIN + N_TEST, 16))
    labels = np.arange(N_TRAIN + N_TEST) * 2 % N_CLASSES
    n = N_TRAIN
    return Task(images[:n], labels[:n], images[n:], labels[n:], (4, 4), N_CLASSES)


SETTINGS = Settings(
    neurons=12,
    output_neurons=8,
    encoders="gaussian",
    epochs=2,
    seconds=0.02,
    skip=0.01,
    rest=0.005,
    seed=3,
    intercepts=(-0.5, 0.25),
    max_rates=(50.0, 60.0),
)


class Made(Exception):
    """A network that is to be simulated."""

    def __init__(self, net: nef.Network, dt: float, backend: str) -> None:
        self.net, self.dt, self.backend = net, dt, backend


def network_of(
    monkeypatch: pytest.MonkeyPatch, module: Any, how: Any, settings: Settings, images: Task
) -> nef.Network:
    def simulator(net: nef.Network, dt: float = 0.001, backend: str = "auto") -> Any:
        raise Made(net, dt, backend)

    monkeypatch.setattr(module, "Simulator", simulator)
    with pytest.raises(Made) as raised:
        how(settings, images)
    assert (raised.value.dt, raised.value.backend) == (0.001, settings.backend)
    return raised.value.net


def answers_of(
    monkeypatch: pytest.MonkeyPatch, module: Any, how: Any, settings: Settings, n: int
) -> population.Answers:
    """Answers of a run in which the class of each image is its number."""

    @contextmanager
    def simulator(*arguments: Any, **options: Any) -> Any:
        yield SimpleNamespace(data=nef.Simulator(*arguments, **options).data)

    def read(sim: Any, output: Any, of_run: Settings, n_images: int) -> Any:
        assert n_images == n and of_run is settings
        return np.arange(n_images), 7.0

    monkeypatch.setattr(module, "Simulator", simulator)
    monkeypatch.setattr(module, "run_and_read", read)
    found: population.Answers = how(settings, task())
    assert found.run_seconds == 7.0 and found.model_seconds == pytest.approx(n * 0.025)
    return found


def presented(node: nef.network.Node) -> Any:
    """The rows that a node presents, whose duration and pause are those of the settings."""
    process: Any = node.output
    assert (process.presentation_time, process.rest) == (0.02, 0.005)
    return np.asarray(process.inputs)


# Settings


def test_settings_are_those_that_were_chosen_on_held_out_images() -> None:
    assert (of.MOST_SHOWN, of.N_VALIDATE, learned.N_STAIRS) == (2000, 10_000, 100)
    assert {name: round(28 * share) for name, share in of.PATCH.items()} == {
        "gabor": 13, "sparse": 13, "cd": 11, "ciw": 11,
    }  # fmt: skip
    assert learned.LEARNING_RATE == {"pes": 5e-3, "hpes": 4e-3}
    assert nef.LstsqL2(0.1) == population.SOLVER
    assert timing.NENGO_SECONDS == 3.0
    with pytest.raises(ValueError, match="neurons must be at most 10000000"):
        Settings(neurons=10**7 + 1)
    assert Settings(neurons=10**7, epochs=1, train=1).neurons == 10**7


def test_solvers_have_the_regularisation_of_the_settings() -> None:
    made = {name: solver(0.25) for name, solver in of.SOLVED.items()}
    assert made == {
        "ridge": nef.LstsqL2(reg=0.25),
        "weighted": nef.LstsqWeighted("balanced", reg=0.25),
        "softmax": nef.Softmax(reg=0.25),
    }


def test_encoders_have_patches_that_are_a_share_of_the_smaller_side() -> None:
    images = RNG.uniform(size=(9, 28 * 14))
    labels = np.arange(9) % 3
    small = Task(images, labels, images, labels, (28, 14), 3)
    # 14 * 13 / 28 = 6.5 is rounded to 6, and 14 * 11 / 28 = 5.5 to 6.
    pictures = images.reshape(9, 28, 14)
    expected: dict[str, Any] = {
        "gabor": nef.SparseGabor((28, 14), 6),
        "sparse": nef.SparsePatches((28, 14), 6),
        "cd": nef.ConstrainedDifference(pictures, labels, patch=6),
        "ciw": nef.CIW(pictures, labels, patch=6),
        "gaussian": nef.UniformHypersphere(surface=True),
    }
    for name, kind in expected.items():
        found = of.encoders(replace(SETTINGS, encoders=name), small)
        wanted = kind.sample(12, 28 * 14, np.random.default_rng(3))
        np.testing.assert_array_equal(found, wanted)


def test_encoders_and_repeated_images_are_of_the_first_images_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = task()
    assert one.n_repeated == N_TRAIN
    before = of.encoders(replace(SETTINGS, encoders="cd"), one)
    monkeypatch.setattr(of, "MOST_SHOWN", 5)
    assert one.n_repeated == 5
    few = replace(one, train_images=one.train_images[:5], train_labels=one.train_labels[:5])
    found = [of.encoders(replace(SETTINGS, encoders="cd"), each) for each in (one, few)]
    np.testing.assert_array_equal(*found)
    assert not np.array_equal(before, found[0])


@pytest.mark.parametrize(("limit", "held"), [(2, 2), (9, 3)])
def test_a_quarter_of_the_images_is_held_out_up_to_a_limit(
    limit: int, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of, "N_VALIDATE", limit)
    images, labels = np.arange(12.0)[:, None], np.arange(12)
    data: Any = SimpleNamespace(
        train_images=images, train_labels=labels, test_images=-images, test_labels=labels + 20,
        shape=(1, 1), n_classes=5,
    )  # fmt: skip
    made = of.task(data, replace(SETTINGS, train=4, test=3))
    assert made.train_labels.tolist() == [0, 1, 2, 3] and made.test_labels.tolist() == [20, 21, 22]
    assert made.test_images.ravel().tolist() == [0, -1, -2] and made.n_classes == 5
    made = of.task(data, replace(SETTINGS, train=100, test=100), validate=True)
    assert made.test_labels.tolist() == [*range(12 - held, 12)]
    assert made.train_labels.tolist() == [*range(12 - held)]
    assert np.array_equal(made.train_images.ravel(), made.train_labels)
    assert np.array_equal(made.test_images.ravel(), made.test_labels)


# Networks


def test_orders_of_images_are_permutations_of_a_seed() -> None:
    found = population.orders(SETTINGS, 6)
    rng = np.random.default_rng((3, 1))
    assert found.tolist() == [*rng.permutation(6), *rng.permutation(6)]
    assert population.period(SETTINGS) == 0.025


def check_population(net: nef.Network, of_task: Task, shown: Any) -> nef.network.Ensemble:
    """The population and the node of its input are those of the settings."""
    (ensemble,) = (e for e in net.ensembles if e.n_neurons == 12)
    encoders = of.encoders(SETTINGS, of_task)
    assert net.seed == 3 and ensemble.dimensions == 16
    np.testing.assert_array_equal(ensemble.encoders, encoders)
    assert ensemble.intercepts == nef.Uniform(-0.5, 0.25)
    assert ensemble.max_rates == nef.Uniform(50.0, 60.0)
    np.testing.assert_array_equal(ensemble.eval_points, of_task.train_images)
    connection = net.connections[0]
    assert connection.post == ensemble.neurons and connection.synapse is None
    np.testing.assert_allclose(presented(connection.pre), shown @ encoders.T, rtol=1e-12)
    return ensemble


@pytest.mark.parametrize("rule", ["pes", "hpes", "rls"])
def test_a_learning_network_sees_shuffled_images_then_all_without_learning(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, settings = task(), replace(SETTINGS, rule=rule, backend="numpy")
    net = network_of(monkeypatch, learned, learned.by_learning, settings, images)
    order = population.orders(settings, N_TRAIN)
    shown = [images.train_images[order], images.train_images, images.test_images]
    ensemble = check_population(net, images, np.concatenate(shown))
    learning = next(c for c in net.connections if c.rules)
    ((_, of_net),) = learning.rules
    assert of_net == learned.rule_of(settings, 300, 0.001)  # two epochs of 6 images of 25 ms
    assert learning.pre == ensemble.neurons and not np.any(learning.transform)
    assert learning.synapse == (None if rule == "rls" else nef.Lowpass(0.005))
    into_error = {c.transform: c for c in net.connections if c.post is net.nodes[-2]}
    (error, gate), answer = net.nodes[-2:], learning.post
    assert error.size_in == N_CLASSES and {*into_error} == {1.0, -1.0}
    if rule == "hpes":
        answer = net.ensembles[1]
        assert learning.post == answer.neurons
        assert (answer.n_neurons, answer.dimensions) == (8, N_CLASSES)
        assert np.shape(learning.transform) == (8, 12)
        assert into_error[1.0].synapse == nef.Lowpass(0.005)
    else:
        assert answer.size_in == N_CLASSES and np.shape(learning.transform) == (N_CLASSES, 12)
        assert into_error[1.0].synapse is None
    assert into_error[1.0].pre is answer and into_error[1.0].solver == population.SOLVER
    target = into_error[-1.0]
    assert target.synapse is None
    found = presented(target.pre)  # type: ignore[arg-type]
    assert np.array_equal(found.argmax(axis=1), images.train_labels[order])
    ends = [(c.pre, c.post, c.synapse) for c in net.connections[-2:]]
    rule_end = learning.learning_rule
    assert ends == [(error, rule_end, None), (gate, rule_end.gate, None)]
    at = gate.output.run(0.4)[:, 0]  # type: ignore[union-attr]
    assert at[0] == 1.0 and at[298] > 0 and not at[300:].any()
    (probe,) = net.probes
    assert probe.target is answer and probe.solver == population.SOLVER


def test_answers_while_and_after_learning_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = replace(SETTINGS, rule="pes")
    monkeypatch.setattr(nef.analysis, "gini", lambda weights: float(np.size(weights)))
    order = population.orders(settings, N_TRAIN)
    labels = task().train_labels[order]
    n = 3 * N_TRAIN + N_TEST
    found = answers_of(monkeypatch, learned, learned.by_learning, settings, n)
    assert found.train_classes.tolist() == [*range(12, 18)]
    assert found.test_classes.tolist() == [*range(18, 22)]
    # Of the second of two epochs, which answers 6 to 11.
    right = np.mean(labels[6:] == np.arange(6, 12))
    assert found.more == {
        "epochs": 2, "learning_rate": 5e-3, "during_accuracy": right, "gini": 36.0,
    }  # fmt: skip
    plain_found = answers_of(monkeypatch, plain, plain.by_plain_learning, settings, n)
    assert plain_found.test_classes.tolist() == [*range(12, 16)]
    assert plain_found.train_classes.tolist() == [*range(16, 22)]
    during = np.mean(task().train_labels == np.arange(6, 12))
    assert plain_found.more == {"epochs": 2, "during_accuracy": during}


def test_a_solved_network_decodes_the_classes_of_all_training_images(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(of, "MOST_SHOWN", 5)
    images, settings = task(), replace(SETTINGS, rule="weighted", reg=0.2)
    net = network_of(monkeypatch, solved, solved.by_solving, settings, images)
    shown = np.concatenate([images.train_images[:5], images.test_images])
    ensemble = check_population(net, images, shown)
    decoding = net.connections[1]
    assert decoding.pre is ensemble and decoding.synapse is None
    assert decoding.solver == nef.LstsqWeighted("balanced", reg=0.2)
    np.testing.assert_array_equal(decoding.eval_points, images.train_images)
    expected = np.eye(N_CLASSES)[images.train_labels]
    np.testing.assert_array_equal(decoding.function, expected)
    (probe,) = net.probes
    assert probe.target is decoding.post and decoding.post.size_in == N_CLASSES


def test_answers_of_a_solved_network_are_of_training_images_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(of, "MOST_SHOWN", 5)
    found = answers_of(monkeypatch, solved, solved.by_solving, SETTINGS, 5 + N_TEST)
    assert found.train_classes.tolist() == [*range(5)]
    assert found.test_classes.tolist() == [*range(5, 9)]
    assert found.more["reg"] == 0.05 and 0.0 < found.more["mean_rate"] < 60.0


def test_classes_from_tuning_curves_are_the_largest_products_in_any_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(12, 16)
    c = net.connect(a, net.node(size_in=3), function=lambda x: x[:3])
    sim = nef.Simulator(net)
    images = RNG.normal(size=(7, 16))
    built = sim.data[a]
    A = nef.tuning_curves(nef.LIF(), images, built.encoders, built.gain, built.bias)
    for at_once in (1, 3, 7, 99):
        monkeypatch.setattr(solved, "AT_ONCE", at_once)
        classes, rate = solved.by_rates(sim, a, c, images)
        assert classes.tolist() == (A @ sim.data[c].decoders).argmax(axis=1).tolist()
        assert rate == pytest.approx(A.mean(), rel=1e-12)


def test_the_plain_network_is_the_published_one() -> None:
    images, settings = task(), replace(SETTINGS, rule="pes", plain=True, learning_rate=0.5)
    shown = plain.sequence(settings, images)
    parts = [images.train_images] * 2 + [images.test_images, images.train_images]
    np.testing.assert_array_equal(shown, np.concatenate(parts))
    net, probe = plain.network(settings, images, shown)
    seen, answer, error = net.ensembles
    sizes = [(e.n_neurons, e.dimensions) for e in net.ensembles]
    assert sizes == [(12, 16), (8, N_CLASSES), (8, N_CLASSES)] and net.seed == 3
    into, learning, to_error, target, teach, stop = net.connections
    assert np.array_equal(presented(into.pre), shown) and into.post is seen  # type: ignore[arg-type]
    assert (learning.pre, learning.post, learning.solver) == (seen, answer, population.SOLVER)
    assert learning.rules[0][1] == nef.PES(0.5)
    rng = np.random.default_rng((3, 2))
    rng.random(N_CLASSES)  # the call that finds its size
    assert np.array_equal(learning.function(np.zeros(16)), rng.random(N_CLASSES))  # type: ignore[operator]
    assert (to_error.pre, to_error.post, to_error.transform) == (answer, error, 1.0)
    assert target.post is error and target.transform == -1.0
    rows = presented(target.pre)  # type: ignore[arg-type]
    assert np.array_equal(rows[:12], np.eye(3)[np.tile(images.train_labels, 2)])
    assert len(rows) == len(shown) and not rows[12:].any()
    assert (teach.pre, teach.post) == (error, learning.learning_rule)
    assert to_error.solver == teach.solver == population.SOLVER
    assert stop.post == error.neurons and np.array_equal(stop.transform, np.full((8, 1), -20.0))
    inhibited = stop.pre.output.run(0.4)[:, 0]  # type: ignore[union-attr]
    assert np.array_equal(inhibited, np.arange(1, 401) >= 300)  # 12 images of 25 ms
    assert (probe.target, probe.synapse) == (answer, nef.Lowpass(0.01))
    assert {c.synapse for c in net.connections} == {nef.Lowpass(0.005)}
    default, _ = plain.network(replace(settings, learning_rate=None), images, shown)
    assert default.connections[1].rules[0][1] == nef.PES(1e-4)


def test_the_default_rates_are_those_of_the_rule() -> None:
    for rule in ("pes", "hpes"):
        made: Any = learned.rule_of(replace(SETTINGS, rule=rule), 10, 0.001)
        assert made.learning_rate == learned.LEARNING_RATE[rule]
    rls: Any = learned.rule_of(replace(SETTINGS, rule="rls"), 10, 0.002)
    # 12 neurons, and a penalty of 5 % of 60 Hz at 10 points.
    assert rls.learning_rate == pytest.approx(12 / (0.002 * 10 * 3.0**2), rel=1e-12)
    assert rls.pre_synapse is None


def test_a_run_is_read_over_all_presentations() -> None:
    class Sim:
        dt = 0.001

        def run(self, seconds: float) -> None:
            assert seconds == pytest.approx(3 * 0.025)
            rows = np.zeros((75, 2))
            # The first 10 ms and the pause of 5 ms do not count.
            rows[:, 0] = 1.0
            for i, second in enumerate((True, False, True)):
                rows[25 * i + 10 : 25 * i + 20, 1] = 3.0 * second
                rows[25 * i + 20 : 25 * i + 25, 1] = 50.0
            self.data = {"y": rows}

    sim: Any = Sim()
    classes, took = population.run_and_read(sim, "y", SETTINGS, 3)  # type: ignore[arg-type]
    assert classes.tolist() == [1, 0, 1] and 0.0 <= took < 60.0
