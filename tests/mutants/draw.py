"""The draw of changes by a seed: at least five in each subpackage, all kinds equally often."""

from __future__ import annotations

import ast
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from .sites import KINDS, Change, changes

LEAST = 5

#: Modules outside of folders that count as one room, by rows of the table in ARCHITECTURE.md; a
#: module that is not named here is a room.
SHARED = {
    "foundations": (
        *("_checks", "_values", "_graphs", "_writing", "_archive", "_schema"),
        *("_habits", "_signatures", "_extras", "_collector", "_html", "__init__", "_cores"),
    ),
    "signals": (
        "synapses",
        "filtering",
        "algebra",
        "convolution",
        "encoding",
        "spike_noise",
        "typing",
    ),
    "saving": ("files", "checkpoint", "learned", "saving"),
    "running": (
        *("simulator", "settings", "stepping", "watching", "inputs", "partition", "seeds"),
        *("result", "streaming", "progress", "deadlines", "pacing"),
    ),
    "command": (
        *("cli", "__main__", "crosscheck", "bench", "demo", "scripts"),
        *("citations", "_bibliography"),
    ),
}
ROOMS = {module: room for room, modules in SHARED.items() for module in modules}


def room_of(path: str) -> str:
    """The folder or the row of the table that a file belongs to."""
    parts = Path(path).with_suffix("").parts[1:]
    return ROOMS.get(parts[0], parts[0])


def all_changes(root: Path, rooms: Iterable[str] = ()) -> list[Change]:
    """Changes to all modules of the package, or of some of its rooms."""
    files = sorted((root / "nefsim").rglob("*.py"))
    wanted = set(rooms)
    found = []
    for file in files:
        path = file.relative_to(root).as_posix()
        if not wanted or room_of(path) in wanted:
            found += changes(path, file.read_bytes())
    return found


def draw(root: Path, found: Iterable[Change], seed: int, count: int) -> list[Change]:
    """As many changes as asked for, of different places.

    A change has a rank that depends on the seed and on its content, so that a change to the
    package elsewhere draws no other ones.  In each room the kinds take turns; then rooms get
    more by their sizes.
    """
    rooms: dict[str, dict[str, list[Change]]] = defaultdict(lambda: defaultdict(list))
    size: dict[str, int] = defaultdict(int)
    for change in found:
        rooms[room_of(change.path)][change.kind].append(change)
        size[room_of(change.path)] += 1
    queues = {room: _turns(root, seed, room, kinds) for room, kinds in sorted(rooms.items())}
    drawn: dict[str, list[Change]] = {
        room: list(islice(queue, LEAST)) for room, queue in queues.items()
    }
    while queues and sum(map(len, drawn.values())) < count:
        # The room that has the fewest for its size is next.
        room = min(queues, key=lambda room: len(drawn[room]) / size[room])
        if (change := next(queues[room], None)) is None:
            del queues[room]
        else:
            drawn[room].append(change)
    every = (change for changes_of_room in drawn.values() for change in changes_of_room)
    return sorted(every, key=lambda change: _rank(seed, change))[:count]


def _turns(root: Path, seed: int, room: str, kinds: dict[str, list[Change]]) -> Iterator[Change]:
    """The changes of a room in the order in which they are drawn; one at each place."""
    order = sorted(KINDS, key=lambda kind: _digest(seed, room, kind))
    ranked = [iter(sorted(kinds.get(kind, []), key=lambda c: _rank(seed, c))) for kind in order]
    places = set()
    while ranked:
        for left in list(ranked):
            for change in left:
                if (change.path, change.line) not in places and _compiles(root, change):
                    places.add((change.path, change.line))
                    yield change
                    break
            else:
                ranked.remove(left)


def _compiles(root: Path, change: Change) -> bool:
    try:
        ast.parse(change.apply((root / change.path).read_bytes()))
    except SyntaxError:
        return False
    return True


def _rank(seed: int, change: Change) -> str:
    identity = (change.path, change.function, change.kind, change.before, change.after)
    return _digest(seed, *identity)


def _digest(*parts: object) -> str:
    return hashlib.blake2b("\0".join(map(str, parts)).encode(), digest_size=8).hexdigest()
