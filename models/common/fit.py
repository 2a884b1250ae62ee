"""The training loop: AdamW, one-cycle learning rate, augmentation, best validation epoch kept."""

import time
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F

from .augment import Augment, augment_batch
from .average import Average
from .losses import Labels, Teacher, balancing_weights
from .progress import Log, save_atomically
from .ranges import RangeWatch


@dataclass(frozen=True)
class Recipe:
    """Every number that decides a run; written as the first line of its log."""

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


def _step(network, watch, optimiser, images, labels, recipe, loss_of):
    images = augment_batch(images, recipe.augment)
    loss = loss_of(images, network(images), labels)
    optimiser.zero_grad(set_to_none=True)
    (loss + recipe.range_penalty * watch.penalty).backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()
    return float(loss.detach())


def _rounded(values):
    return [round(value, 2) for value in values]


class _Run:
    """A network in training with its average, optimiser and schedule."""

    def __init__(self, network, train, recipe, teacher):
        self._network, self._train, self._recipe = network, train, recipe
        self._steps = len(train.labels) // recipe.batch
        self._loss = _loss(recipe, train, teacher)
        self.average = Average(network, recipe.average_decay)  # copied before the hooks of the watch
        self._watch = RangeWatch(network, penalise=recipe.range_penalty > 0)
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
            images, labels = self._train.images[index], self._train.labels[index]
            total += _step(
                self._network, self._watch, self._optimiser, images, labels, self._recipe, self._loss
            )
            self._schedule.step()
            self.average.update(self._network)
        return total / self._steps, self._watch.largest


def fit(network, train, val, recipe, folder, name="model", teacher=None):
    """Trains, beside a teacher where the recipe gives it a share.

    Leaves <name>.pt, the averaged weights of the best epoch (by validation accuracy, then loss),
    written whenever there is a better one, and the log.
    """
    torch.set_num_threads(1)
    torch.manual_seed(recipe.seed)
    log = Log(folder / f"{name.replace('model', 'train')}.log")
    log.write(recipe=asdict(recipe))
    run = _Run(network, train, recipe, teacher)
    average_watch = RangeWatch(run.average.network)
    best = (0.0, 0.0)
    for epoch in range(1, recipe.epochs + 1):
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
