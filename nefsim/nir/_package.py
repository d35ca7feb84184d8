"""Check on import that ``nir`` is installed; the error names the command that installs it."""

from nefsim._extras import require

require("nefsim.nir", "nir")
