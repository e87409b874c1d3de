"""The channels of receivers, one kind a file: what its section holds, and the specification that it becomes."""
