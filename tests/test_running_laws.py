"""Laws of running: steps and their times, progress, and inputs."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import inputs, progress, settings


def probed(**options: Any) -> nef.Simulator:
    net = nef.Network(seed=1)
    u = net.node([0.5, -0.3], label="u")
    a = net.ensemble(10, 2, label="a")
    net.connect(u, a)
    net.probe(a, label="y", synapse=0.01)
    net.probe(a, label="slow", sample_every=0.003)
    net.probe(a.neurons, label="s")
    return nef.Simulator(net, **{"backend": "numpy", "progress": False} | options)


# -- steps -------------------------------------------------------------------------------------


def test_times_go_on_after_records_are_cleared() -> None:
    sim = probed()
    sim.run_steps(4)
    assert sim.time.tolist() == [0.001, 0.002, 0.003, 0.004]
    sim.clear_probes()
    assert sim.time.tolist() == [] and sim.trange("slow").tolist() == []
    sim.run_steps(5)
    steps = [5, 6, 7, 8, 9]
    assert sim.time.tolist() == sim.trange("y").tolist() == [k * 0.001 for k in steps]
    assert sim.trange("slow").tolist() == [0.006, 9 * 0.001]
    assert sim.data["slow"].shape == (2, 2) and sim.data["y"].shape == (5, 2)
    assert sim.result().trange("slow").tolist() == [0.006, 9 * 0.001]


def test_a_single_step_and_its_newest_record_take_the_short_way(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sim = probed()

    def no(*given: Any) -> Any:
        raise AssertionError("the long way")

    monkeypatch.setattr(nef.Simulator, "run_steps", no)
    sim.step()
    monkeypatch.setattr(sim._records, "latest", no)
    assert sim.latest("y").shape == (2,)
    for options in ({"progress": lambda done, total: None}, {"stream": tmp_path / "x"}):
        with pytest.raises(AssertionError, match="the long way"):
            probed(**options).step()
    sim.close()
    with pytest.raises(AssertionError, match="the long way"):
        sim.step()
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"simulator must be open, got a closed one"):
        sim.step()


def test_single_steps_of_another_back_end_are_those_of_a_run() -> None:
    pytest.importorskip("nengo")
    sim = probed(backend="nengo")
    sim.step()
    assert sim.n_steps == 1 and sim.latest("y").tolist() == sim.data["y"][-1].tolist()
    for call, words in (
        (lambda: sim.inputs, "be one whose inputs can be set"),
        (lambda: sim.save("x"), "be one whose state can be saved"),
        (lambda: sim.reset(keep_weights=True), "be one that keeps learned weights"),
        (lambda: sim.run(0.1, 0.1, "x"), "be one whose state can be saved"),
    ):
        with pytest.raises(ValueError, match=f"backend must {words}, got nengo"):
            call()


def test_methods_wait_for_the_end_of_a_run(tmp_path: Path) -> None:
    sim = probed()
    u = sim.network.nodes[0]
    calls = {
        "run_steps": lambda: sim.run_steps(1),
        "step": sim.step,
        "reset": sim.reset,
        "clear_probes": sim.clear_probes,
        "result": sim.result,
        "save": lambda: sim.save(tmp_path / "x"),
        "inputs": lambda: sim.inputs[u].__setitem__(0, 1.0),
    }
    with sim._turn:
        for name, call in calls.items():
            with pytest.raises(
                RuntimeError, match=rf"^Simulator\.{name}: simulator must not be run"
            ):
                call()
        with pytest.raises(RuntimeError, match=r"^Simulator: simulator must not be running"):
            sim._rebuild(2)
    for call in calls.values():
        call()
    sim._rebuild(2)
    assert sim.seed == 2 and sim.n_steps == 0


def test_records_in_a_stream_are_not_cleared_and_complete_when_it_is_closed(tmp_path: Path) -> None:
    sim = probed(stream=tmp_path / "x")
    sim.run_steps(3)
    for call in (sim.reset, sim.clear_probes, lambda: sim._rebuild(2)):
        with pytest.raises(ValueError, match="records must be in memory, got a stream"):
            call()
    assert (tmp_path / "x" / "stream.log").exists()
    sim.close()
    assert not (tmp_path / "x" / "stream.log").exists()
    other = probed(stream=tmp_path / "y.npz")
    other.close()
    written = (tmp_path / "y.npz").stat().st_ino
    other.close()
    assert (tmp_path / "y.npz").stat().st_ino == written


def test_a_run_has_memory_for_all_of_its_rows() -> None:
    net = nef.Network(seed=1)
    y = net.probe(net.node(0.5))
    sim = nef.Simulator(net, backend="numpy", progress=False)
    sim.run_steps(5000)
    (store,) = sim._records._stores
    assert [len(piece) for piece in store._pieces] == [5000]  # type: ignore[attr-defined]
    assert sim.data[y].shape == (5000, 1)


def test_processes_are_chosen_for_several_only() -> None:
    net = nef.Network(seed=1)
    with pytest.raises(ValueError, match="partition must be None on one process, got numpy"):
        nef.Simulator(net, backend="numpy", partition={})
    inner = net.subnetwork()
    with pytest.raises(ValueError, match="net must not be part of another network"):
        nef.Simulator(inner)
    sim = probed()
    for key in ([1], 3, net.probe(net.node(0.5))):
        with pytest.raises(TypeError, match=r"^Simulator\.latest: probe must be a probe of this"):
            sim.latest(key)  # type: ignore[arg-type]


def test_a_simulator_is_not_copied() -> None:
    with pytest.raises(TypeError, match=r"^Simulator: simulator must not be copied or pickled"):
        copy.copy(probed())


def test_a_run_has_at_most_a_thousand_million_steps() -> None:
    assert settings.steps_in("x", "seconds", 1e6, 1e-3) == 10**9
    assert settings.steps_in("x", "seconds", 0.0014, 1e-3) == 1
    with pytest.raises(ValueError, match="x: seconds must be at most 1000000000 steps"):
        settings.steps_in("x", "seconds", 1000000.1, 1e-3)
    with pytest.raises(ValueError, match="n_steps must be at most 1000000000"):
        probed().run_steps(10**9 + 1)


# -- progress ----------------------------------------------------------------------------------


def test_a_run_with_progress_has_pieces_of_a_thousand_steps_or_a_hundredth() -> None:
    assert progress._pieces(0) == [] and progress._pieces(7) == [7]
    assert progress._pieces(1000) == [1000]
    assert progress._pieces(2500) == [1000, 1000, 500]
    assert progress._pieces(250_030) == [2500] * 100 + [30]
    for n, pieces in ((0, []), (5000, [5000])):
        with progress._silent(n) as (found, report):
            assert found == pieces
            assert report(1) is None


def test_a_counter_is_written_each_fifth_of_a_second_and_erased(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [10.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress._counter("step", 3000) as (pieces, report):
        assert pieces == [1000] * 3
        for seconds in (0.1875, 0.0625, 0.1875, 0.25, 0.1875):
            now[0] += seconds
            report(500)
    shown = "\r1000 of 3000 steps (33%)\r2000 of 3000 steps (67%)"
    assert capsys.readouterr().err == shown + "\r" + " " * 24 + "\r"
    with progress._counter("step", 3000) as (pieces, report):
        report(3000)
    assert capsys.readouterr().err == ""


def test_progress_is_a_flag_or_a_function() -> None:
    assert progress.progress_bar("x", progress.no_bar) is progress._silent
    assert progress.progress_bar("x", False) is progress._silent
    calls: list[tuple[int, int]] = []
    with progress.progress_bar("x", lambda *given: calls.append(given))(2500) as (pieces, report):
        for piece in pieces:
            report(piece)
    assert calls == [(1000, 2500), (2000, 2500), (2500, 2500)]
    for wrong in (1, "yes", int):
        with pytest.raises(TypeError, match=r"^x: progress must be True, False, None"):
            progress.progress_bar("x", wrong)


# -- inputs ------------------------------------------------------------------------------------


def test_an_input_is_read_like_an_array_and_watched_no_more() -> None:
    sim = probed()
    (u,) = sim.network.nodes
    found = sim.inputs[u]
    assert found.shape == (2,) and len(found) == 2 and len(sim.inputs) == 1
    assert np.asarray(found, np.float32).dtype == np.float32
    assert np.asarray(found).tolist() == found[:].tolist() == [0.5, -0.3]
    assert repr(found) == "<input <node 'u'>: [ 0.5 -0.3]>" and [*sim.inputs] == [u]
    found[0] = 0.25
    assert sim.inputs[u][:].tolist() == [0.25, -0.3]
    assert sim._watch._unknown == {sim.built.signals[u]}
    copy = found[:]
    copy[:] = 9.0
    assert found[1] == -0.3
    for values, words in (
        ([1.0, 2.0, 3.0], r"values must fit elements of shape \(2,\), got shape \(3,\)"),
        (np.nan, "values must be finite, got nan; pass 2 finite numbers for <node 'u'>"),
    ):
        with pytest.raises(ValueError, match=f"^Simulator.inputs: {words}"):
            found[:] = values


def test_a_few_numbers_are_checked_without_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    net = nef.Network(seed=1)
    nodes = [net.node(np.zeros(n)) for n in (2, 8, 9)]
    sim = nef.Simulator(net, backend="numpy", progress=False)
    calls: list[Any] = []

    def noted(who: str, name: str, values: Any, *more: Any) -> Any:
        calls.append(values)
        return values

    monkeypatch.setattr(inputs.check, "array", noted)
    for n, node in zip((2, 8), nodes, strict=False):
        for values in (1e24, -1e24, np.full(n, 1e24), np.full(n, -1e24)):
            sim.inputs[node] = values
            assert (sim.inputs[node][:] == values).all()
    assert not calls
    unusual = [2e24, -2e24, np.nan, 1, np.zeros(1), np.zeros(2, np.float32), [0.0, 0.0]]
    unusual += [np.array([0.0, 2e24]), np.array([-2e24, 0.0])]
    for k, values in enumerate(unusual):
        sim.inputs[nodes[0]] = values
        assert len(calls) == k + 1
    sim.inputs[nodes[2]] = np.zeros(9)
    assert len(calls) == len(unusual) + 1


@pytest.mark.parametrize("grows", [True, False])
def test_steps_of_a_period_are_those_of_a_run(grows: bool) -> None:
    net = nef.Network(seed=1)
    a = net.ensemble(20, 1)
    net.connect(net.node(0.7), a)
    spikes, value = net.probe(a.neurons), net.probe(a)
    whole = nef.Simulator(net, backend="numpy", progress=False)
    whole.run_steps(60)
    sim = nef.Simulator(net, backend="numpy", progress=False)
    if not grows:  # as of a back end of a user, which runs whole chunks only
        sim._state.growing = None
    for n_steps in (1, 30, 29):
        sim._take(n_steps)
    assert sim.n_steps == 60
    np.testing.assert_array_equal(sim.data[spikes], whole.data[spikes])
    # Matrix products of pieces of other lengths differ in last digits.
    np.testing.assert_allclose(sim.data[value], whole.data[value], 0, 1e-14)
    np.testing.assert_array_equal(sim.latest(value), sim.data[value][-1])
