"""The embedded AWS as an HTTP server: it authenticates requests, parses them, and renders the answers."""
