"""The classes of the old job manager, on the engine of job sets."""
