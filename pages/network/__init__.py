"""Which network a page shows, which epoch of it, what it is called and what it answers."""
