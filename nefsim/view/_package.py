"""Says what to install where Bokeh is missing."""

from importlib.util import find_spec

from nefsim.backends import BackendUnavailable

if find_spec("bokeh") is None:
    raise BackendUnavailable(
        'nefsim.view: bokeh must be installed, got none; pip install "nefsim[view]".'
    )
