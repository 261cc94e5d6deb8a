"""Public sets that are run through the product itself: one module a set, each gives lines for the table."""
