"""A site, its gateway and its application while somebody works on them."""
