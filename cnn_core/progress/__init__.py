"""The progress of a training: events, their history, and a teacher's notes on it."""
