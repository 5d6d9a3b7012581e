"""A chat: topics with history and presence, messages to all devices of a user, a page that resumes."""
