"""Give tasks to Spaun 2.0 in nefsim, and judge its answers.

    python benchmarks/spaun_tasks.py PATH VISION [--random] [--dimensions N] [--model-seed N]
        [--trials N] [--tasks NAME]... [--seed N] [--nengo]

PATH is a checkout of xchoo/spaun2.0 and VISION a folder of ``spaun_vision.py``; ``--random``
takes its images, and random weights.  The arm is left out, as it is compiled code of Python 2:
a drawing is the path that the motor system would send to it while the pen is down, and the
trained vision reads it.

A line for each trial has the digits that were shown; those that the vision saw in the second half
of their images; those that the memory held at the first positions when the question mark came,
and the one whose image the visual memory ``kept``, from which drawings are copied; those written
or drawn after it; and whether the answer began with the right digits (``right``) and had no
others (``exact``).  Seeds of the model differ in how far digits resemble symbols, on which the
visual memory holds its image: of eight, 8 in 128 dimensions and 6 in 256 resemble them least.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import spaun
import spaun_parts
import spaun_vision
from numpy.typing import NDArray

Array = NDArray[Any]

#: How long an image is shown [s], and the interval between recorded values.
SHOWN, EVERY = 0.2, 0.005


@dataclass(frozen=True)
class Task:
    """A kind of trial.

    Attributes
    ----------
    text : str
        What is shown, with a ``{}`` for each image of a digit; each X gives time for an answer.
    highest : tuple of int
        The highest class of each image; the lowest is ``lowest``.
    answer : callable
        The digits to write for these classes.
    drawn : bool
        Whether the answer is a drawing.
    """

    text: str
    highest: tuple[int, ...]
    answer: Callable[[list[int]], list[int]]
    lowest: int = 0
    drawn: bool = False


TASKS = {
    "recognition": Task("A1[{}]?X", (9,), lambda shown: shown),
    "copying": Task("A0[{}]?X", (9,), lambda shown: shown, drawn=True),
    "counting": Task("A4[{}][{}]?XXXX", (5, 4), lambda shown: [sum(shown)], lowest=1),
    "memory": Task("A3[{}{}{}]?XXXX", (9, 9, 9), lambda shown: shown),
}


class Subject:
    """Spaun, built once, which takes one trial after the other."""

    def __init__(self, options: argparse.Namespace, peer: str = "nefsim") -> None:
        self.network, dt, _ = spaun.model(options, arm=False)
        import nengo
        from _spaun.experimenter import experiment
        from _spaun.modules.stim import stim_data
        from _spaun.vocabulator import vocab

        self.experiment, self.stimuli, self.vocabulary = experiment, stim_data, vocab
        net = self.network
        parts = {
            "vision": net.vis.output,
            "memory": net.mem.mb1,
            "picture": net.vis.mb_output,
            "path": net.mtr.zero_centered_tgt_ee_loc,
            "pen": net.mtr.pen_down,
        }
        with net:
            self.probes = {
                name: nengo.Probe(part, synapse=0.01, sample_every=EVERY)
                for name, part in parts.items()
            }
        if peer == "nengo":
            self.sim = nengo.Simulator(net, dt=dt, progress_bar=False)
        else:
            from nefsim.nengo import Simulator

            self.sim = Simulator(net, dt=dt, progress_bar=False, dtype=options.dtype)
        self.written: list[tuple[float, int]] = []
        experiment.update_output = lambda t, i: self.written.append((t, int(i)))

    def trial(self, task: Task, rng: np.random.Generator) -> dict[str, Any]:
        """Show a trial, and report on it."""
        shown = [int(rng.integers(task.lowest, high + 1)) for high in task.highest]
        images = [f"<{rng.choice(self.stimuli.images_labels_inds[c])}>" for c in shown]
        text, stimuli = task.text.format(*images), self.stimuli
        found = (stimuli.get_image_ind, stimuli.get_image_label)
        self.experiment.initialize(text, *found, 0.933, "", np.random.RandomState(1))
        self.sim.reset()
        self.experiment.reset()
        self.network.monitor.mtr_exp_updated = False
        self.written.clear()
        self.sim.run(self.experiment.get_est_simtime(), progress_bar=False)
        data = {name: self.sim.data[probe] for name, probe in self.probes.items()}
        sequence = self.experiment.stim_seq_list
        at = [i for i, item in enumerate(sequence) if isinstance(item, tuple)]
        asked = sequence.index("QM")
        later = round(asked * SHOWN / EVERY)
        return {
            "shown": shown,
            "seen": [self.seen(data["vision"], i) for i in at],
            "held": self.held(data["memory"], asked, len(task.answer(shown))),
            "kept": self.kept(data["picture"], asked),
            "written": [i for t, i in self.written if t > asked * SHOWN],
            "paths": strokes(data["path"][later:], data["pen"][later:, 0]),
            "answer": task.answer(shown),
        }

    def seen(self, rows: Array, i: int) -> int:
        """The digit that the vision recognises in the second half of an image; -1 is none."""
        last, n = round((i + 1) * SHOWN / EVERY), round(SHOWN / EVERY / 2)
        like = self.vocabulary.item.vectors @ rows[last - n : last].mean(axis=0)
        return int(like.argmax()) if like.max() > 0.5 else -1

    def kept(self, rows: Array, i: int) -> int:
        """The digit whose image the visual memory holds when the next image comes."""
        last = round(i * SHOWN / EVERY)
        like = self.vocabulary.vis.vectors[:10] @ rows[last - 10 : last].mean(axis=0)
        return int(like.argmax())

    def held(self, rows: Array, i: int, n: int) -> list[int]:
        """The digits that are bound to the first positions in memory, before an image."""
        last = round(i * SHOWN / EVERY)
        like = self.vocabulary.enum.vectors @ rows[last - 10 : last].mean(axis=0)
        return [int(k) for k in like.reshape(-1, 10)[:n].argmax(axis=1)]


def strokes(path: Array, pen: Array) -> list[Array]:
    """The pieces of a path while the pen is down, for more than a tenth of a second."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], pen > 0.5, [0]]).astype(int)))
    pieces = zip(edges[::2], edges[1::2], strict=True)
    return [path[a:b] for a, b in pieces if (b - a) * EVERY > 0.1]


def picture(path: Array, side: int = 28, box: float = 19.0, pen: float = 1.1) -> Array:
    """A path as an image like those of MNIST: in a box of 20 pixels, about the centre of mass."""
    low, high = path.min(axis=0), path.max(axis=0)
    points = (path - (low + high) / 2) * box / max(float((high - low).max()), 1e-9)
    t = np.linspace(0, len(points) - 1, 400)
    fine = np.column_stack([np.interp(t, np.arange(len(points)), p) for p in points.T])
    fine -= fine.mean(axis=0)
    rows, columns = np.divmod(np.arange(side**2), side)
    x, y = columns - (side - 1) / 2, (side - 1) / 2 - rows
    distance = np.hypot(x[:, None] - fine[:, 0], y[:, None] - fine[:, 1]).min(axis=1)
    image: Array = np.clip(pen + 0.5 - distance, 0.0, 1.0)
    return image


class Reader:
    """The trained vision, by rate curves, which reads drawings."""

    def __init__(self, folder: Path, modules: Path) -> None:
        self.arrays, self.means, images = spaun_parts.read_vision(folder)
        self.shown = np.concatenate([images, spaun_parts.symbols(modules)])

    def read(self, path: Array) -> int:
        """The digit of a drawn path."""
        x = spaun_vision.normalised(picture(path)[None], self.shown)
        like = spaun_vision.activities(self.arrays, x)[0] @ self.arrays["Wc"] / self.means
        return int(like[: spaun_vision.N_DIGITS].argmax())


def judged(report: dict[str, Any], task: Task, reader: Reader) -> dict[str, Any]:
    """The parts of a report that were right, and the drawings as they are read."""
    paths = report.pop("paths")
    report["drawn"] = [reader.read(path) for path in paths]
    given = report["drawn"] if task.drawn else report["written"]
    report["right"] = given[: len(report["answer"])] == report["answer"]
    report["exact"] = given == report["answer"]
    report["seen_right"] = report["seen"] == report["shown"]
    report["held_right"] = report["held"] == report["shown"][: len(report["held"])]
    return report


def main() -> None:
    """Build Spaun, and print the trials and the shares of the tasks."""
    options = arguments()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "spaun"
        shutil.copytree(options.path, folder, ignore=shutil.ignore_patterns(".git"))
        shutil.copytree(options.vision, folder, dirs_exist_ok=True)
        if options.random:
            (folder / "_spaun" / "modules" / "vision" / "lif_vision" / "params.npz").unlink()
        spaun_parts.complete(folder)
        reader = Reader(options.vision, options.path / "_spaun" / "modules")
        options.path = folder
        begin = time.process_time()
        subject = Subject(options, "nengo" if options.nengo else "nefsim")
        facts = {
            "neurons": sum(e.n_neurons for e in {*subject.network.all_ensembles}),
            "build_processor_s": round(time.process_time() - begin),
        }
        print(json.dumps({**vars(options), "path": None, "vision": None, **facts}), flush=True)
        reports: dict[str, list[dict[str, Any]]] = {name: [] for name in options.tasks or TASKS}
        for trial in range(options.trials):
            for name, done in reports.items():
                begin, rng = time.process_time(), np.random.default_rng((options.seed, trial))
                report = judged(subject.trial(TASKS[name], rng), TASKS[name], reader)
                report["processor_s"] = round(time.process_time() - begin, 1)
                done.append(report)
                print(json.dumps({"task": name, **report}), flush=True)
        for name, done in reports.items():
            keys = ("seen_right", "held_right", "right", "exact")
            shares = {key: sum(report[key] for report in done) for key in keys}
            print(json.dumps({"task": name, "of": len(done), **shares}), flush=True)


def arguments() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("path", type=Path, help="the folder of the checkout")
    parser.add_argument("vision", type=Path, help="a folder of spaun_vision.py")
    parser.add_argument("--random", action="store_true", help="random weights of its vision")
    parser.add_argument("--dimensions", type=int, default=128, help="of the pointers")
    parser.add_argument("--modules", default="SVPEWTDM", help="letters, as in spaun.py")
    parser.add_argument("--detect", type=int, default=200, help="pixels whose change is detected")
    parser.add_argument("--tasks", action="append", choices=tuple(TASKS), help="all if left out")
    parser.add_argument("--trials", type=int, default=10, help="of each task")
    parser.add_argument("--seed", type=int, default=0, help="of the images")
    parser.add_argument("--model-seed", type=int, default=8, help="of Spaun's pointers and neurons")
    parser.add_argument("--dtype", default="float32", help="of nefsim")
    parser.add_argument("--nengo", action="store_true", help="Nengo in place of nefsim")
    return parser.parse_args()


if __name__ == "__main__":
    main()
