"""What belongs to one visitor's window."""

from pages.session import heaps

heaps.limit()  # with the first page, before other visitors bring threads
