"""Writes every .onnx and .json of this folder: python3 tests/data/onnx/make.py"""

import hand_cases
import keras_cases
import refused_cases
import torch_cases

if __name__ == "__main__":
    for cases in (torch_cases, keras_cases, hand_cases, refused_cases):
        cases.make()
