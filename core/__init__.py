"""Mechanisms that know no capability: every other room may import from here, this one imports none of them."""
