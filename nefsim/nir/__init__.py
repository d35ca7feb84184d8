"""NIR graphs: networks for other tools and chips, and theirs for the engine.

Needs the extra ``nir``: ``pip install nir``.
"""

from nefsim.nir import _package  # noqa: F401  (says what to install, before all else)
from nefsim.nir.export import to_nir
from nefsim.nir.load import from_nir

__all__ = ["from_nir", "to_nir"]
