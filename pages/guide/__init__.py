"""The guided course over all pages: its panel, ways into it, and how one is put together."""
