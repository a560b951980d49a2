"""When each stage worked on each frame: written while a run goes on, read again, and drawn."""
