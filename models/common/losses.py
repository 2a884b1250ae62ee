"""What a training step minimises, besides the range penalty: loss(images, logits, labels)."""

import torch
import torch.nn.functional as F


def balancing_weights(labels):
    """A weight per class, inverse to its share of `labels`; the mean over the labels is 1."""
    counts = torch.bincount(labels).float()
    return counts.sum() / (len(counts) * counts)


class Labels:
    """Cross-entropy with smoothed labels, each class with its weight where weights are given."""

    def __init__(self, smoothing, weights=None):
        self._smoothing, self._weights = smoothing, weights

    def __call__(self, images, logits, labels):
        return F.cross_entropy(logits, labels, self._weights, label_smoothing=self._smoothing)


class Teacher:
    """Cross-entropy mixed with the divergence from a trained network (Hinton et al., 1503.02531).

    The teacher sees the same augmented images; `share` is its part, and both soften by `temperature`.
    """

    def __init__(self, network, labels, share, temperature):
        self._network, self._labels = network.eval(), labels
        self._share, self._temperature = share, temperature

    def __call__(self, images, logits, labels):
        with torch.no_grad():
            target = F.softmax(self._network(images) / self._temperature, dim=1)
        softened = F.log_softmax(logits / self._temperature, dim=1)
        divergence = F.kl_div(softened, target, reduction="batchmean") * self._temperature**2
        return self._share * divergence + (1 - self._share) * self._labels(images, logits, labels)
