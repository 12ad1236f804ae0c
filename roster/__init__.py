"""Experts, and their skills from evidence."""
