"""Schedules of other tools in our words: what is exported there becomes sections of our configuration."""
