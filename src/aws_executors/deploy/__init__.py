"""Generate a minimal working set-up from the settings, for CloudFormation or Terraform.

Law: pure. `model.py` defines the resources and knows neither tool; the files in `templates/` only write the
resources down, and decide nothing.
"""
