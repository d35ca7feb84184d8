"""Says what to install where the package ``nir`` is missing."""

from nefsim._extras import require

require("nefsim.nir", "nir")
