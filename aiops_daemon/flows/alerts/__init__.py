"""The alert road: from an accepted body to incidents."""
