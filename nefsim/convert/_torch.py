"""Says what to install where PyTorch is missing."""

from nefsim._extras import require

require("nefsim.convert", "train")
