"""ResNet-20 for 32x32 images with one polynomial of degree 2 per activation."""

from torch import nn

BLOCKS = 3


def _convolution(inputs, outputs, size, stride=1):
    padding = size // 2
    return [nn.Conv2d(inputs, outputs, size, stride, padding, bias=False), nn.BatchNorm2d(outputs)]


class Block(nn.Module):
    """activation(two convolutions + shortcut): one squaring after the first, one after the sum."""

    def __init__(self, inputs, outputs, stride, activation):
        super().__init__()
        self.branch = nn.Sequential(
            *_convolution(inputs, outputs, 3, stride), activation(), *_convolution(outputs, outputs, 3)
        )
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else nn.Sequential(*_convolution(inputs, outputs, 1, stride))
        self.activation = activation()
        nn.init.constant_(self.branch[-1].weight, 0.5)  # the sum starts in the range of its parts

    def forward(self, x):
        return self.activation(self.branch(x) + self.shortcut(x))


def resnet20(activation):
    """3x32x32 -> 16x32x32 -> 32x16x16 -> 64x8x8 -> 10, of any image side; activation() makes each."""
    layers, inputs = [*_convolution(3, 16, 3), activation()], 16
    for outputs in (16, 32, 64):
        for _ in range(BLOCKS):
            layers.append(Block(inputs, outputs, 1 if inputs == outputs else 2, activation))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
