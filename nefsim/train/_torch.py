"""Raise an error with the install command if PyTorch is missing."""

from nefsim._extras import require

require("nefsim.train", "train")
