"""Who reads a stream: OpenCV, GStreamer or PyAV."""
