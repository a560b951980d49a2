"""TensorRT as engine: ONNX to an engine for this GPU, kept in a file, run on streams of its own."""
