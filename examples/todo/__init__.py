"""A todo list: typed bodies, a dynamic path, async and blocking views, log-in, a page, a script."""
