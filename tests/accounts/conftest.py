"""Accounts whose service is mocked, as that of the client is."""

from __future__ import annotations

from tests.service.conftest import clock, wire

__all__ = ["clock", "wire"]
