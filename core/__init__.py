"""Mechanisms that know no other package: every one may import from here, this one imports
none of them."""
