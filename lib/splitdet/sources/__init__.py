"""Where frames come from: pictures, video files, cameras, GStreamer pipelines, or nowhere real."""
