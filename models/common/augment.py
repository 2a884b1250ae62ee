"""Random rotation, zoom, shift and shear of a whole batch in one resampling, and noise on top."""

import math
from collections import namedtuple

import torch
import torch.nn.functional as F

Augment = namedtuple("Augment", "degrees zoom shift shear noise kept", defaults=(0.0, 0.0, 0.0))


def _uniform(count, bound):
    return (torch.rand(count) * 2 - 1) * bound


def affine_matrices(count, augment):
    """(count, 2, 3) maps from output to input coordinates in [-1, 1]².

    Zoom is drawn per axis from [1-zoom, 1+zoom], shift per axis as a part of the image side, and
    shear leans the strokes by up to that slope before they are rotated.
    """
    angle = _uniform(count, math.radians(augment.degrees))
    zoom_x, zoom_y = 1 + _uniform(count, augment.zoom), 1 + _uniform(count, augment.zoom)
    shift_x, shift_y = _uniform(count, 2 * augment.shift), _uniform(count, 2 * augment.shift)
    cos, sin = torch.cos(angle), torch.sin(angle)
    lean = _uniform(count, augment.shear)
    a, b, c, d = cos * zoom_x, -sin * zoom_y, sin * zoom_x, cos * zoom_y
    rows = [a, b + lean * a, shift_x, c, d + lean * c, shift_y]
    return torch.stack(rows, dim=1).view(count, 2, 3)


def _resample(images, augment):
    matrices = affine_matrices(len(images), augment)
    grid = F.affine_grid(matrices, images.shape, align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def augment_batch(images, augment):
    """Bilinear resampling of images (N, C, H, W), zero outside, each by its own affine map; then noise.

    The share `kept` of the batch is not resampled: resampling smooths, and a network that never
    sees a sharp image does worse on the sharp ones it is meant for.
    """
    kept = int(len(images) * augment.kept)
    images = torch.cat((images[:kept], _resample(images[kept:], augment)))
    return images + torch.randn_like(images) * augment.noise if augment.noise else images
