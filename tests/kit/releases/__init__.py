"""The agents' language of each release, as it was: what is in the field stays understood."""
