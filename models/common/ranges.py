"""What enters the activations: the largest |pre-activation| per layer, and a penalty outside [-r, r]."""

import torch
import torch.nn.functional as F

from .activation import POLYNOMIALS


class RangeWatch:
    """Sees the input of every polynomial activation of a network through forward hooks.

    `largest` accumulates max |x| per layer until `reset`. After each forward pass in training mode
    `penalty` is the mean over layers of mean(max(|x| - r, 0)²), where `penalise` asks for it.
    """

    def __init__(self, network, penalise=False):
        layers = [module for module in network.modules() if isinstance(module, POLYNOMIALS)]
        self._count, self._penalise = len(layers), penalise
        self.reset()
        for index, layer in enumerate(layers):
            layer.register_forward_pre_hook(self._hook(index))

    def _hook(self, index):
        def watch(layer, inputs):
            low, high = torch.aminmax(inputs[0].detach())
            self.largest[index] = max(self.largest[index], -float(low), float(high))
            if self._penalise and layer.training:
                outside = F.softshrink(inputs[0], layer.r).square().mean() / self._count
                self.penalty = outside if index == 0 else self.penalty + outside

        return watch

    def reset(self):
        self.penalty = 0.0
        self.largest = [0.0] * self._count
