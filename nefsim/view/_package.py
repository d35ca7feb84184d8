"""Check on import that Bokeh is installed; the error names the command that installs it."""

from nefsim._extras import require

require("nefsim.view", "view")
