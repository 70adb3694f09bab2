"""The engine: plans a job set, moves it forward one durable step at a time, reads its results."""
