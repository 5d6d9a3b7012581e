"""What is on the gateway's port besides its WebSocket: pages, documents and further sockets."""
