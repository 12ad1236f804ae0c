"""Skills, courses and their versions, deliveries, timetables, calendars."""
