"""Records of probes: rows of numbers, or spikes as events, in memory or on disk."""

from nefsim.records.data import Data, index_of, labels_of
from nefsim.records.events import Events
from nefsim.records.records import Records, recorded
from nefsim.records.stream import Stream

__all__ = ["Data", "Events", "Records", "Stream", "index_of", "labels_of", "recorded"]
