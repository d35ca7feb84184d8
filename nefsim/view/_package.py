"""An error with the command that installs Bokeh, where it is missing."""

from nefsim._extras import require

require("nefsim.view", "view")
