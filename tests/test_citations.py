"""BibTeX for a model has what its docstrings cite, and nothing that the model does not use."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nefsim as nef
from nefsim import _bibliography as bibliography
from nefsim import networks, spa


def keys(text: str) -> list[str]:
    """Keys of the entries of a BibTeX file."""
    return re.findall(r"^@\w+\{(\w+),$", text, re.MULTILINE)


def test_a_plain_network_cites_the_package_and_the_framework() -> None:
    net = nef.Network()
    net.connect(net.node(np.sin), net.ensemble(10, 1))
    text = nef.citations(net)
    assert keys(text) == ["nefsim", "eliasmith2003neural"]
    assert f"version = {{{nef.__version__}}}" in text


def test_each_part_of_a_network_is_cited_once() -> None:
    net = nef.Network()
    a = net.ensemble(10, 1, neuron_type=nef.AdaptiveLIF())
    b = net.ensemble(10, 1, neuron_type=nef.AdaptiveLIF())
    inner = net.subnetwork()
    inner.connect(a, b, learning_rule=[nef.PES(), nef.BCM()], solver=nef.LstsqL2(weights=True))
    net.probe(b, solver=nef.Nnls())
    networks.product(net, 10, 1, label="another name")
    assert keys(nef.citations(net))[2:] == [
        *("gosmann2015precise", "lacamera2004minimal", "macneil2011fine"),
        *("bienenstock1982theory", "lawson1974solving"),
    ]


def test_entries_are_valid_bibtex() -> None:
    for key in bibliography.ENTRIES:
        text = bibliography.entry(key)
        assert text.count("{") == text.count("}")
        assert re.fullmatch(r"@\w+\{\w+,\n(  \w+ = \{.*\},\n)+\}", text)
        # A key is the surname of the first author, the year, and a word of the title.
        (parts,) = re.findall(r"^([a-z]+)(\d{4})([a-z]+)$", key)
        surname, year, word = parts
        _, author, title, _, year_of_entry, _ = bibliography.ENTRIES[key]
        assert int(year) == year_of_entry and f"year = {{{year}}}" in text
        assert re.sub("[^a-z]", "", author.split(",")[0].lower()) == surname, key
        assert word in re.findall("[a-z]+", title.lower()), key


#: Functions that make the ready networks, where their names are not those of the kinds.
ELSEWHERE = {"action selection": spa.action_selection, "path integrator": spa.path_integrator}


def objects() -> list[tuple[Callable[..., Any], str]]:
    """Classes and functions with the keys of their entries."""
    pairs = [(getattr(nef, name), k) for name, ks in bibliography.OF_CLASSES.items() for k in ks]
    for kind, found in bibliography.OF_NETWORKS.items():
        function = ELSEWHERE.get(kind) or getattr(networks, kind.replace(" ", "_"))
        pairs += [(function, key) for key in found]
    return pairs


@pytest.mark.parametrize(("cited", "key"), objects(), ids=lambda x: getattr(x, "__name__", x))
def test_an_entry_is_a_reference_of_the_docstring(cited: Callable[..., Any], key: str) -> None:
    doc = " ".join((inspect.getdoc(cited) or "").split())
    if cited is nef.AdaptiveLIFRate:  # whose docstring names AdaptiveLIF
        doc = " ".join((inspect.getdoc(nef.AdaptiveLIF) or "").split())
    _, author, title, _, year, _ = bibliography.ENTRIES[key]
    surname = author.split(" and ")[0].split(",")[0]
    assert surname in doc and str(year) in doc
    assert title.split(":")[0].lower() in doc.lower()


def test_each_entry_is_used() -> None:
    used = {key for _, key in objects()} | {"eliasmith2003neural"}
    assert used == set(bibliography.ENTRIES)
    assert {n for n in bibliography.OF_NETWORKS if n not in ELSEWHERE} <= {
        name.replace("_", " ") for name in networks.__all__
    }
