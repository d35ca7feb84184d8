"""Raise an error with the install command if the package ``nir`` is missing."""

from nefsim._extras import require

require("nefsim.nir", "nir")
