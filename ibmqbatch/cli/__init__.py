"""The command line: one file a verb. Each parses, calls the engine, and hands over to render."""
