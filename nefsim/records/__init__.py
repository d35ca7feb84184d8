"""What the probes of a simulator record: rows of numbers or spikes, in memory or on disk."""

from nefsim.records.events import Events
from nefsim.records.records import Data, Records, index_of, labels_of, recorded
from nefsim.records.stream import Stream

__all__ = ["Data", "Events", "Records", "Stream", "index_of", "labels_of", "recorded"]
