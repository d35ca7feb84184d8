"""The numerical tests under several kernels of OpenBLAS, with one thread and with two.

    python tests/kernels.py [--kernels A,B] [--threads 1,2] [--near SHARE] [pytest's arguments]

Each kernel multiplies with other instructions and adds in another order, and OpenBLAS takes the
one that suits the processor: a test that passes on one machine may fail on another.  Each pair
runs in a separate process, which checks that the kernel is in force.  Prints a table of kernel x
threads, and the comparisons that came near to their tolerance.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent

#: With SSE, with AVX2 and with AVX-512, with the names that OpenBLAS reports.
KERNELS = {"Prescott": "Katmai", "Haswell": "Haswell", "SkylakeX": "SkylakeX"}

#: Tests of pages, commands, files and packages, and those that take long to train.
NOT_NUMERICAL = (
    *("attacks", "benchmarks", "citations", "cli", "cli_saving", "datasets", "describe"),
    *("files", "gallery", "habits", "reproduce", "site", "sklearn"),
    *("house", "interruptions", "mnist", "mutants", "nonsense", "notebooks", "object_cache"),
    *("package", "readme", "records", "train", "view", "view_browser", "view_server", "writing"),
)


def main() -> int:
    """Run all pairs; 0 if all passed under the kernels that they should have."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", default=",".join(KERNELS), help="names, by commas")
    parser.add_argument("--threads", default="1,2", help="numbers, by commas")
    parser.add_argument("--near", type=float, default=0.5, help="a share of the tolerance")
    options, arguments = parser.parse_known_args()
    if "OPENBLAS_CORETYPE" in os.environ:
        print("kernels: OPENBLAS_CORETYPE is set; unset it to choose kernels", file=sys.stderr)
        return 2
    if not any(Path(each.split("::")[0]).exists() for each in arguments):
        arguments += [
            str(path)
            for path in sorted(HERE.glob("test_*.py"))
            if path.stem.removeprefix("test_") not in NOT_NUMERICAL
        ]
    rows, near = [], {}
    for kernel in options.kernels.split(","):
        for threads in options.threads.split(","):
            report = _run(kernel, threads, arguments)
            rows.append((kernel, threads, report))
            for test, share in report["shares"].items():
                near.setdefault(test, {})[f"{kernel} {threads}"] = share
            print(_row(*rows[-1]), flush=True)
            for name in report["failures"]:
                print(f"  {name}", flush=True)
    print(
        "\n| kernel | threads | in force | passed | failed | skipped |\n|---|---|---|---|---|---|"
    )
    print(*(_row(*row) for row in rows), sep="\n")
    found = {t: max(s.values()) for t, s in near.items() if max(s.values()) >= options.near}
    print(f"\nComparisons within {options.near:g} of their tolerance or more: {len(found)}")
    for test, share in sorted(found.items(), key=lambda row: -row[1]):
        print(f"  {share:.2f} {test}")
    return int(
        any(
            report["failed"] or report["in force"] != [f"{KERNELS.get(k, k)} {n}"]
            for k, n, report in rows
        )
    )


def _run(kernel: str, threads: str, arguments: list[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "told.json")
        chosen = {"OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": threads}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "kernels", *arguments]
        paths = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
        env = {**os.environ, **chosen, "PYTHONPATH": paths, "NEFSIM_KERNELS": str(file)}
        done = subprocess.run(
            command, env=env, cwd=HERE.parent, capture_output=True, text=True, check=False
        )
        if not file.exists():
            sys.exit(f"kernels: no tests ran\n{done.stdout}\n{done.stderr}")
        return dict(json.loads(file.read_text()))


def _row(kernel: str, threads: str, report: dict[str, Any]) -> str:
    counts = " | ".join(str(report[name]) for name in ("passed", "failed", "skipped"))
    return f"| {kernel} | {threads} | {', '.join(report['in force'])} | {counts} |"


# -- in the process of the tests, as a plugin of pytest ------------------------------------


class Watch:
    """Counts outcomes, and records how near each comparison came to its tolerance."""

    def __init__(self) -> None:
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}
        self.failures: list[str] = []
        self.shares: dict[str, float] = {}
        self.test = ""
        self._compare = np.testing.assert_allclose
        np.testing.assert_allclose = self.compare

    def compare(self, actual: Any, desired: Any, *args: Any, **options: Any) -> None:
        """``assert_allclose``, and the share of its tolerance that was taken."""
        rtol = args[0] if args else options.get("rtol", 1e-7)
        atol = args[1] if len(args) > 1 else options.get("atol", 0.0)
        with np.errstate(all="ignore"):
            try:
                wanted = np.asarray(desired)
                off = np.abs(np.asarray(actual) - wanted)
                bound = atol + rtol * np.abs(wanted)
                share = float(np.nanmax(np.where(off > 0, off / bound, 0.0), initial=0.0))
            except (TypeError, ValueError):
                share = 0.0
        self.shares[self.test] = max(share, self.shares.get(self.test, 0.0))
        self._compare(actual, desired, *args, **options)

    def pytest_runtest_setup(self, item: Any) -> None:
        """Whose comparisons follow."""
        self.test = item.nodeid

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Counts a test once, and an error before or after it too."""
        if report.when == "call" or report.outcome != "passed":
            self.counts[report.outcome] += 1
        if report.failed:
            self.failures.append(report.nodeid)

    def pytest_unconfigure(self) -> None:
        """Write the results."""
        import scipy.linalg  # noqa: F401  SciPy has another OpenBLAS
        from threadpoolctl import threadpool_info

        blas = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
        kinds = {f"{pool.get('architecture', '?')} {pool['num_threads']}" for pool in blas}
        report = {**self.counts, "in force": sorted(kinds), "failures": self.failures}
        Path(os.environ["NEFSIM_KERNELS"]).write_text(json.dumps({**report, "shares": self.shares}))


def pytest_configure(config: Any) -> None:
    """Watch the tests."""
    config.pluginmanager.register(Watch())


if __name__ == "__main__":
    sys.exit(main())
