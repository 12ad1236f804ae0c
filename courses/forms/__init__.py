"""Forms of courses and deliveries."""
