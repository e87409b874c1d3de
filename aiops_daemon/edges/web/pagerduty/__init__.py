"""What people do in PagerDuty, told by its webhooks (v3)."""
