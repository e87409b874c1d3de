"""The recorded world that the demo replays."""
