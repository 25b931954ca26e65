"""What the fleet page shows and how: pure, from snapshots and failures to markup."""
