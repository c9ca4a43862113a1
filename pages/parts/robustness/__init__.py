"""Parts of the page "How easily is it fooled?"."""
