"""Equal populations: tuning curves that are drawn and solved once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_nonsense import SENTENCE

import nefsim as nef
from nefsim import networks, spa
from nefsim.networks._part import twin_seed


def tuning(sim: nef.Simulator, ensembles: Any) -> set[bytes]:
    return {sim.data[e].scaled_encoders.tobytes() + sim.data[e].bias.tobytes() for e in ensembles}


def decoders(sim: nef.Simulator, net: nef.Network, ensembles: Any) -> set[bytes]:
    found = [c for c in net.all_connections if c.pre in ensembles and c.function is not None]
    return {sim.data[c].decoders.tobytes() for c in found}


@pytest.mark.parametrize(("equal", "kinds"), [(False, 6), (True, 1), (np.True_, 1), (7, 1)])
def test_an_array_has_equal_populations(equal: Any, kinds: int) -> None:
    net = nef.Network(seed=1)
    array = networks.ensemble_array(net, 20, 6, equal=equal)
    array.add_output("square", np.square)
    sim = nef.Simulator(net, progress=False)
    assert len(tuning(sim, array.ensembles)) == kinds
    assert len(decoders(sim, net, array.ensembles)) == kinds


def test_a_product_with_a_factor_of_zero_is_exactly_zero() -> None:
    net = nef.Network(seed=1)
    p = networks.product(net, 40, 3, equal=True)
    net.connect(net.node([0.5, -0.3, 0.9]), p.a, synapse=None)
    probe = net.probe(p.output)
    with nef.Simulator(net, progress=False) as sim:
        sim.run(0.2)
    assert not np.any(sim.data[probe])
    assert len(tuning(sim, p.plus.ensembles + p.minus.ensembles)) == 1


def test_the_seed_of_equal_populations_follows_from_their_place() -> None:
    def seeds(seed: int | None) -> list[int]:
        net = nef.Network(seed=seed)
        inner = [net.subnetwork(), net.subnetwork(), net.subnetwork(seed=9)]
        scopes = [net, *inner, inner[0].subnetwork(), inner[2].subnetwork()]
        return [twin_seed(scope) for scope in scopes]

    one = seeds(1)
    assert len({*one, *seeds(2)}) == 10  # the subnetwork with a seed, and its own, are the same
    assert one == seeds(1)
    assert one[3] == seeds(2)[3]
    assert seeds(None)[0] != seeds(None)[0]


def test_an_array_in_another_place_has_other_tuning_curves() -> None:
    net = nef.Network(seed=1)
    arrays = [networks.ensemble_array(net, 20, 2, equal=True) for _ in range(2)]
    sim = nef.Simulator(net, progress=False)
    assert len(tuning(sim, arrays[0].ensembles + arrays[1].ensembles)) == 2


NOISY: dict[str, Any] = {"noise": nef.WhiteNoise(nef.Gaussian(0.0, 0.1), scale=False)}


@pytest.mark.parametrize(
    ("options", "equal"), [({}, True), ({"neuron_type": nef.PoissonSpiking(nef.LIFRate())}, False)]
)
def test_populations_of_pointers_are_equal_unless_they_draw(options: Any, equal: bool) -> None:
    net, v = nef.Network(seed=1), spa.Vocabulary(32, seed=1)
    v.populate("A; B; C; D")
    parts = [spa.bind(net, v, 20, **options), spa.compare(net, v, 20, **options)]
    groups: list[Any] = [p.product.plus.ensembles + p.product.minus.ensembles for p in parts]
    # The first element has a population alone, and the last one has fewer.
    groups.append(spa.state(net, v, 5, 8, **options).populations[1:-1])
    groups.append(spa.cleanup(net, v, n_neurons=20, **options).network.all_ensembles)
    sim = nef.Simulator(net, progress=False)
    for group in groups:
        assert len(tuning(sim, group)) == (1 if equal else len(group))


def test_noise_differs_between_populations_of_pointers() -> None:
    net, v = nef.Network(seed=1), spa.Vocabulary(32, seed=1)
    state = spa.state(net, v, 5, 8, **NOISY)
    sim = nef.Simulator(net, progress=False)
    assert len(tuning(sim, state.populations)) == 5
    assert [e.seed for e in state.populations] == [None] * 5


def test_equal_is_yes_no_or_a_seed() -> None:
    for wrong in (-1, 2**64, "yes", 1.5, None):
        net = nef.Network()
        with pytest.raises((ValueError, TypeError), match="equal must") as caught:
            networks.ensemble_array(net, 20, 2, equal=wrong)
        assert SENTENCE.fullmatch(str(caught.value))
        assert not net.networks


def test_products_of_rules_have_equal_populations() -> None:
    net, v = nef.Network(seed=1), spa.Vocabulary(16, seed=1)
    v.populate("YES; NO")
    states = {name: spa.state(net, v, 5, 8) for name in "ab"}
    rules = ["dot(a, b) -> a = YES", "0.5 -> b = NO"]
    chosen = spa.action_selection(net, rules, states, 20)
    (compared,) = (n for n in chosen.network.networks if str(n.label).startswith("compare"))
    sim = nef.Simulator(net, progress=False)
    assert len(compared.all_ensembles) == 2 * v.dimensions
    assert len(tuning(sim, compared.all_ensembles)) == 1
