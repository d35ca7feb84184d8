"""Docstrings of public objects are complete: parameters, results, errors, relatives, examples."""

import inspect
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest

#: Public packages, and the optional package that some of them need.
PACKAGES = {
    "nefsim": None,
    "nefsim.analysis": None,
    "nefsim.bench": None,
    "nefsim.convert": "torch",
    "nefsim.datasets": None,
    "nefsim.describe": None,
    "nefsim.dynamics": None,
    "nefsim.gym": "gymnasium",
    "nefsim.io": None,
    "nefsim.learning": None,
    "nefsim.mnist": None,
    "nefsim.neurons": None,
    "nefsim.networks": None,
    "nefsim.nengo": "nengo",
    "nefsim.nir": "nir",
    "nefsim.plot": None,
    "nefsim.processes": None,
    "nefsim.records": None,
    "nefsim.reproduce": None,
    "nefsim.sampling": None,
    "nefsim.sklearn": "sklearn",
    "nefsim.solvers": None,
    "nefsim.spa": None,
    "nefsim.sweeps": None,
    "nefsim.testing": None,
    "nefsim.train": "torch",
    "nefsim.view": "bokeh",
}

#: Least share of the public objects with each section.
RAISES = 0.6
SEE_ALSO = 0.5

#: Public objects without an example: results of functions whose examples show them, base classes
#: of such results, commands, and internal parts of a simulator.
WITHOUT_EXAMPLE = {
    "nefsim.bench": {"Timing"},
    "nefsim.convert": {"Converted", "LayerError", "RateConverted", "Report", "SpikeConverted"},
    "nefsim.describe": {"Cost", "Stretch"},
    "nefsim.gym": {"Turn"},
    "nefsim.io": {"LSL", "OSC", "Counts", "Microphone", "Serial", "SoundFile", "ZeroMQ"},
    "nefsim.mnist": {"add_options", "report", "run"},
    "nefsim.networks": {
        "AdaptiveControl",
        "AssociativeMemory",
        "Attractor",
        "BasalGanglia",
        "Combination",
        "ControlledIntegrator",
        "Decision",
        "Delay",
        "EnsembleArray",
        "InputGatedMemory",
        "Product",
        "Reservoir",
        "System",
        "Thalamus",
        "WinnerTakeAll",
    },
    "nefsim.nengo": {"prepare"},
    "nefsim.reproduce": {"Figure", "Line", "Report"},
    "nefsim.records": {"Records", "Stream", "index_of", "labels_of", "recorded"},
    "nefsim.spa": {
        *("ActionSelection", "Algebra", "Cleanup", "PathIntegrator", "Route", "Space"),
        *("SpatialMemory", "State"),
    },
    "nefsim.testing": {"Violation"},
    "nefsim.train": {"Exported", "History", "Summary"},
    "nefsim.view": {"Page", "Piece", "Server"},
}

#: Classes whose fields are arguments of a method of a network, which describes them.
FIELDS_ELSEWHERE = ("Connection", "Ensemble", "Node", "Probe")

SECTIONS = (
    "Parameters",
    "Attributes",
    "Returns",
    "Yields",
    "Raises",
    "See Also",
    "Notes",
    "References",
    "Examples",
)


def sections(obj: Any) -> dict[str, list[str]]:
    """Lines of each section of a docstring, in the format of numpydoc."""
    lines = (inspect.cleandoc(obj.__doc__ or "")).splitlines()
    result: dict[str, list[str]] = {}
    current: list[str] = []
    for i, line in enumerate(lines):
        title = i + 1 < len(lines) and lines[i + 1] == "-" * len(line) and line in SECTIONS
        if title:
            assert line not in result, f"{obj} has two sections {line}"
            current = result[line] = []
        elif set(line) != {"-"}:
            current.append(line)
    return result


def names_in(lines: list[str]) -> set[str]:
    """Names at the start of the entries of a section such as Parameters."""
    heads = [line.split(" : ")[0] for line in lines if line and not line.startswith(" ")]
    return {name.strip().strip("*") for head in heads for name in head.split(",")}


def public(package: str) -> Iterator[tuple[str, Any]]:
    """Classes and functions of ``__all__`` that are defined in checked modules."""
    module = import_module(package)
    names = getattr(module, "__all__", [name for name in vars(module) if name[0] != "_"])
    root = "nefsim" if hasattr(module, "__all__") else package
    for name in names:
        obj = getattr(module, name)
        home = obj.__module__ if inspect.isclass(obj) or inspect.isfunction(obj) else ""
        if home.startswith(root):
            yield name, obj


def methods(cls: type) -> Iterator[tuple[str, Any, list[dict[str, list[str]]]]]:
    """Public methods of a class, with the sections of their docstrings in all base classes."""
    bases = [c for c in cls.__mro__ if c.__module__.startswith("nefsim")]
    names = {n for c in bases for n in vars(c) if n[0] != "_" or n == "__call__"}
    for name in sorted(names):
        versions = [vars(c)[name] for c in bases if name in vars(c)]
        versions = [getattr(v, "__func__", v) for v in versions]
        if all(inspect.isfunction(v) for v in versions):
            yield name, versions[0], [sections(v) for v in versions]


def arguments(function: Any) -> set[str]:
    """Names of the arguments of a function, without ``self`` and ``cls``."""
    names = [p.name for p in inspect.signature(function).parameters.values()]
    return {n for n in names if n not in ("self", "cls")}


def returns_value(function: Any) -> bool:
    """Whether a function has a result, by its annotation."""
    return function.__annotations__.get("return") not in (None, "None", "NoReturn", type(None))


def gaps(name: str, obj: Any) -> Iterator[str]:
    """Arguments and results of a class or function that its docstrings do not describe."""
    text = sections(obj)
    if inspect.isfunction(obj):
        for argument in sorted(arguments(obj) - names_in(text.get("Parameters", []))):
            yield f"{name}: parameter {argument}"
        if returns_value(obj) and not {"Returns", "Yields"} & text.keys():
            yield f"{name}: Returns"
        return
    of_bases = [sections(c) for c in obj.__mro__ if c.__module__.startswith("nefsim")]
    described = {
        n
        for s in of_bases
        for key in ("Parameters", "Attributes")
        for n in names_in(s.get(key, []))
    }
    # A class with attributes and no parameters is a result, which users do not construct.
    is_result = "Attributes" in text and "Parameters" not in text
    fields = {f for f in getattr(obj, "__dataclass_fields__", {}) if f[0] != "_"}
    fields -= {
        n for n, hint in vars(obj).get("__annotations__", {}).items() if "ClassVar" in str(hint)
    }
    if name in FIELDS_ELSEWHERE:
        fields, is_result = set(), True
    has_no_call = is_result or inspect.isabstract(obj) or issubclass(obj, Exception)
    called = set() if has_no_call else arguments(obj)
    for argument in sorted((called | fields) - described - {"args", "kwargs"}):
        yield f"{name}: parameter {argument}"
    for method, function, versions in methods(obj):
        names = {n for s in versions for n in names_in(s.get("Parameters", []))}
        for argument in sorted(arguments(function) - names):
            yield f"{name}.{method}: parameter {argument}"
        if returns_value(function) and not any({"Returns", "Yields"} & s.keys() for s in versions):
            yield f"{name}.{method}: Returns"


@pytest.fixture(params=PACKAGES)
def package(request: pytest.FixtureRequest) -> str:
    """The name of a package whose optional package is installed."""
    needed = PACKAGES[request.param]
    if needed:
        pytest.importorskip(needed)
    return str(request.param)


def test_every_parameter_and_result_is_described(package: str) -> None:
    assert [gap for name, obj in public(package) for gap in gaps(name, obj)] == []


def test_every_object_has_an_example(package: str) -> None:
    without = {name for name, obj in public(package) if "Examples" not in sections(obj)}
    assert without == WITHOUT_EXAMPLE.get(package, set())


@pytest.mark.parametrize(("section", "least"), [("Raises", RAISES), ("See Also", SEE_ALSO)])
def test_most_objects_name_their_errors_and_relatives(section: str, least: float) -> None:
    packages = [p for p, needed in PACKAGES.items() if needed is None or find_spec(needed)]
    objects = {obj for package in packages for _, obj in public(package)}
    assert sum(section in sections(obj) for obj in objects) >= least * len(objects)


def test_undocumented_parameters_and_results_are_found() -> None:
    def double(x: float, *, factor: float) -> float:
        """Twice a number.

        Parameters
        ----------
        x : float
            The number.
        """
        return factor * x

    assert [*gaps("double", double)] == ["double: parameter factor", "double: Returns"]
