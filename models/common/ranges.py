"""What enters the activations: the largest |pre-activation| per layer, and a penalty outside [-r, r]."""

import torch

from .activation import POLYNOMIALS


class RangeWatch:
    """Sees the input of every polynomial activation of a network through forward hooks.

    After each forward pass `penalty` is the mean over layers of mean(max(|x| - r, 0)²);
    `largest` accumulates max |x| per layer until `reset`.
    """

    def __init__(self, network):
        layers = [module for module in network.modules() if isinstance(module, POLYNOMIALS)]
        self._count = len(layers)
        self.reset()
        for index, layer in enumerate(layers):
            layer.register_forward_pre_hook(self._hook(index))

    def _hook(self, index):
        def watch(layer, inputs):
            size = inputs[0].abs()
            if index == 0:
                self.penalty = 0.0
            self.penalty = self.penalty + torch.relu(size - layer.r).square().mean() / self._count
            self.largest[index] = max(self.largest[index], float(size.detach().max()))

        return watch

    def reset(self):
        self.penalty = 0.0
        self.largest = [0.0] * self._count
