"""Nominations, places, waiting lists, attendance, scores, completion."""
