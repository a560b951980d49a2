"""Where results go: a window, a video file, a tree of pictures, JSON lines."""
