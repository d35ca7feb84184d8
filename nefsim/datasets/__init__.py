"""Pictures of digits to learn from: a small set that comes with nefsim, and MNIST.

Nothing is read before it is asked for, and no pickle is ever loaded.
"""

from nefsim.datasets.images import LabelledImages, digits, one_hot
from nefsim.datasets.mnist import mnist

__all__ = ["LabelledImages", "digits", "mnist", "one_hot"]
