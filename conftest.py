"""What pytest leaves out where an optional package is missing."""

from importlib.util import find_spec

NEEDS = {
    "torch": ("nefsim/train", "nefsim/convert"),
    "nir": ("nefsim/nir",),
    "bokeh": ("nefsim/view",),
}
collect_ignore = [room for package in NEEDS if not find_spec(package) for room in NEEDS[package]]
