"""What a cloud has to do right, built from the table of kinds."""
