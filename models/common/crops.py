"""Random crops: whole images shifted by some pixels, or smaller windows of them for cheap epochs."""

import torch
import torch.nn.functional as F


def random_crops(images, side, padding):
    """(N, C, side, side): of each image, with `padding` zeros around it, a window anywhere."""
    images = F.pad(images, (padding,) * 4)
    room = images.shape[-1] - side
    corners = torch.randint(0, room + 1, (len(images), 2)).tolist()
    return torch.stack([image[:, y : y + side, x : x + side] for image, (y, x) in zip(images, corners)])
