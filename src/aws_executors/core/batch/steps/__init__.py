"""Steps for builders of Batch: each changes some members of a SubmitJob request."""
