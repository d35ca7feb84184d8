"""What pytest leaves out where an optional package is missing, and patience with slow machines."""

from importlib.util import find_spec

NEEDS = {
    "torch": ("nefsim/train", "nefsim/convert"),
    "nir": ("nefsim/nir",),
    "bokeh": ("nefsim/view",),
}
collect_ignore = [room for package in NEEDS if not find_spec(package) for room in NEEDS[package]]

if find_spec("hypothesis"):
    from hypothesis import settings

    # An example may take long where others use the processor; its limit is 0.2 s else.
    settings.register_profile("patient", deadline=None)
    settings.load_profile("patient")
