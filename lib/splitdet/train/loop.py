"""Epoch after epoch: views, steps, evaluation, checkpoints."""

from __future__ import annotations

import dataclasses
import logging
import math
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import cv2
import numpy as np
from tqdm import tqdm

from splitdet.errors import TrainError
from splitdet.labels import Labels
from splitdet.train.augment import View, augmented_view
from splitdet.train.checkpoint import BEST, LAST, Checkpoint, Progress, load_checkpoint, save_checkpoint
from splitdet.train.events import EventFile
from splitdet.train.features import FeatureCache
from splitdet.train.learner import Learner, tensorflow_2
from splitdet.train.open import class_names
from splitdet.train.samples import Sample
from splitdet.train.schedule import learning_rate
from splitdet.train.score import average_precisions, mean_precision
from splitdet.train.settings import TrainSettings
from splitdet.types import Detections
from splitdet.visualize.draw import draw_found

log = logging.getLogger(__name__)
_DRAWN_SCORE, _DRAWN_LIMIT = 0.5, 20


class Pictures(NamedTuple):
    """What a run learns from, and what it is judged by."""

    train: List[Sample]
    validation: List[Sample]


class Run:
    """A training run in a folder.

    Args:
        learner: the network; its weights are where the run starts.
        folder: gets checkpoints, curves and pictures.
    """

    def __init__(
        self,
        learner: Learner,
        pictures: Pictures,
        labels: Labels,
        settings: TrainSettings,
        folder: Path,
    ) -> None:
        self._learner = learner
        self._pictures = pictures
        self._labels = labels
        self._settings = settings
        self._folder = folder
        self._progress = Progress()
        self._steps_per_epoch = max(1, len(pictures.train) // settings.batch)
        self._tf = tensorflow_2()

    def resume(self) -> None:
        """Go on from the last checkpoint in the folder.

        Raises:
            TrainError: there is none, or it is of a run with other settings or other classes.
        """
        path = self._folder / LAST
        checkpoint = load_checkpoint(path)
        now = dataclasses.asdict(self._settings)
        changed = sorted(name for name in now if now[name] != checkpoint.settings.get(name))
        if changed:
            name = changed[0]
            raise TrainError(
                f"{path} was trained with {name} = {checkpoint.settings.get(name)}, "
                f"not {now[name]}; to go on, leave the settings as they were"
            )
        difference = _other_classes(checkpoint.classes, class_names(self._labels))
        if difference:
            raise TrainError(
                f"{path} was trained with {difference}; to go on, leave the classes as they were; to "
                "learn these, train into another folder (--out)"
            )
        self._learner.restore(checkpoint.weights, checkpoint.optimizer)
        self._progress = checkpoint.progress

    def train(self, until_epoch: Optional[int] = None) -> Progress:
        """Train to the end.

        Args:
            until_epoch: stop there, as if the machine had been switched off.

        Raises:
            TrainError: the loss is not a number any more.
            DataError: a picture cannot be read.
        """
        self._tf.config.experimental.enable_op_determinism()
        settings = self._settings
        cache = FeatureCache(
            self._view,
            self._learner.front,
            len(self._pictures.train),
            min(settings.views, settings.epochs),  # there is room for all of them
            settings.size_px,
            self._folder / "features.tmp",
        )
        events = EventFile(self._tf, self._folder / "tensorboard")
        last = min(settings.epochs, until_epoch or settings.epochs)
        try:
            while self._progress.epoch < last and not self._is_stuck():
                self._epoch(cache, events)
        finally:
            cache.close()
            events.close()
        return self._progress

    def _view(self, index: int, number: int) -> View:
        random = np.random.RandomState([self._settings.seed, number, index])
        sample = self._pictures.train[index]
        return augmented_view(sample, random, self._settings.flip, self._settings.turn)

    def _epoch(self, cache: FeatureCache, events: EventFile) -> None:
        number = self._progress.epoch
        with tqdm(total=len(self._pictures.train), desc=f"views {number + 1}", leave=False) as bar:
            cache.prepare(number, bar.update)
        loss, rate = self._steps(cache, number)
        self._progress.epoch = number + 1
        record: Dict[str, float] = {"epoch": number + 1, "loss": loss, "learning_rate": rate}
        is_best = False
        if (number + 1) % self._settings.evaluate_epochs == 0 or number + 1 == self._settings.epochs:
            record["ap50"] = self._evaluate(number + 1)
            is_best = self._judge(record["ap50"])
        self._progress.history.append(record)
        events.add({name: value for name, value in record.items() if name != "epoch"}, number + 1)
        self._save(is_best)
        log.info(
            "epoch %d of %d: loss %.4f%s",
            number + 1,
            self._settings.epochs,
            loss,
            f", AP50 {record['ap50']:.4f}" + (" (best)" if is_best else "") if "ap50" in record else "",
        )

    def _steps(self, cache: FeatureCache, number: int) -> Tuple[float, float]:
        """One pass over the pictures; mean loss and last learning rate."""
        settings = self._settings
        order = np.random.RandomState([settings.seed, number]).permutation(len(self._pictures.train))
        # what is left over waits for another epoch: a batch of another size is another graph
        steps = self._steps_per_epoch
        batches = [order[place::steps][: settings.batch].tolist() for place in range(steps)]
        losses: List[float] = []
        rate = 0.0
        title = f"epoch {number + 1}/{settings.epochs}"
        with ThreadPoolExecutor(1) as ahead, tqdm(
            total=sum(map(len, batches)), desc=title, leave=False
        ) as bar:
            waiting = ahead.submit(cache.batch, batches[0], number)
            for place, indices in enumerate(batches):
                features, objects = waiting.result()
                if place + 1 < len(batches):
                    waiting = ahead.submit(cache.batch, batches[place + 1], number)
                rate = learning_rate(
                    number * self._steps_per_epoch + place,
                    settings.epochs * self._steps_per_epoch,
                    round(settings.warmup_epochs * self._steps_per_epoch),
                    settings.learning_rate,
                )
                loss = self._learner.step(features, objects, rate)
                if not math.isfinite(loss):
                    raise self._not_a_number(loss, number, place, rate, indices)
                losses.append(loss)
                bar.update(len(indices))
                bar.set_postfix(loss=f"{loss:.3f}", end=self._time_left(bar, number), refresh=False)
        return float(np.mean(losses)), rate

    def _time_left(self, bar: Any, number: int) -> str:
        """Until the last epoch, if none is spared."""
        took_s = time.time() - bar.start_t
        share = max(bar.n, 1) / (bar.total or 1)
        rest_s = took_s / share * (self._settings.epochs - number - share)
        return str(tqdm.format_interval(rest_s))

    def _not_a_number(
        self, loss: float, number: int, place: int, rate: float, indices: Sequence[int]
    ) -> TrainError:
        names = ", ".join(self._pictures.train[index].name for index in indices[:4])
        return TrainError(
            f"the loss became {loss} in epoch {number + 1}, step {place + 1}, at a learning rate of "
            f"{rate:g} (pictures {names}, ..); the checkpoint of epoch {number} is whole: "
            "train with a lower learning_rate or more warmup_epochs, and look at these pictures"
        )

    def _evaluate(self, epoch: int) -> float:
        """Mean AP50 of the classes, on the validation pictures; some of these are drawn."""
        samples = self._pictures.validation
        found = detect_all(self._learner, samples, self._settings.batch)
        for number, (sample, detections) in enumerate(zip(samples, found)):
            if number < self._settings.sample_pictures:
                picture = sample.pixels()
                draw_found(picture, detections.top(_DRAWN_SCORE, _DRAWN_LIMIT), self._labels)
                path = self._folder / "pictures" / f"epoch_{epoch:03d}_{number + 1}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), picture)
        return mean_precision(average_precisions(samples, found))

    def _judge(self, ap50: float) -> bool:
        """Whether it is the best so far."""
        progress = self._progress
        if ap50 > progress.best_ap50:
            progress.best_ap50, progress.best_epoch = ap50, progress.epoch
            progress.evaluations_since_best = 0
            return True
        progress.evaluations_since_best += 1
        return False

    def _is_stuck(self) -> bool:
        patience = self._settings.patience
        if not patience or self._progress.evaluations_since_best < patience:
            return False
        log.info("no better AP50 in %d evaluations: stopped early", patience)
        return True

    def _save(self, is_best: bool) -> None:
        settings = dataclasses.asdict(self._settings)
        checkpoint = Checkpoint(
            self._learner.weights,
            self._learner.optimizer,
            self._progress,
            class_names(self._labels),
            settings,
        )
        save_checkpoint(checkpoint, self._folder / LAST)
        if is_best:
            save_checkpoint(dataclasses.replace(checkpoint, optimizer=[]), self._folder / BEST)


def _other_classes(before: Sequence[str], now: Sequence[str]) -> str:
    """What differs between the classes of two runs; empty where nothing does."""
    if len(before) != len(now):
        return f"{len(before)} classes, not {len(now)}"
    for number, (one, other) in enumerate(zip(before, now), start=1):
        if one != other:
            return f"{one!r} as class {number}, not {other!r}"
    return ""


def detect_all(learner: Learner, samples: Sequence[Sample], batch: int) -> List[Detections]:
    """The detections of each sample."""
    found: List[Detections] = []
    for begin in range(0, len(samples), batch):
        found += learner.detect([sample.pixels() for sample in samples[begin : begin + batch]])
    return found
