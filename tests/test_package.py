"""The files of the sdist, and the declared extras and citation."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from configparser import ConfigParser
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import count_any
import pytest

import nefsim as nef
from conftest import Skipped, collect_ignore
from nefsim._extras import EXTRAS, cure_of, modules

ROOT = Path(__file__).parent.parent


def declared() -> dict[str, list[str]]:
    """Requirements of each extra of setup.cfg."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return {name: said.split() for name, said in config["options.extras_require"].items()}


def test_every_file_under_version_control_is_in_the_sdist(tmp_path: Path) -> None:
    pytest.importorskip("setuptools", minversion="77")
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this folder is no clone of git, or there is no git")
    tracked = {file for file in listed.stdout.split("\0") if (ROOT / file).is_file()}
    command = [sys.executable, "-c", "import setuptools; setuptools.setup()"]
    # As `python -m build --sdist` does, which would need the network.
    subprocess.run(
        [*command, "-q", "egg_info", "--egg-base", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    packed = (tmp_path / "nefsim.egg-info" / "SOURCES.txt").read_text(encoding="utf-8").split("\n")
    assert tracked - set(packed) == set()
    assert not [file for file in packed if file.endswith(".pyc")]


def test_the_extras_are_those_that_messages_and_info_name() -> None:
    extras = declared()
    assert extras.keys() == EXTRAS.keys() | {"test", "docs", "dev", "all"}
    for name, extra in EXTRAS.items():
        packages = [re.split(r"[>=<\[]", said)[0] for said in extras[name]]
        assert packages == [*extra.packages]
    assert extras["all"] == [f"nefsim[{','.join(EXTRAS)}]"]


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_packages_of_an_extra_are_imported_somewhere(extra: str) -> None:
    code = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "nefsim").rglob("*.py"))
    for package in {*modules(EXTRAS[extra].packages)} - {"mpich"}:  # the library that mpi4py loads
        assert re.search(rf"^\s*(import|from) {package}\b", code, re.MULTILINE)


def test_the_cure_of_a_package_is_its_extra() -> None:
    assert cure_of("numba") == 'pip install numba threadpoolctl (the extra "fast")'
    packages = "pyserial pyzmq python-osc pylsl sounddevice soundfile"
    assert cure_of("zmq") == f'pip install {packages} (the extra "io")'
    assert cure_of("numpy") is None


def test_the_citation_is_of_this_version() -> None:
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.*)$", text, re.MULTILINE) == [nef.__version__]


def test_tests_share_no_decoders_with_other_programs(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    cache = pytest.importorskip("nengo.cache")
    folder = Path(cache.DecoderCache().cache_dir)
    assert folder.is_relative_to(tmp_path_factory.getbasetemp())


def test_skipped_tests_are_listed_once(tmp_path: Path) -> None:
    file = tmp_path / "skipped"
    skipped = Skipped(str(file))
    for nodeid in ("tests/test_a.py", "tests/test_a.py", "tests/test_b.py::test_c[x y]"):
        skipped.pytest_collectreport(SimpleNamespace(skipped=True, nodeid=nodeid))
    skipped.pytest_runtest_logreport(SimpleNamespace(skipped=False, nodeid="tests/test_d.py"))
    skipped.pytest_sessionfinish()
    names = file.read_text(encoding="utf-8").splitlines()
    assert names == [*collect_ignore, "tests/test_a.py", "tests/test_b.py::test_c[x y]"]


BASES = {
    "neurons": "NeuronType",
    "synapses": "Synapse",
    "solvers": "Solver",
    "sampling": "Distribution",
    "processes": "Process",
    "learning": "LearningRule",
}


@pytest.mark.parametrize("room", ["encoding", "network", *BASES])
def test_the_names_of_a_room_are_names_of_the_package(room: str) -> None:
    module = import_module(f"nefsim.{room}")
    for name in module.__all__:
        assert getattr(nef, name) is getattr(module, name)
    assert set(module.__all__) <= set(nef.__all__) & set(dir(nef))
    assert len(set(nef.__all__)) == len(nef.__all__)


@pytest.mark.parametrize("room", BASES)
def test_the_base_class_of_a_room_is_public(room: str) -> None:
    assert BASES[room] in import_module(f"nefsim.{room}").__all__
    assert inspect.isabstract(getattr(nef, BASES[room]))


def test_helpers_of_the_rooms_are_no_names_of_the_package() -> None:
    for name in ("Constant", "Running", "Trace", "as_distribution", "as_samples", "stream"):
        assert name not in nef.__all__
        assert not hasattr(nef, name)


def test_few_public_signatures_have_any() -> None:
    """An argument of a user has a type; at commit fe9d421 there were 221 ``Any``."""
    found = count_any.count()
    assert found.total() <= 110, found.most_common()


@pytest.mark.parametrize("room", BASES)
def test_abstract_methods_are_documented_argument_by_argument(room: str) -> None:
    base = getattr(nef, BASES[room])
    for name in base.__abstractmethods__:
        method = getattr(base, name)
        text = inspect.getdoc(method) or ""
        if isinstance(method, property):
            continue
        for argument in [*inspect.signature(method).parameters][1:]:
            entry = re.search(rf"^(\*\*)?(\w+, )*{argument}\b.*\n    \S", text, re.MULTILINE)
            assert entry, f"{base.__name__}.{name}: {argument}"
        assert "Returns\n-------\n" in text or (name == "step" and room == "neurons")
