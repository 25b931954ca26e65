"""Turn snapshots and failures into the markup of the fleet page; pure."""
