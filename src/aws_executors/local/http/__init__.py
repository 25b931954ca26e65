"""The embedded AWS as a server of HTTP: who may ask, what is asked for, and how the answer is spelled."""
