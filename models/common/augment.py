"""Random flips, rotation, zoom, shift and shear of a whole batch in one resampling, and noise on top."""

import math
from collections import namedtuple

import torch
import torch.nn.functional as F

Augment = namedtuple("Augment", "degrees zoom shift shear noise kept flip contrast tinted tint", defaults=(0.0,) * 7)


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


def _flipped(images, share):
    coins = torch.rand(len(images), 1, 1, 1) < share
    return torch.where(coins, images.flip(3), images)


def _contrasted(images, bound):
    """Each image's distance from mid-grey times a factor in [1 - bound, 1 + bound], without clipping."""
    return (images - 0.5) * (1 + _uniform(len(images), bound).view(-1, 1, 1, 1)) + 0.5


def _tinted(images, share, bound):
    """Of that share of the images each channel is moved by an amount in [-bound, bound], without clipping."""
    offsets = _uniform(images[:, :, 0, 0].numel(), bound).view(*images.shape[:2], 1, 1)
    return images + offsets * (torch.rand(len(images), 1, 1, 1) < share)


def augment_batch(images, augment):
    """Mirrors the share `flip` of images (N, C, H, W) left to right, draws their contrast and tints the
    share `tinted`, so that images of rare colours keep within the activations' range too; then a
    bilinear resampling, zero outside, of each by its own affine map; then noise.

    The share `kept` of the batch is not resampled: resampling smooths, and a network that never
    sees a sharp image does worse on the sharp ones it is meant for.
    """
    images = _flipped(images, augment.flip) if augment.flip else images
    images = _contrasted(images, augment.contrast) if augment.contrast else images
    images = _tinted(images, augment.tinted, augment.tint) if augment.tinted else images
    kept = int(len(images) * augment.kept)
    if kept < len(images):
        images = torch.cat((images[:kept], _resample(images[kept:], augment)))
    return images + torch.randn_like(images) * augment.noise if augment.noise else images
