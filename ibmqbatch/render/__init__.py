"""What a person, or a script, gets to see. Writes, never decides; takes plain data."""
