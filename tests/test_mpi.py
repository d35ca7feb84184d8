"""The back end "mpi": the same spikes on several processes, and an end when one of them fails."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import NETWORKS

import nefsim as nef

pytest.importorskip("mpi4py")
HERE = Path(__file__).parent
MPIEXEC = shutil.which("mpiexec") or str(Path(sys.executable).with_name("mpiexec"))
pytestmark = pytest.mark.skipif(not Path(MPIEXEC).exists(), reason="there is no mpiexec")


def start(n: int, *command: str, cwd: Path | None = None) -> subprocess.Popen[str]:
    """A job of ``n`` processes of Python."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE)]),
        "OPENBLAS_NUM_THREADS": "1",
        # Open MPI does not run as root, nor more processes than cores, unless it is told to.
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
    }
    return subprocess.Popen(
        [MPIEXEC, "-n", str(n), sys.executable, *command],
        cwd=cwd,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finished(job: subprocess.Popen[str], seconds: float = 120.0) -> tuple[int, str, str]:
    """The exit status and output of a job, which is killed after some time."""
    try:
        out, error = job.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        job.kill()
        out, error = job.communicate()
        pytest.fail(f"it did not end within {seconds} s:\n{out}\n{error}")
    return job.returncode, out, error


def test_no_spike_depends_on_the_number_of_processes() -> None:
    names = ("square", "integrator", "oscillator", "pes", "delays", "streams", "arrays", "sums")
    outputs = []
    for n in (1, 2, 4):
        job = start(n, str(HERE / "processes.py"), "mpi", "0.3", *names)
        status, out, error = finished(job, 300)
        assert status == 0, error
        outputs.append(out)
    assert len(outputs[0].splitlines()) == len(names)
    assert outputs[0] == outputs[1] == outputs[2]


def test_the_command_writes_the_records_of_one_process(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(
        "from processes import oscillator\nnet = oscillator()\n", encoding="utf-8"
    )
    found = []
    for n, backend in ((1, "auto"), (3, "mpi")):
        name = f"{n}.npz"
        options = ("run", "model.py", "-s", "0.2", "--backend", backend, "-o", name)
        status, out, error = finished(start(n, "-m", "nefsim", *options, cwd=tmp_path))
        assert status == 0, error
        assert out.count("wrote") == 1
        found.append(nef.Result.load(tmp_path / name))
    for label in found[0].shapes:
        one, other = (np.asarray(result[label]) for result in found)
        # Sums in another order differ in their last digits.
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)


SCRIPT = """
import os, sys
import nefsim as nef
from nefsim.backends.mpi.processes import processes
k, case = processes().process, sys.argv[1]
net = nef.Network(seed=None if case == "no seed" else 1)
if case == "before" and k == 1:
    raise ZeroDivisionError("before the simulator")
if case == "different":
    net.ensemble(10 + k, 1)
a, b = net.ensemble(50, 1), net.ensemble(50, 1)
def function(t, x):
    if case == "function" and t > 0.05:
        raise ZeroDivisionError("in a function")
    return x
node = net.node(function, size_in=1)
net.connect(a, b, synapse=0.1), net.connect(b, a, synapse=0.1)
net.connect(a, node), net.connect(node, b)
p = net.probe(b)
sim = nef.Simulator(net, backend="mpi", partition={a: 5} if case == "partition" else None)
sim.run(0.02)
print(f"process {k} is {os.getpid()}, seed {sim.seed}, {sim.data[p].sum():.12g}.", flush=True)
if case == "no seed":
    sys.exit()
if case == "between" and k == 1:
    raise ZeroDivisionError("between two runs")
if case == "end" and k == 1:
    sys.exit()
sim.run(1000.0)
"""

FAILURES = {
    "before": "process 1 of 3 ends all others: ZeroDivisionError: before the simulator",
    "partition": "partition must have processes below 3, got process 5",
    "different": "the network must be the same in all processes",
    "function": "ends all others: ZeroDivisionError: in a function",
    "between": "process 1 of 3 ends all others: ZeroDivisionError: between two runs",
    "end": "process 1 has ended, and others wait for its values",
}


@pytest.fixture
def script(tmp_path: Path) -> str:
    """The path of a script that fails in a way of one's choice."""
    path = tmp_path / "script.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("case", FAILURES)
def test_a_process_that_fails_ends_all_others_with_a_message(script: str, case: str) -> None:
    status, _, error = finished(start(3, script, case), 200)  # on a busy machine the start is slow
    assert status != 0
    assert FAILURES[case] in error


def test_a_killed_process_ends_all_others_within_ten_seconds(script: str) -> None:
    job = start(3, script, "none")
    assert job.stdout is not None
    numbers: dict[int, int] = {}
    text = ""
    while len(numbers) < 3:  # processes may write into one another's lines
        text += job.stdout.readline()
        numbers = {i: int(pid) for i, pid in enumerate(re.findall(r" is (\d+),", text))}
    time.sleep(0.5)
    os.kill(numbers[1], signal.SIGKILL)
    begin = time.monotonic()
    status, _, _ = finished(job, 30)
    assert status != 0
    assert time.monotonic() - begin < 10
    for pid in numbers.values():
        assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


DIVIDED = """
import numpy as np
import nefsim as nef
from nefsim.backends.mpi.processes import processes
k, solved = processes().process, []
class Counted(nef.LstsqL2):
    def prepare(self, A, rng=None):
        solved.append(A.shape)
        return super().prepare(A, rng)
def network(fails):
    net = nef.Network(seed=1)
    some = [net.ensemble(30, 1, label=f"e{i}") for i in range(6)]
    for pre, post in zip(some, some[1:] + some[:1]):
        function = (lambda x: np.log(0.5 - x)) if fails and pre is some[3] else None
        net.connect(pre, post, function=function, synapse=0.1, solver=Counted())
    return net
nef.Simulator(network(False), backend="mpi")
said = f"process {k} solves {len(solved)}; "
try:
    with np.errstate(invalid="ignore", divide="ignore"):
        nef.Simulator(network(True), backend="mpi")
except ValueError as error:
    said += str(error)
print(said + "\\n", end="", flush=True)
"""


def test_each_process_solves_a_part_and_an_error_in_one_is_that_of_all(tmp_path: Path) -> None:
    (tmp_path / "divided.py").write_text(DIVIDED, encoding="utf-8")
    status, out, error = finished(start(3, str(tmp_path / "divided.py")))
    assert status == 0, error
    for k in range(3):
        assert f"process {k} solves 2; " in out
    assert out.count("function must be finite at all evaluation points") == 3


def test_without_a_seed_all_processes_take_that_of_the_first(script: str) -> None:
    status, out, error = finished(start(3, script, "no seed"))
    assert status == 0, error
    assert len(set(re.findall(r"seed (\d+)", out))) == 1
    assert out.count(re.findall(r", (-?[\d.e-]+)\.", out)[0]) == 3


def test_all_processes_have_the_learned_weights_and_a_chosen_partition(tmp_path: Path) -> None:
    code = """
import numpy as np, nefsim as nef
from nefsim import backends
from processes import pes
net = pes()
learned = next(c for c in net.all_connections if c.rules)
chosen = {e: 1 for e in net.all_ensembles[:2]} | {net.all_ensembles[2]: 0}
sims = [nef.Simulator(net, backend="mpi", partition=chosen), nef.Simulator(net)]
for sim in sims:
    sim.run(0.3)
one, other = (sim.data[learned].weights for sim in sims)
assert abs(other).max() > 1e-6
np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-15)
sims[0].reset()
assert not np.any(sims[0].data[learned].weights)
"""
    path = tmp_path / "learned.py"
    path.write_text(code, encoding="utf-8")
    status, _, error = finished(start(2, str(path)))
    assert status == 0, error


def test_the_code_of_the_page_runs_in_two_processes(tmp_path: Path) -> None:
    page = (HERE.parent / "docs" / "mpi.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    path = tmp_path / "script.py"
    path.write_text("\n".join(blocks), encoding="utf-8")
    status, out, error = finished(start(2, str(path), cwd=tmp_path))
    assert status == 0, error
    assert out.count("an exchange every step") == 2
    assert len(nef.Result.load(tmp_path / "result.npz").time) == 1000


def test_one_process_is_the_local_back_end() -> None:
    net = NETWORKS["square"]()
    found = []
    for backend in ("mpi", "auto"):
        sim = nef.Simulator(net, backend=backend)
        sim.run(0.2)
        found.append([np.asarray(sim.data[p]) for p in sim.probes])
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


SENTENCE = re.compile(r"[^:\n]+: .+ must .+, got .+; .+\.")


def refused(call: Any) -> str:
    """The sentence with which a call is refused."""
    with pytest.raises(ValueError) as caught:
        call()
    assert SENTENCE.fullmatch(str(caught.value))
    return str(caught.value)


def test_what_needs_the_whole_state_in_one_process_is_refused(tmp_path: Path) -> None:
    net: Any = NETWORKS["square"]()
    sim = nef.Simulator(net, backend="mpi")
    sim.run(0.01)
    assert "state can be saved" in refused(lambda: sim.save(tmp_path / "state.npz"))
    assert "state can be saved" in refused(lambda: sim.run(0.01, 0.01, tmp_path / "state.npz"))
    assert "inputs can be set" in refused(lambda: sim.inputs)
    assert "learned weights" in refused(lambda: sim.reset(keep_weights=True))
    stream = tmp_path / "records"
    assert "stream must be None" in refused(
        lambda: nef.Simulator(net, backend="mpi", stream=stream)
    )
    path = nef.Simulator(net, backend="numpy").save(tmp_path / "state.npz")
    assert "continues from a saved state" in refused(
        lambda: nef.Simulator.load(path, net, backend="mpi")
    )
    assert [file.name for file in tmp_path.iterdir()] == ["state.npz"]
    sim.run(0.01)  # a call that is refused changes nothing
    assert sim.n_steps == 20


def test_seeds_of_a_network_are_those_of_the_first_process(tmp_path: Path) -> None:
    """Also if each process has drawn a seed of its own, and for the largest seeds."""
    code = """
import os, sys
import numpy as np, nefsim as nef
from nefsim.backends.mpi.processes import processes
from nefsim.seeds import simulators
from processes import square
k, net = processes().process, square()
found = []
for sim in simulators(net, [7 + k, 2**64 - 1 - k], backend="mpi"):
    sim.run(0.1)
    found.append((sim.seed, [float(np.sum(sim.data[p])) for p in sim.probes]))
os.write(1, f"{found}\\n".encode())
"""
    path = tmp_path / "seeds.py"
    path.write_text(code, encoding="utf-8")
    status, out, error = finished(start(2, str(path)))
    assert status == 0, error
    one, other = out.splitlines()
    assert one == other
    assert f"({2**64 - 1}," in one and "(7," in one
