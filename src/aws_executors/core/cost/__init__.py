"""What a container has used, what that cost, and which size would do.

Law: pure. Prices are data (`prices.json`, or a user's own file of the same shape); a cost is always an
estimate, and says so.
"""
