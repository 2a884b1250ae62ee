"""Exponential moving average of a network's weights and batch statistics."""

import copy

import torch


class Average:
    """Holds `network`, whose every state entry follows the trained one; decay 0 copies it."""

    def __init__(self, trained, decay):
        self.network = copy.deepcopy(trained).eval()
        self._decay = decay
        self._steps = 0

    @torch.no_grad()
    def update(self, trained):
        self._steps += 1
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps)) if self._decay else 0.0
        state = trained.state_dict()
        for name, value in self.network.state_dict().items():
            if value.dtype.is_floating_point:
                value.lerp_(state[name], 1 - decay)
            else:
                value.copy_(state[name])

    def state(self):
        return {"steps": self._steps, "network": self.network.state_dict()}

    def restore(self, state):
        self._steps = state["steps"]
        self.network.load_state_dict(state["network"])
