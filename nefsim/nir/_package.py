"""Says what to install where the package ``nir`` is missing."""

from importlib.util import find_spec

from nefsim.backends import BackendUnavailable

if find_spec("nir") is None:
    raise BackendUnavailable(
        'nefsim.nir: nir must be installed, got none; pip install "nefsim[nir]".'
    )
