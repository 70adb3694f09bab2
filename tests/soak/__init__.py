"""Killing the tool, the service and its workers at random instants, for as long as one likes."""
