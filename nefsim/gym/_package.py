"""Check on import that gymnasium is installed; the error names the command that installs it."""

from nefsim._extras import require

require("nefsim.gym", "gym")
