"""Laws of results: labels, units, and rows that are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import result
from nefsim.records import Events


def probe_of_a_node() -> nef.Probe:
    net = nef.Network(seed=1)
    return net.probe(net.node([1.0, 2.0]), label="y")


def made(**change: Any) -> nef.Result:
    events = Events(np.array([0]), np.array([1]), 1.0, (2, 3), np.array([0.5, 1.0]))
    given: dict[str, Any] = {
        "records": {"y": np.ones((2, 1)), "s": events},
        "times": {"y": [0.5, 1.0], "s": [0.5, 1.0]},
        "time": [0.5, 1.0],
        "info": {"dt": 0.5},
    }
    return nef.Result(**given | change)


def test_a_result_is_found_by_label_and_shows_what_it_has() -> None:
    found = made()
    assert [*found] == ["y", "s"] and len(found) == 2 and found.shapes == {"y": (2, 1), "s": (2, 3)}
    assert found.units == {"s": "Hz"} and "y" in found and "z" not in found and 1 not in found
    assert repr(found) == "<result: 'y', 's'; 2 steps>"
    assert found["s"].tolist() == [[0, 1, 0], [0, 0, 0]] and found.events("s") is found.kept("s")
    probe = probe_of_a_node()
    for key in ("z", probe, 3):
        with pytest.raises(ValueError, match=r"Result: key must be .+; pass one of 'y', 's'\.$"):
            found[key]  # type: ignore[index]
    with pytest.raises(ValueError, match=r"; pass one of none\.$"):
        nef.Result({}, {}, [], {})["z"]
    labelled = made(labels={probe: "y"})
    assert probe in labelled and labelled[probe] is labelled["y"] and probe not in found


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "records": ({"records": [1]}, "records must be a dict"),
    "times": ({"times": [1]}, "times must be a dict"),
    "info": ({"info": [1]}, "info must be a dict"),
    "labels": ({"labels": [1]}, "labels must be a dict"),
    "names": ({"records": {1: np.ones((2, 1))}}, "records must be named by strings"),
    "other names": ({"times": {"y": [0.5, 1.0]}}, "times must have the labels of records"),
    "rows": ({"records": {"y": np.ones((3, 1)), "s": np.ones((2, 1))}}, "have 2 rows"),
    "events": ({"times": {"y": [0.5, 1.0], "s": [0.5]}}, "records must be arrays of real numbers"),
    "axes": ({"records": {"y": np.ones(2), "s": np.ones((2, 1))}}, "have 2 rows"),
    "four axes": ({"records": {"y": np.ones((1, 1, 2, 1)), "s": np.ones((2, 1))}}, "have 2 rows"),
    "kinds": ({"records": {"y": np.ones((2, 1)), "s": np.array([["a"]] * 2)}}, "be arrays of real"),
    "a list": ({"records": {"y": [[1.0]] * 2, "s": np.ones((2, 1))}}, "be arrays of real numbers"),
    "probes": ({"labels": {"y": "y"}}, "labels must map probes to labels of records"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_result_of_other_things_is_refused(name: str) -> None:
    change, must = WRONG[name]
    with pytest.raises((ValueError, TypeError), match=f"^Result: .*{must}"):
        made(**change)
    probe = probe_of_a_node()
    with pytest.raises(ValueError, match="labels must map probes to labels of records"):
        made(labels={probe: "z"})


def test_rows_of_a_result_are_copied_unless_they_cannot_change() -> None:
    batch = np.ones((3, 2, 4))
    found = made(records={"y": batch, "s": np.ones((2, 1))})["y"]
    assert found is not batch and found.shape == (3, 2, 4)
    batch.setflags(write=False)
    assert made(records={"y": batch, "s": np.ones((2, 1))})["y"] is batch


def test_pairs_of_probes_are_pairs() -> None:
    probe, rows = probe_of_a_node(), np.ones((1, 2))
    times = np.array([0.5])
    assert nef.Result.of({probe: (times, rows)}, times, {})[probe].tolist() == [[1.0, 1.0]]
    for wrong in ({probe: (times, rows, rows)}, {probe: [times, rows]}, {"y": (times, rows)}):
        with pytest.raises(TypeError, match=r"Result\.of: recorded must map probes to pairs"):
            nef.Result.of(wrong, times, {})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"Result\.of: recorded must be a dict"):
        nef.Result.of([probe], times, {})  # type: ignore[arg-type]


def test_a_saved_result_is_of_version_2_with_units_of_its_labels(tmp_path: Path) -> None:
    from nefsim import files

    path = made().save(tmp_path / "r")
    loaded = nef.Result.load(path)
    assert loaded.units == {"s": "Hz"} and loaded.info == {"dt": 0.5}
    assert loaded["y"].tolist() == [[1.0], [1.0]] and loaded.trange("s").tolist() == [0.5, 1.0]
    with files.Saved("x", path, "result", result.SCHEMA, (2, 2)) as saved:
        assert saved.meta["version"] == 2
        meta = {k: v for k, v in saved.meta.items() if k != "version"}
        arrays = {name: saved.array(name) for name in saved.names if name != "nefsim"}
    for units, words in (({"z": "Hz"}, "units must be of labels"), ({"y": 1}, r"units\.y is 1")):
        files.write("x", path, arrays, meta | {"units": units}, True, 2)
        with pytest.raises(ValueError, match=words):
            nef.Result.load(path)
    with pytest.raises(ValueError, match=r"Result\.save: path must end in \.npz"):
        made().save(tmp_path / "r.csv")
    assert made().save(tmp_path / "R.NPZ").name == "R.NPZ"
