"""Expressions of vectors: their values, and texts that are no expressions and run nothing."""

from __future__ import annotations

import builtins
import os
import subprocess
import time
from collections.abc import Callable

import numpy as np
import pytest
from test_nonsense import RUBBISH, SENTENCE

from nefsim import spa
from nefsim.spa import expressions


@pytest.fixture
def words() -> spa.Vocabulary:
    v = spa.Vocabulary(16, seed=1)
    v.populate("CAT; DOG; BIRD")
    return v


VALUES = {
    "CAT": lambda a, b, c: a,
    " CAT*~DOG ": lambda a, b, c: a * ~b,
    "CAT * (DOG + BIRD)": lambda a, b, c: a * (b + c),
    "CAT - DOG - BIRD": lambda a, b, c: a - b - c,
    "2 * CAT - .5e1 * -DOG": lambda a, b, c: 2 * a + 5.0 * b,
    "-CAT ** 2 * DOG": lambda a, b, c: -(a * a) * b,
    "~CAT ** 3": lambda a, b, c: ~(a * a * a),
    "CAT ** -2": lambda a, b, c: ~a * ~a,
    "~~CAT": lambda a, b, c: a,
    "unit(CAT + DOG)": lambda a, b, c: (a + b).unit(),
    "unitary(CAT) * Identity + Zero": lambda a, b, c: a.unitary(),
    "2 * (3 + 1) * CAT": lambda a, b, c: 8 * a,
    "2 ** 3 * CAT": lambda a, b, c: 8 * a,
}


@pytest.mark.parametrize("text", VALUES)
def test_an_expression_has_the_value_of_its_operators(text: str, words: spa.Vocabulary) -> None:
    ideal = VALUES[text](*(words[n] for n in words))
    # Rounding of sums of 16 products of numbers below 8.
    np.testing.assert_allclose(words.parse(text).vector, ideal.vector, rtol=0, atol=1e-12)


def test_long_sums_and_products_are_evaluated(words: spa.Vocabulary) -> None:
    total = words.parse("+".join(["CAT"] * 2000))
    np.testing.assert_allclose(total.vector, 2000 * words["CAT"].vector, rtol=1e-9)
    assert len(words.parse("*".join(["unitary(CAT)"] * 700))) == 16


CODE = [
    "__import__('os').system('touch hacked')",
    "().__class__.__base__.__subclasses__()",
    "CAT.__class__",
    "CAT.vector",
    "open('hacked', 'w')",
    "exec('import os')",
    "eval('1')",
    "lambda: CAT",
    "[CAT for CAT in (1,)]",
    "CAT if DOG else BIRD",
    "CAT; DOG",
    "CAT = DOG",
    "(CAT := DOG)",
    "CAT and DOG",
    "CAT @ DOG",
    "CAT / DOG",
    "CAT // 2",
    "CAT % 2",
    "CAT << 2",
    "CAT | DOG",
    "CAT ^ DOG",
    "CAT < DOG",
    "CAT[0]",
    "{CAT}",
    "f'{CAT}'",
    "'CAT'",
    '"CAT"',
    "b'CAT'",
    "`CAT`",
    "$(touch hacked)",
    "import os",
    "yield CAT",
    "await CAT",
    "*CAT",
    "**CAT",
    "CAT DOG",
    "CAT 2",
    "2 CAT",
    "2CAT",
    "1__0 * CAT",
    "0x10 * CAT",
    "1j * CAT",
    "1e999 * CAT",
    "9e99 * CAT",
    "CAT ** DOG",
    "CAT ** (2)",
    "CAT ** 0.5 ** 2",
    "CAT ** 1e9",
    "CAT ** -1e9",
    "2 ** 1e9 * CAT",
    "(-2) ** 0.5 * CAT",
    "0 ** -1 * CAT",
    "1",
    "0",
    "1 + CAT",
    "CAT - 1",
    "~1",
    "~1 * CAT",
    "unit(1)",
    "unit()",
    "unit(CAT, DOG)",
    "unit",
    "unit(unit)",
    "CAT(DOG)",
    "CAT()",
    "getattr(CAT, DOG)",
    "print(CAT)",
    "dot(CAT, DOG)",
    "",
    " ",
    "\n",
    "\x00",
    "CAT\x00",
    "CAT\\",
    "#CAT",
    "CAT #",
    "CAT +",
    "+",
    "-",
    "~",
    "(",
    ")",
    "()",
    "(CAT",
    "CAT)",
    "((CAT)",
    "CAT + + DOG",
    "CAT * * DOG",
    "CAT *** DOG",
    "CAT,",
    ",CAT",
    "CAT, DOG",
    "cat",
    "Cat",
    "CATT",
    "_",
    "__builtins__",
    "__import__",
    "os",
    "self",
    "None",
    "True",
    "nan",
    "inf * CAT",
    "\u0421\u0410\u0422",  # CAT in Cyrillic letters
    "CAT\u200b",
    "\uff23\uff21\uff34",
    "\u0661 * CAT",
    "\U0001f408",
    "\ud800",
    "CAT \u2212 DOG",
    "CAT \u00d7 DOG",
    "CAT" * 5000,
    "(" * 9999,
    "(" * 60 + "CAT" + ")" * 60,
    "~" * 60 + "CAT",
    "-" * 60 + "CAT",
    "~-" * 4000 + "CAT",
    "unit(" * 60 + "CAT" + ")" * 60,
    "CAT+" * 4000,
    " " * 10_001,
    "9" * 9999,
]

#: Endings and beginnings that make more texts of those above, up to 200.
MORE = [f"CAT + {text}" for text in CODE[:66]] + [f"{text} + (" for text in CODE[:24]]
HOSTILE = [*dict.fromkeys(CODE + MORE)]


def outcomes(call: Callable[[str], object], texts: list[str]) -> tuple[list[str], list[str]]:
    """The message of each text's error, and the functions that were called that run code."""
    calls: list[str] = []
    messages = []
    with pytest.MonkeyPatch.context() as patch:  # only here, as pytest calls these functions

        def watch(owner: object, name: str) -> None:
            patch.setattr(owner, name, lambda *a, **k: calls.append(name))

        for name in ("eval", "exec", "compile", "open"):
            watch(builtins, name)
        watch(os, "system")
        watch(subprocess, "Popen")
        for text in texts:
            try:
                call(text)
            except ValueError as error:
                messages.append(str(error))
            else:
                messages.append("accepted")
    return messages, calls


def test_hostile_texts_run_nothing(words: spa.Vocabulary) -> None:
    before = time.process_time()
    messages, calls = outcomes(words.parse, HOSTILE)
    pairs = zip(HOSTILE, messages, strict=True)
    assert [(t[:60], m) for t, m in pairs if not SENTENCE.fullmatch(m)] == []
    assert calls == []
    assert len(HOSTILE) >= 200
    # A text takes less than 10 ms, even under coverage; a search over all splits takes minutes.
    assert time.process_time() - before < 10


def test_hostile_texts_add_no_name(words: spa.Vocabulary) -> None:
    texts = [f"NEW = {text}; LAST" for text in HOSTILE if text.strip() and text != "CAT; DOG"]
    messages, calls = outcomes(words.populate, texts)
    pairs = zip(texts, messages, strict=True)
    assert [(t[:60], m) for t, m in pairs if not SENTENCE.fullmatch(m)] == []
    assert calls == []
    assert words.names == ("CAT", "DOG", "BIRD")


@pytest.mark.parametrize("name", [n for n, v in RUBBISH.items() if not isinstance(v, str)])
def test_an_expression_is_a_text(name: str, words: spa.Vocabulary) -> None:
    for method in (words.parse, words.populate):
        with pytest.raises(TypeError) as caught:
            method(RUBBISH[name])
        assert SENTENCE.fullmatch(str(caught.value))


def test_an_error_names_the_place() -> None:
    with pytest.raises(ValueError, match=r"got 'CAT \* & DOG' \(character 7\); write such as"):
        expressions.parse("f", "text", "CAT * & DOG")
