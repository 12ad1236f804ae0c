"""Programs for those who develop Rostrum."""
