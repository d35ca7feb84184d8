"""Convert networks to and from NIR graphs, an exchange format of other tools and chips.

Needs the extra ``nir``: ``pip install nir h5py``.
"""

from nefsim.nir import _package  # noqa: F401  (first, for its message about the package)
from nefsim.nir.export import to_nir
from nefsim.nir.load import from_nir

__all__ = ["from_nir", "to_nir"]
