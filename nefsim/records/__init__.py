"""Records of probes: rows of numbers, or spikes as events, in memory or on disk."""

from nefsim.records.events import Events
from nefsim.records.records import Data, Records, index_of, labels_of, recorded
from nefsim.records.stream import Stream

__all__ = ["Data", "Events", "Records", "Stream", "index_of", "labels_of", "recorded"]
