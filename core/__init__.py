"""Mechanisms that know no capability: every other package may import from here, this one imports
none of them."""
