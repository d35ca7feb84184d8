"""Check on import that PyTorch is installed; the error names the command that installs it."""

from nefsim._extras import require

require("nefsim.train", "train")
