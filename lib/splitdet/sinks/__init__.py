"""Where results go: a window, and files of several kinds, each in a module of its own."""
