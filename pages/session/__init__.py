"""What belongs to one visitor's window."""
