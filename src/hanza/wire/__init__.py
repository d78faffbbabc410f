"""Translation between our nouns and what travels.  Never a decision.  Unknown input is refused."""
