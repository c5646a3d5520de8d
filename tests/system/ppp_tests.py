"""Tests that need PPP."""
