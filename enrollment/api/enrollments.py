"""Enrollments, attendance, scores, completion."""
