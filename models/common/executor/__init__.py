"""A small executor of ONNX graphs in numpy, float64: an opinion independent of torch and of C++."""

from .graph import Executor

__all__ = ["Executor"]
