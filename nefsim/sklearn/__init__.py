"""Populations of neurons as estimators of scikit-learn, with decoders solved by ``fit``.

Needs the extra ``sklearn``: ``pip install scikit-learn``.
"""

from nefsim.sklearn import _package  # noqa: F401  (first, for its message about the package)
from nefsim.sklearn.estimators import NEFClassifier, NEFRegressor

__all__ = ["NEFClassifier", "NEFRegressor"]
