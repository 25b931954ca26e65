"""boto3's clients as we make them: with which credentials, and which answers they accept."""
