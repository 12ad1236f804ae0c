"""Demonstration data: every capability in every state, made through the services."""
