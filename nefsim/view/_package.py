"""Says what to install where Bokeh is missing."""

from nefsim._extras import require

require("nefsim.view", "view")
