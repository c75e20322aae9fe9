"""The studio: accounts, pages and an HTTP interface over one home, served by one process that loads no model."""
