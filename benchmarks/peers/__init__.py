"""One module per simulator: ``start(job)`` gets it ready and returns facts and a run."""
