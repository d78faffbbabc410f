"""The standard's documents: requests read, resources written, and the pages that describe them."""
