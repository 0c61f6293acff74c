"""The labeller as a file for other runtimes: ONNX and torch.export."""
