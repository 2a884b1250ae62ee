"""The training loop: AdamW, one-cycle learning rate, augmentation, best validation epoch kept."""

import time
from dataclasses import asdict, dataclass
from typing import Optional

import torch
import torch.nn.functional as F

from .activation import Polynomial
from .augment import Augment, augment_batch
from .average import Average
from .crops import random_crops
from .losses import Labels, Teacher, balancing_weights
from .memory import keep_freed_memory
from .progress import Log, save_atomically
from .progression import clamp_at, kept_share, relu_share_at, side_at
from .ranges import RangeWatch


@dataclass(frozen=True)
class Recipe:
    """Every number that decides a run; written as the first line of its log.

    The share of images that augment leaves alone goes from `augment.kept` to `kept_at_end` during the
    run, where that is given; tints are drawn in the part `tinted_part` of the run (from, until).
    `sides` (see side_at) asks for random crops of these sides, the full one after padding by `crop_padding`
    zeros; `relu_until` is the part of the run over which ReLU gives way to the polynomials, `clamp_until`
    that during which their inputs are clamped: to [-r, r] at first, to `clamp_at_end` times that at the
    end. With `bfloat16` layers compute in bfloat16, which processors with AVX512-BF16 do in half the time;
    weights, their average and validation stay in float32.
    """

    epochs: int
    batch: int
    learning_rate: float
    weight_decay: float
    label_smoothing: float
    range_penalty: float
    average_decay: float
    augment: Augment
    seed: int
    teacher_share: float = 0.0
    teacher_temperature: float = 1.0
    warm_up: float = 0.2
    balance_classes: bool = False
    kept_at_end: Optional[float] = None
    channels_last: bool = False
    sides: tuple = ()
    crop_padding: int = 0
    relu_until: float = 0.0
    clamp_until: float = 0.0
    penalty_every: int = 1
    clamp_at_end: float = 1.0
    tinted_part: tuple = (0.0, 1.0)
    bfloat16: bool = False


def evaluate(network, watch, split, batch=1000):
    """Accuracy, mean cross-entropy, largest |pre-activation| per layer and largest |logit|."""
    watch.reset()
    right, loss, logit = 0, 0.0, 0.0
    network.eval()
    with torch.no_grad():
        for images, labels in zip(split.images.split(batch), split.labels.split(batch)):
            logits = network(images)
            right += int((logits.argmax(1) == labels).sum())
            loss += float(F.cross_entropy(logits, labels, reduction="sum"))
            logit = max(logit, float(logits.abs().max()))
    return right / len(split.labels), loss / len(split.labels), list(watch.largest), logit


def _loss(recipe, train, teacher):
    weights = balancing_weights(train.labels) if recipe.balance_classes else None
    labels = Labels(recipe.label_smoothing, weights)
    if recipe.teacher_share == 0:
        return labels
    return Teacher(teacher, labels, recipe.teacher_share, recipe.teacher_temperature)


def _memory_format(recipe):
    return torch.channels_last if recipe.channels_last else torch.contiguous_format


def _rounded(values):
    return [round(value, 2) for value in values]


class Run:
    """A network in training with its average, optimiser and schedule."""

    def __init__(self, network, train, recipe, teacher):
        self._network, self._train, self._recipe = network, train, recipe
        self._steps = len(train.labels) // recipe.batch
        self._loss = _loss(recipe, train, teacher)
        self.average = Average(network, recipe.average_decay)  # copied before the hooks of the watch
        self._watch = RangeWatch(network, recipe.range_penalty, recipe.penalty_every)
        self._optimiser = torch.optim.AdamW(network.parameters(), weight_decay=recipe.weight_decay)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser,
            recipe.learning_rate,
            total_steps=self._steps * recipe.epochs,
            pct_start=recipe.warm_up,
        )

    def epoch(self):
        """Mean loss and largest |pre-activation| per layer over one pass of whole batches."""
        self._network.train()
        self._watch.reset()
        total = 0.0
        for index in torch.randperm(len(self._train.labels)).split(self._recipe.batch)[: self._steps]:
            progress = self._schedule.last_epoch / self._schedule.total_steps
            self._guide_activations(progress)
            self._watch.turn(self._schedule.last_epoch)
            total += self._step(self._images(index, progress), self._train.labels[index])
            self._schedule.step()
            self.average.update(self._network)
        return total / self._steps, self._watch.largest

    def _guide_activations(self, progress):
        for layer in self._network.modules():
            if isinstance(layer, Polynomial):
                layer.relu_share = relu_share_at(self._recipe.relu_until, progress)
                layer.clamp = layer.r * clamp_at(self._recipe.clamp_until, self._recipe.clamp_at_end, progress)

    def _images(self, index, progress):
        recipe, images = self._recipe, self._train.images[index]
        kept = kept_share(recipe.augment, recipe.kept_at_end, progress)
        tinted = recipe.augment.tinted if recipe.tinted_part[0] <= progress < recipe.tinted_part[1] else 0.0
        images = augment_batch(images, recipe.augment._replace(kept=kept, tinted=tinted))
        if recipe.sides:
            side = side_at(recipe.sides, progress)
            images = random_crops(images, side, recipe.crop_padding if side == images.shape[-1] else 0)
        return images.contiguous(memory_format=_memory_format(recipe))

    def _step(self, images, labels):
        with torch.autocast("cpu", torch.bfloat16, self._recipe.bfloat16):
            logits = self._network(images)
        loss = self._loss(images, logits.float(), labels)
        self._optimiser.zero_grad(set_to_none=True)
        (loss + self._watch.penalty).backward()
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
        self._optimiser.step()
        return float(loss.detach())

    def state(self):
        """All that a later process needs to go on as if there had been no cut."""
        return {
            "network": self._network.state_dict(),
            "average": self.average.state(),
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "random": torch.get_rng_state(),
        }

    def _placed(self, saved):
        """The saved schedule at its step, within as many steps as the recipe now asks for."""
        own = self._schedule.state_dict()
        return {**saved, "total_steps": own["total_steps"], "_schedule_phases": own["_schedule_phases"]}

    def restore(self, state):
        self._network.load_state_dict(state["network"])
        self.average.restore(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._schedule.load_state_dict(self._placed(state["schedule"]))
        torch.set_rng_state(state["random"])


def fit(network, train, val, recipe, folder, name="model", teacher=None, resume=False):
    """Trains, beside a teacher where the recipe gives it a share; `resume` goes on after a cut.

    Leaves <name>.pt, the averaged weights of the best epoch (by validation accuracy, then loss),
    written whenever there is a better one, <name>-run.pt, from which to resume, and the log.
    """
    torch.set_num_threads(1)
    keep_freed_memory()
    torch.set_flush_denormal(True)
    torch.manual_seed(recipe.seed)
    network = network.to(memory_format=_memory_format(recipe))
    log = Log(folder / f"{name.replace('model', 'train')}.log", resume)
    run = Run(network, train, recipe, teacher)
    average_watch = RangeWatch(run.average.network)
    first, best = 1, (0.0, 0.0)
    if resume:
        checkpoint = torch.load(folder / f"{name}-run.pt")
        run.restore(checkpoint["run"])
        first, best = checkpoint["epoch"] + 1, checkpoint["best"]
    log.write(recipe=asdict(recipe), first_epoch=first)
    for epoch in range(first, recipe.epochs + 1):
        start = time.monotonic()
        train_loss, train_largest = run.epoch()
        accuracy, loss, largest, logit = evaluate(run.average.network, average_watch, val)
        if (accuracy, -loss) > best:
            best = (accuracy, -loss)
            state = {"epoch": epoch, "state": run.average.network.state_dict()}
            save_atomically(state, folder / f"{name}.pt")
        log.write(
            epoch=epoch,
            train_loss=round(train_loss, 5),
            val_loss=round(loss, 5),
            val_accuracy=accuracy,
            best=best[0],
            train_max_pre=_rounded(train_largest),
            val_max_pre=_rounded(largest),
            val_max_logit=round(logit, 1),
            seconds=round(time.monotonic() - start, 1),
        )
        save_atomically({"epoch": epoch, "best": best, "run": run.state()}, folder / f"{name}-run.pt")
