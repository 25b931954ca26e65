"""Steps for builders of ECS: each changes some members of a RunTask request."""
