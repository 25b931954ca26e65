"""What AWS documents for every service: errors, answers, permissions, quotas, addresses.

Law: pure; every table says which page it is from.
"""
