"""Laws of the foundations: tables, signatures, habits, values and names."""

from __future__ import annotations

import functools
import gc
import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import _checks as check
from nefsim import _collector as collector
from nefsim import _extras as extras
from nefsim import _habits as habits
from nefsim import _html as html
from nefsim import _signatures as signatures
from nefsim import _writing as writing
from nefsim._graphs import strong_components
from nefsim._values import Value, _canonical

# -- tables ------------------------------------------------------------------------------------


def test_a_table_has_its_head_and_thirty_rows() -> None:
    head = "<tr><th>a</th><th>b</th></tr>"
    row = "<tr><td>1</td><td>&lt;x&gt;</td></tr>"
    assert html.table("t<", [(1, "<x>")], ("a", "b")) == (
        f"<table><caption>t&lt;</caption>{head}{row}</table>"
    )
    assert html.table("t", []) == "<table><caption>t</caption></table>"
    for n, rows in ((30, 30), (31, 31)):  # the last row counts the others
        text = html.table("t", [(k,) for k in range(n)])
        assert text.count("<tr>") == rows and ("and 1 more" in text) == (n == 31)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "True"),
        (np.array(["a"]), "array (1,)"),
        (np.array([3, -1]), "array (2,), from -1 to 3"),
        (int, "function int"),
        ({}, ""),
        (functools.partial(int), "functools.partial(<class 'int'>)"),
        (os, check.show(os)),
    ],
    ids=str,
)
def test_values_are_shown_by_their_kind(value: Any, text: str) -> None:
    assert html.show(value) == text


@dataclass
class Thing(html.Fields):
    a: int = 1
    hidden: int = field(default=2, repr=False)
    none: Any = None
    label: str = "x"
    network: Any = None


def test_a_dataclass_is_a_table_of_its_fields() -> None:
    text = Thing()._repr_html_()
    assert text.count("<tr>") == 1 and "<td>a</td><td>1</td>" in text
    for length in (60, 61):
        thing = Thing(label="x" * (length - len(repr(Thing(label="")))))
        assert len(repr(thing)) == length
        shown = thing._repr_html_().partition("<caption>")[2].partition("</caption>")[0]
        assert shown.startswith("Thing(") == (length == 60)


# -- calls -------------------------------------------------------------------------------------


def test_a_call_that_does_not_fit_is_answered_by_the_right_one() -> None:
    def f(self: Any, a: int, b: int = 1, *more: int, **options: int) -> None: ...
    def g(a: int = 1) -> None: ...
    def h() -> None: ...

    def said(who: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
        return signatures.misfit(who, inspect.signature(function), args, kwargs)

    do = "write net.f(a)."
    assert said("Network.f", f, 0) == f"Network.f: a must be given, got nothing; {do}"
    assert said("Network.f", f, 0, 1, 2, 3) == (
        f"Network.f: arguments must be at most 2 (a, b), got 3; {do}"
    )
    assert said("Network.f", f, 0, 1, a=2) == (
        "Network.f: a must be given once, got it by place and by name; leave out one."
    )
    assert said("Other.f", f, 0) == "Other.f: a must be given, got nothing; write Other.f(a)."
    assert said("f", f, 0) == "f: a must be given, got nothing; write f(a)."
    assert said("g", g, 1, 2) == "g: arguments must be at most 1 (a), got 2; leave some out."
    assert said("h", h, 1) == "h: arguments must be at most 0 (none), got 1; leave some out."
    assert said("h", h, b=1) == ("h: keyword must be one of its arguments, got b=; leave it out.")
    assert said("f", f, 0, 1, x=1).endswith("got x=; pass some of a, b.")


@signatures.explained
def f(a: int) -> int:
    return a + 1


def test_only_errors_of_the_call_itself_are_answered() -> None:
    assert f(1) == 2
    with pytest.raises(TypeError, match=r"f: a must be given, got nothing; write f\(a\)\.$"):
        f()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"unsupported operand|can only concatenate"):
        f("1")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("args", "kwargs", "call"),
    [
        ((20, 2), {}, "net.ensemble(20, 2)"),
        ((20, 2), {"radius": 1.5}, "net.ensemble(20, 2, radius=1.5)"),
        ((), {}, "net.ensemble(50, 1)"),
        ((object(),), {}, "net.ensemble(50, 1)"),
        (("x" * 50, "y" * 26), {}, "net.ensemble(50, 1)"),
        (("x" * 50, "y" * 23), {}, f"net.ensemble('{'x' * 50}', '{'y' * 23}')"),
    ],
    ids=str,
)
def test_a_call_of_the_class_of_an_ensemble_is_answered_by_the_method(
    args: Any, kwargs: Any, call: str
) -> None:
    @signatures.network_object("net.ensemble", "50, 1")
    @dataclass
    class Ensemble:
        network: Any
        size: int

        def __init__(self, network: Any, size: int, secret: Any) -> None: ...

    with pytest.raises(TypeError) as caught:
        Ensemble(*args, **kwargs)
    assert f"; write {call}, where net" in str(caught.value)


def test_things_of_a_network_are_not_changed() -> None:
    a = nef.Network(seed=1).ensemble(5, 1, label="a")
    for name, do in (("radius", "pass radius to net.ensemble"), ("mine", "store it in a variable")):
        with pytest.raises(AttributeError, match=f"got an assignment; {do}"):
            setattr(a, name, 2.0)
        with pytest.raises(AttributeError, match=f"got an assignment; {do}"):
            delattr(a, name)
    with pytest.raises(AttributeError, match="did you mean radius"):
        a.radiu  # noqa: B018
    with pytest.raises(AttributeError, match="did you mean n_neurons"):
        a.n_neuron  # noqa: B018


def test_names_are_answered_by_their_nearest() -> None:
    assert habits.nearest("neurns", ["a", "neurons"]) == ["neurons"]
    assert habits.nearest("neuron", ["neurone", "neurons"]) in (["neurone"], ["neurons"])
    assert habits.nearest("xyz", ["a", "neurons"]) == []
    table = {"old": "write new"}
    assert habits.attribute("X", "_a", table, ["_ab"]) == "X has no _a."
    assert habits.attribute("X", "old", table, ["olds"]) == "X has no old; write new."
    assert habits.attribute("X", "weight", {}, ["weights", "_weight"]) == (
        "X has no weight; did you mean weights?"
    )
    assert habits.attribute("X", "abcd", {}, ["abxy"]) == "X has no abcd."  # half of it alike
    assert habits.keyword("Simulator", "optimize", ["net"]).startswith("leave it out, as nefsim")
    assert habits.keyword("f", "initial_state", ["x"]) == "pass it to net.ensemble"
    assert habits.keyword("f", "n", ["n_steps", "n_neurons"]) == "write n_neurons="
    assert habits.keyword("f", "dims", ["dim"]) == "write dim="
    assert habits.keyword("f", "zzz", ["a", "b"]) == "pass some of a, b"
    assert habits.keyword("f", "zzz", []) == "leave it out"


def test_objects_of_nengo_are_known_by_their_module(monkeypatch: pytest.MonkeyPatch) -> None:
    def of(module: str, name: str, *bases: type) -> type:
        return type(name, bases, {"__module__": module})

    lif = of("nengo.neurons", "LIF")
    cases = [
        (lif, "pass nefsim.LIF(...)"),
        (of("mine", "LIF"), None),
        (of("mine", "Own", lif), "pass nefsim.LIF(...)"),
        (of("nengo", "Network"), habits.OF_NENGO["Network"]),
        (of("nengo_dl", "Unknown"), "nefsim has none; nefsim.nengo.Simulator(model) runs"),
        (of("nengo", "NeuronType"), "nefsim has none; nefsim.nengo.Simulator(model) runs"),
        (of("x.nengo", "LIF"), None),
    ]
    for kind, advice in cases:
        for value in (kind, kind()):
            said = habits.instead_of_nengos(value)
            assert said == advice or (said and advice and said.startswith(advice))
            assert habits.is_of_nengo(value) == (advice is not None)
    monkeypatch.delitem(sys.modules, "nefsim")
    assert str(habits.instead_of_nengos(lif)).startswith("nefsim has none")


# -- values ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Pair(Value):
    a: Any = 0
    b: Any = None


@dataclass(frozen=True, eq=False)
class Other(Pair):
    pass


def test_values_are_equal_by_their_content() -> None:
    same = [
        (Pair(np.arange(3.0), [1, "x"]), Pair(np.arange(3.0), [1, "x"])),
        (Pair({"k": np.ones(2)}), Pair({"k": np.ones(2)})),
        (Pair(Pair(1)), Pair(Pair(1))),
    ]
    for one, two in same:
        assert one == two and hash(one) == hash(two) and one == one
    different = [
        (Pair(1, 2), Pair(2, 1)),
        (Pair(np.arange(3.0)), Pair(np.arange(3))),
        (Pair(np.zeros((2, 1))), Pair(np.zeros((1, 2)))),
        (Pair({"k": 1}), Pair({"l": 1})),
        (Pair((1, 2)), Pair((1, 3))),
        (Pair(1), Other(1)),
    ]
    for one, two in different:
        assert one != two and (one == two) is False
    assert Pair(1) != 1 and hash(Pair(1)) != hash(Other(1))
    assert _canonical([1, (2, "x")]) == (1, (2, "x"))
    thing = object()
    assert _canonical(thing) is thing


def test_arrays_that_a_value_stores_are_read_only() -> None:
    x = nef.SteadyState([0.5]).x
    assert not np.asarray(x).flags.writeable
    with pytest.raises(TypeError, match="LIF: keyword must be one of its arguments, got tau="):
        nef.LIF(tau=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"Tanh: arguments must be at most 1 \(tau_ref\), got 2"):
        nef.Tanh(1, 2)  # type: ignore[call-arg]


# -- the rest ----------------------------------------------------------------------------------


def test_old_objects_are_not_collected_within_a_block() -> None:
    before = gc.get_threshold()
    try:
        gc.set_threshold(701, 11, 9)
        with collector.only_young_collected():
            assert gc.get_threshold() == (701, 11, 2**31 - 1)
            with collector.only_young_collected():
                pass
            assert gc.get_threshold() == (701, 11, 2**31 - 1)
        assert gc.get_threshold() == (701, 11, 9)
        with collector.only_young_collected():
            gc.set_threshold(700, 10, 8)  # of the user
        assert gc.get_threshold() == (700, 10, 8)
    finally:
        gc.set_threshold(*before)


def test_a_missing_package_is_named_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "no" else name)
    monkeypatch.setitem(extras.EXTRAS, "x", extras.Extra(("numpy", "no"), "it"))
    with pytest.raises(extras.BackendUnavailable) as caught:
        extras.require("room", "x")
    cure = 'pip install numpy no (the extra "x")'
    assert str(caught.value) == f"room: no must be installed, got none; {cure}."
    assert extras.cure_of("no") == cure and extras.cure_of("never") is None
    monkeypatch.setitem(extras.EXTRAS, "x", extras.Extra(("numpy",), "it"))
    extras.require("room", "x")


ROOT = Path(nef.__file__).parent
GUARDS = sorted((*ROOT.glob("*/_package.py"), *ROOT.glob("*/_torch.py")))


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.parent.name)
def test_a_room_is_not_imported_without_its_package(
    guard: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    words = rf"^nefsim\.{guard.parent.name}: [\w-]+ must be installed, got none; pip install"
    with pytest.raises(extras.BackendUnavailable, match=words):
        exec(compile(guard.read_text("utf-8"), guard, "exec"), {})


def test_components_come_after_those_that_lead_to_them() -> None:
    before = {0: [2], 1: [0], 2: [1], 3: [1, 4], 4: [], 5: [5, 3]}
    assert [sorted(group) for group in strong_components(before)] == [[0, 1, 2], [4], [3], [5]]


def test_a_new_file_has_the_permissions_that_the_user_sets(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        with writing.replacing(tmp_path / "a") as stream:
            stream.write(b"1")
        assert (tmp_path / "a").stat().st_mode & 0o777 == 0o666
        (tmp_path / "a").chmod(0o606)
        with writing.replacing(tmp_path / "a") as stream:
            stream.write(b"2")
            os.umask(0o077)  # which does not narrow them
        assert (tmp_path / "a").stat().st_mode & 0o777 == 0o606
    finally:
        os.umask(old)


def test_the_package_has_each_name_once() -> None:
    assert len(nef.__all__) == len(set(nef.__all__))
    assert {*nef.__all__, *nef._ROOMS} <= {*dir(nef)}
    assert not {"Any", "TYPE_CHECKING", "import_module"} & {*dir(nef)}
    assert dir(nef) == sorted(dir(nef))
    with pytest.raises(AttributeError, match="nefsim has no ensembl; did you mean"):
        nef.ensembl  # noqa: B018
