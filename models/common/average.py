"""Means of weights and batch statistics: over the steps of a run, and over runs."""

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


def mean_of_runs(paths):
    """The mean of what runs that parted from one state ended with (model soups, Wortsman et al., 2203.05482).

    `paths` are the states that `fit` leaves to resume from.
    """
    states = [torch.load(path)["run"]["average"]["network"] for path in paths]
    return {
        name: torch.stack([state[name].float() for state in states]).mean(0).to(value.dtype)
        for name, value in states[0].items()
    }
