"""Demonstration data: every package in every state, created through the services."""
