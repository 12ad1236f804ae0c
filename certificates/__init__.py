"""Certificates: numbers, payload, rendering and verification."""
