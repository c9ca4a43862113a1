"""Parts of one page each."""
