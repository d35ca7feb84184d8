"""The figures of speed in README and documentation are those of the newest table."""

from __future__ import annotations

import re
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parent.parent

#: A row of the pages, by its first words, and the column of the table that it sums up.
COLUMNS = {
    "Nengo, its best setting / compiled": 4,
    "Nengo, its best setting / NumPy": 5,
    "Brian2 / compiled": 6,
}


def ratios(column: int) -> dict[str, float]:
    """The ratios of the newest table by the name of the network."""
    text = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    newest = re.split(r"^## (?=\d{4}-)", text, flags=re.MULTILINE)[1]
    found = {}
    for name, rest in re.findall(r"^\| `(\w+)` \|(.*)\|$", newest, re.MULTILINE):
        cells = [cell.strip() for cell in rest.split("|")]
        if len(cells) == 7 and cells[column]:
            found[name] = float(cells[column].split(" ")[0])
    return found


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("page", ["README.md", "docs/speed.md"])
def test_least_middle_and_best_are_those_of_the_newest_table(page: str, name: str) -> None:
    values = ratios(COLUMNS[name])
    text = (ROOT / page).read_text(encoding="utf-8")
    row = re.findall(rf"^\| {re.escape(name)}, of (\d+) networks \|(.*)\|$", text, re.MULTILINE)
    ((count, cells),) = row
    assert int(count) == len(values)
    least, middle, best = (cell.strip() for cell in cells.split("|"))
    for cell, choose in ((least, min), (best, max)):
        number, network = cell.split(" ")
        assert network == f"(`{choose(values, key=lambda key: values[key])}`)"
        # Half a unit of the last of two digits.
        assert float(number) == pytest.approx(choose(values.values()), rel=0.025)
    assert float(middle) == pytest.approx(median(values.values()), rel=0.05)
