"""The command line: a client like any other.  It knows the API and nothing of the inside."""
