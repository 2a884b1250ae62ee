"""What changes while a run goes on, as functions of its progress in [0, 1)."""


def kept_share(augment, kept_at_end, progress):
    """From augment.kept linearly to `kept_at_end`; None leaves it."""
    return augment.kept if kept_at_end is None else augment.kept + progress * (kept_at_end - augment.kept)


def side_at(sides, progress):
    """The side of the images, of `sides`, pairs (progress until which it holds, side) in order.

    A network that ends in a global average sees smaller windows of the images first, at a fraction of
    the cost (progressive resizing, as in fast.ai's DAWNBench entry).
    """
    return next(side for until, side in sides if progress < until)


def relu_share_at(until, progress):
    """1 at the start, linearly to 0 at `until`: ReLU is replaced by the polynomial gradually."""
    return max(0.0, 1 - progress / until) if until else 0.0


def clamp_at(until, at_end, progress):
    """The clamping's bound in multiples of r: from 1 on to `at_end`; 0, for none, from `until` on."""
    return 1 + progress * (at_end - 1) if progress < until else 0.0
