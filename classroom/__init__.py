"""What people do in a delivery: attendance, scores, completion."""
