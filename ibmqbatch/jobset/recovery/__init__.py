"""Sets that are made of what the service has: those of ours, and jobs of other programs."""
