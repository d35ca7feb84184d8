"""Labelled images of digits: a small set that comes with nefsim, and MNIST.

Files are read when a function is called; pickles are never loaded.
"""

from nefsim.datasets.images import LabelledImages, digits, one_hot
from nefsim.datasets.mnist import mnist

__all__ = ["LabelledImages", "digits", "mnist", "one_hot"]
