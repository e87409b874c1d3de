"""Alertmanager as a sender: webhooks are checked and accepted here, and decoded later from the inbox."""
