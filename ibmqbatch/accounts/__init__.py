"""Accounts: where they are written down, which one is meant, and where its service is."""
