"""Demonstration data: every package in every state, made through the services."""
