"""What people do in Slack: buttons and slash commands, over HTTP or Socket Mode, and the answers they see."""
