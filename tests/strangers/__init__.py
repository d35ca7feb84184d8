"""Types of a user, each in a right version and in one with a fault."""
