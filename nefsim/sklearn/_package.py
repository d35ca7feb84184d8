"""Check on import that scikit-learn is installed; the error names the command that installs it."""

from nefsim._extras import require

require("nefsim.sklearn", "sklearn")
