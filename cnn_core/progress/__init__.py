"""What a training says: events, the history they make, and a teacher's notes on it."""
