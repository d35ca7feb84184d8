"""Says what to install where PyTorch is missing."""

from importlib.util import find_spec

from nefsim.backends import BackendUnavailable

if find_spec("torch") is None:
    raise BackendUnavailable(
        'nefsim.convert: torch must be installed, got none; pip install "nefsim[train]".'
    )
