"""Ten models of semantic pointers: their words, inputs, and how an answer is read.

``spa_models.py`` has them for nefsim and ``spa_nengo.py`` for nengo_spa, each as a function of the
name in ``CASES``, with the same vectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

#: Dimensions of all models.
DIMENSIONS = 64

#: Neurons of a dimension of a state, of a product and of an action: defaults of nengo_spa, and
#: numbers with which nefsim has no larger errors (``spa_errors.py``).
NENGO = {"state": 50, "product": 200, "action": 100}
NATIVE = {"state": 30, "product": 100, "action": 100}

NUMBERS = "ONE TWO THREE FOUR FIVE"
SCENE = "RED * CIRCLE + BLUE * SQUARE"


@dataclass(frozen=True)
class Case:
    """A model: the names of its vocabulary, and the times at which it has to answer.

    Parameters
    ----------
    names : str
        The names of the vocabulary.
    seconds : float [s]
        Length of the run.
    answers : dict of float to str
        The answer at some times [s]; empty for a sequence.
    synapse : float [s]
        Filter of the probe.
    """

    names: str
    seconds: float
    answers: dict[float, str]
    synapse: float = 0.03

    def vocabulary(self, seed: int) -> Any:
        """The vocabulary of nefsim, which nengo_spa copies."""
        from nefsim import spa

        v = spa.Vocabulary(DIMENSIONS, seed=seed, max_similarity=0.1)
        v.populate(";".join(self.names.split()))
        return v

    def answer(self, data: np.ndarray, vocabulary: Any) -> str:
        """The words that a probe of the run says."""
        if data.shape[1] == 1:
            rows = [data[round(1000 * t) - 1, 0] for t in self.answers]
            return " ".join("same" if x > 0.5 else "different" for x in rows)
        if self.answers:
            rows = np.array([data[round(1000 * t) - 1] for t in self.answers])
            return " ".join(vocabulary.nearest(rows))
        said = vocabulary.nearest(data[120:])
        return " ".join(a for a, b in pairwise([*said, ""]) if a != b)

    def is_right(self, answer: str) -> bool:
        """Whether the answer is the correct one."""
        if self.answers:
            return answer == " ".join(self.answers.values())
        names, said = self.names.split(), answer.split()
        steps = {(a, b) for a, b in pairwise([*names, names[0]])}
        return len(said) >= 10 and all(pair in steps for pair in pairwise(said))


CASES = {
    "bind": Case("A B C D", 0.3, {0.3: "A"}),
    "unbind": Case("A B C D", 0.3, {0.3: "A"}),
    "cleanup": Case("A B C D E F G H", 0.6, {0.3: "A", 0.6: "B"}),
    "compare": Case("A B", 0.6, {0.3: "same", 0.6: "different"}),
    "rules": Case(
        "DOG CAT RAT COW BARK MEOW PEEP MOO",
        0.8,
        {0.2: "BARK", 0.4: "MEOW", 0.6: "PEEP", 0.8: "MOO"},
    ),
    "sequence": Case("A B C D E", 1.0, {}, 0.01),
    "question": Case("RED BLUE CIRCLE SQUARE", 1.2, {0.9: "RED", 1.2: "BLUE"}),
    "parsing": Case("WRITE READ ONE TWO VERB NOUN", 1.2, {0.9: "WRITE", 1.2: "TWO"}),
    "counting": Case(NUMBERS, 0.8, {0.8: "FOUR"}),
    "memory": Case("A B C D", 1.0, {0.2: "A", 1.0: "A"}),
}
