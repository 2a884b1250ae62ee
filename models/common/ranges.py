"""What enters the activations: the largest |pre-activation| per layer, and a penalty outside [-r, r]."""

import torch
import torch.nn.functional as F

from .activation import POLYNOMIALS, Quadratic


class RangeWatch:
    """Sees the input of every polynomial activation of a network through forward hooks.

    `largest` accumulates max |x| per layer until `reset`. In training every step minimises, besides its
    loss, `weight` times the mean over layers of mean(max(|x| - r, 0)²): activations with fixed
    coefficients put it into their gradient, for the others `penalty` is to be added to the loss. With
    `every` > 1, only one training step in so many is looked at, and penalised so many times as much.
    """

    def __init__(self, network, weight=0.0, every=1):
        self._layers = [module for module in network.modules() if isinstance(module, POLYNOMIALS)]
        self._count, self._weight, self._every = len(self._layers), weight, every
        self.reset()
        self.turn(0)
        for index, layer in enumerate(self._layers):
            layer.register_forward_pre_hook(self._hook(index))

    def turn(self, step):
        """Before each training step: whether this is one to look at."""
        self._looking = step % self._every == 0
        self.penalty = 0.0
        for layer in self._layers:
            layer.penalty = self._looking * self._every * self._weight / self._count

    def _hook(self, index):
        def watch(layer, inputs):
            if layer.training and not self._looking:
                return
            low, high = torch.aminmax(inputs[0].detach())
            self.largest[index] = max(self.largest[index], -float(low), float(high))
            self.penalty = self.penalty if index else 0.0
            if self._weight and layer.training and isinstance(layer, Quadratic):
                self.penalty = self.penalty + layer.penalty * F.softshrink(inputs[0], layer.r).square().mean()

        return watch

    def reset(self):
        """Forgets the ranges."""
        self.penalty = 0.0
        self.largest = [0.0] * self._count
