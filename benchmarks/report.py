"""Tables, ratios and targets."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any

#: How many times faster than Nengo at its best the compiled back end is meant to be.
NENGO = {"square": 200, "integrator": 100, "pes": 60, "array": 30, "oscillator": 20, "channel": 12}
NENGO |= {"weights_pes": 60, "pendulum": 15, "high_d": 30}
NENGO |= {"weights_oja": 15, "weights_bcm": 15}
NENGO |= {"weights_pes_5000": 300, "weights_oja_5000": 5, "weights_bcm_5000": 5}
NENGO |= {"high_d_512": 30}
NUMPY = {"square": 3.0, "array": 3.0}
BRIAN = {"square": 8, "array": 10, "pes": 6}

#: Networks that were added because nefsim gains least there; in NumPy it is meant to lose nothing.
HARD = (
    "weights",
    "coba",
    "noise",
    "poisson",
    "rates",
    "pendulum",
    "stepping",
    "high_d",
    "voltages",
)

#: How many times faster two cores are meant to be than one.
CORES = {"recurrent100k": 1.7, "chain": 1.7}

Rows = dict[str, dict[str, Any]]


def ratios(name: str, rows: Rows) -> list[dict[str, Any]]:
    """Ratios of a network with their targets; every round gives one, and their median counts."""
    compared = (_ratio(rows, *each) for each in _compared(name, rows))
    results = [ratio for ratio in compared if ratio]
    if name == "million":
        times = rows["compiled"]["times"]
        results.append(claim("compiled, microseconds for a step of 1000", times, most=1000))
    return results


def _compared(name: str, rows: Rows) -> Iterator[tuple[str, str, str, float | None, float | None]]:
    """The pairs of simulators and quantities that are compared, with their targets."""
    if name == "build":
        yield best(rows, "nengo"), best(rows, "compiled"), "times", None, None
        return
    usual = 20 if name.startswith("rates") else 10
    yield best(rows, "nengo"), "compiled", "times", NENGO.get(name, usual), None
    least = 1.0 if name.startswith(HARD) else 1.5
    yield best(rows, "nengo"), best(rows, "numpy"), "times", NUMPY.get(name, least), None
    yield best(rows, "nengo"), "nefsim.nengo", "times", 15, None
    yield "compiled", "compiled, in one run", "times", None, 1.3 if "large" in name else None
    yield "compiled, 1 core", "compiled", "times", CORES.get(name), None
    yield best(rows, "brian2"), "compiled", "times", BRIAN.get(name, 3), None
    brian = best(rows, "brian2", "first_s")
    solved = {name: rows[name] for name in ("compiled", "compiled, 2 threads") if name in rows}
    for compiled in (best(solved, "compiled", "first_s"), "compiled, same arrays"):
        yield brian, compiled, "first_s", 20, None
    if "C, 2 threads" in rows:
        yield "compiled", "C, 2 threads", "times", None, 2
        yield "compiled, 1 core", "C", "times", None, 2
        yield "compiled", "C in tiles, 2 threads", "times", None, 1 if name == "million" else None
        yield "compiled, 1 core", "C in tiles", "times", None, 1 if name == "million" else None
    else:
        yield "compiled", "C", "times", None, 2
        yield "compiled", "C in tiles", "times", None, None
    yield best(rows, "numpy"), "compiled", "times", None, None


def best(rows: Rows, family: str, of: str = "times") -> str:
    """The fastest of a simulator's settings, or None."""
    those = [name for name in rows if name.partition(",")[0] == family]
    return min(those, key=lambda name: median(_each(rows[name][of])), default="")


def _each(value: Any) -> list[float]:
    return value if isinstance(value, list) else [value]


def _ratio(
    rows: Rows, above: str, below: str, of: str, least: float | None, most: float | None
) -> dict[str, Any] | None:
    if above not in rows or below not in rows:
        return None
    tops, bottoms = (_each(rows[name][of]) for name in (above, below))
    what = "first result" if of == "first_s" else "run"
    values = [top / bottom for top, bottom in zip(tops, bottoms, strict=True)]
    made = claim(f"{above} / {below}, {what}", values, least, most)
    made["of_lowest"] = min(tops) / min(bottoms)
    if of == "times" and "processor" in rows[above]:
        made["of_processor"] = min(rows[above]["processor"]) / min(rows[below]["processor"])
    return made


def claim(
    what: str, values: list[float], least: float | None = None, most: float | None = None
) -> dict[str, Any]:
    """A figure with its target: whether the median of its values reaches it."""
    value = median(values)
    reached = None if least is most is None else (least or value) <= value <= (most or value)
    return {
        "what": what,
        "median": value,
        "range": [min(values), max(values)],
        "at_least": least,
        "at_most": most,
        "reached": reached,
    }


def show(name: str, results: dict[str, Any]) -> None:
    """One network: a row for each subject, then spikes and ratios with their targets."""
    print(f"\n{name}: {results['about']}")
    head = ("", "build [s]", "first result [s]", results["unit"], "lowest to highest")
    form = "  {:<42}{:>10}{:>18}{:>11}{:>21}{:>11}{:>11}"
    print(form.format(*head, "processor", "peak [MB]"))
    for subject, row in results["rows"].items():
        times = row["times"]
        spread = f"{short(min(times))} to {short(max(times))}"
        cells = [row.get("build_s"), row.get("first_s"), median(times), spread]
        cells += [min(row["processor"]), row.get("peak_mb")]
        text = [cell if isinstance(cell, str) else short(cell) for cell in cells]
        print(form.format(subject, *text))
    if "solved_s" in results:
        print(f"  arrays drawn and solved once for all: {short(results['solved_s'])} s")
    for line in [*_spikes(results), *map(ratio_line, results["ratios"])]:
        print(f"  {line}")


def _spikes(results: dict[str, Any]) -> Iterator[str]:
    """Whether spikes are equal, and how often Brian2's neurons fire."""
    if not (spikes := results.get("spikes")):
        return
    for pair, differ in spikes["differ"].items():
        verdict = "equal" if differ == 0 else f"NOT EQUAL, {differ} differ"
        yield f"spikes of {pair}: {verdict} ({sum(spikes['spikes'])} in {spikes['seconds']:g} s)"
    if brian := results["rows"].get("brian2"):
        seconds = brian["steps"] * 0.001  # the spikes of nefsim may be those of a shorter run
        more = sum(brian["spikes"]) / seconds / sum(spikes["spikes"]) * spikes["seconds"] - 1
        how = "more" if more > 0 else "less"
        yield f"brian2's neurons fire {100 * abs(more):.1f} % {how} often"


def ratio_line(ratio: dict[str, Any]) -> str:
    """One ratio with its target."""
    low, high = ratio["range"]
    text = f"{ratio['what']}: {short(ratio['median'])}"
    if high > low:
        text += f" ({short(low)} to {short(high)}"
        if "of_lowest" in ratio:
            text += f"; of the lowest times {short(ratio['of_lowest'])}"
        if "of_processor" in ratio:
            text += f", of the processor {short(ratio['of_processor'])}"
        text += ")"
    bound = ratio["at_least"] or ratio["at_most"]
    if bound:
        sign = "at least" if ratio["at_least"] else "at most"
        text += f"; target {sign} {bound:g}: {'reached' if ratio['reached'] else 'MISSED'}"
    return text


def extremes(figures: dict[str, Any]) -> list[str]:
    """The least, the middle and the best ratio to each other simulator, with their networks."""
    families: dict[tuple[str, str], list[tuple[float, str]]] = {}
    for name, each in figures["benchmarks"].items():
        for ratio in each["ratios"]:
            pair, _, quantity = ratio["what"].rpartition(", ")
            if quantity == "run" and " / " in pair:
                above, below = (end.partition(",")[0] for end in pair.split(" / "))
                if above in ("nengo", "brian2"):
                    families.setdefault((above, below), []).append((ratio["median"], name))
    lines = []
    for (above, below), them in families.items():
        them.sort()
        middle = median(value for value, _ in them)
        lines.append(
            f"{above} / {below}, {len(them)} networks: least {short(them[0][0])} ({them[0][1]}), "
            f"middle {short(middle)}, best {short(them[-1][0])} ({them[-1][1]})"
        )
    return lines


def missed(figures: dict[str, Any]) -> list[str]:
    """All targets that are not reached, and all networks whose spikes differ."""
    results = []
    for name, each in figures["benchmarks"].items():
        results += [f"{name}: {ratio_line(r)}" for r in each["ratios"] if r["reached"] is False]
        if each.get("spikes") and not each["spikes"]["agrees"]:
            results.append(f"{name}: the spikes differ")
    return results


def short(value: float | None) -> str:
    """Three digits that count."""
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 99.5 else f"{value:.3g}"
