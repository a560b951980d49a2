"""The workers on a Ray cluster. Nobody else in this project knows Ray."""

from __future__ import annotations

import itertools
import logging
import os
import re
import signal
import threading
from importlib import import_module
from queue import SimpleQueue
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from splitdet.addresses import why_unreachable
from splitdet.cluster.inputs import Kind, Shard
from splitdet.cluster.ledger import Done
from splitdet.cluster.worker import Opened, ShardWorker
from splitdet.compat import extra
from splitdet.config import Config
from splitdet.errors import ConfigError, SplitdetError, StageError, described, one_line

LOCAL, AUTO = "local", "auto"
AHEAD = 2
"""Shards that a worker has at most, so that it never waits for the next."""
ATTEMPTS = 3
"""How many workers may be lost to one shard, or one after the other while they load the model."""
_CPUS_WITHOUT_GPU = 4
_HOST_AND_PORT = re.compile(r"(ray://)?[^/]+:\d+")
log = logging.getLogger(__name__)


class Shape(NamedTuple):
    """How many workers there are, and what each has."""

    workers: int
    cpus: int
    gpus: float


class Ended(NamedTuple):
    """A worker has ended a shard, well or not."""

    shard: Shard
    done: Optional[Done]
    error: Optional[SplitdetError]
    """Why not. What failed in a stage, or a worker that is gone, is a StageError."""
    waiting: Tuple[Shard, ...] = ()
    """What else a worker had that is gone."""
    died: bool = False
    """Whether the process is gone, for no reason that it told."""


class _Member:
    """A worker, and the shards that it has, in the order in which it takes them."""

    def __init__(self, number: int, actor: Any, news: SimpleQueue[_Member]) -> None:
        self.name = f"worker {number}"
        self.actor = actor
        self.tasks: Dict[Any, Shard] = {}
        self.opening: Any = actor.open.remote()
        self._news = news
        self._tell_end_of(self.opening)

    def take(self, shard: Shard) -> None:
        """Do this after all that it has."""
        ref = self.actor.make.remote(shard)
        self.tasks[ref] = shard
        self._tell_end_of(ref)

    def _tell_end_of(self, ref: Any) -> None:
        ref.future().add_done_callback(lambda unused: self._news.put(self))

    @property
    def next_ref(self) -> Any:
        """What it ends next."""
        return self.opening or next(iter(self.tasks))

    def has_room(self, shard: Shard) -> bool:
        """Whether it may have this one as well; what runs for ever runs alone."""
        if shard.kind is Kind.STREAMS:
            return not self.opening and not self.tasks
        return not self.opening and len(self.tasks) < AHEAD and not self.is_streaming

    @property
    def is_streaming(self) -> bool:
        """Whether it reads live streams."""
        return any(shard.kind is Kind.STREAMS for shard in self.tasks.values())


class Crew:
    """Workers that take shards. One that is lost is replaced, as soon as there is room for another.

    Args:
        address: of a Ray cluster; `auto`: the one that this machine is in, `local`: one for this run.
        config: of the run.
        folder: of the results.
        digest: of the manifest in it.

    Raises:
        ExtraError: Ray is not installed.
        ConfigError: no such cluster, or no machine in it is large enough for a worker.
    """

    def __init__(self, address: str, config: Config, folder: str, digest: str) -> None:
        with extra("ray"):
            self._ray: Any = import_module("ray")
        self._connect(address)
        try:
            machines = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
            self.shape = shape_of(config, machines)
        except BaseException:
            self.close()
            raise
        self._actors = self._ray.remote(ShardWorker).options(
            num_cpus=self.shape.cpus, num_gpus=self.shape.gpus, max_restarts=0
        )
        self._arguments = (config, os.getcwd(), folder, digest, self.shape.cpus, self.shape.gpus > 0)
        self._numbers = itertools.count()
        self._news: SimpleQueue[_Member] = SimpleQueue()
        self._lost_opening = 0
        self._members: List[_Member] = []
        for _ in range(self.shape.workers):
            self._add()

    def give(self, shard: Shard) -> bool:
        """Hand a shard to the least busy worker; whether one has room for it.

        Raises:
            ConfigError: there are more live streams than all workers can take.
        """
        free = [member for member in self._members if member.has_room(shard)]
        if free:
            min(free, key=lambda one: len(one.tasks)).take(shard)
        elif all(member.is_streaming for member in self._members):
            raise ConfigError(
                f"{shard.name}: all {len(self._members)} workers read live streams already, which never "
                "end; raise cluster.streams or cluster.workers"
            )
        return bool(free)

    @property
    def ready(self) -> int:
        """How many workers have loaded the model."""
        return sum(member.opening is None for member in self._members)

    @property
    def is_busy(self) -> bool:
        """Whether any shard is under way."""
        return any(member.tasks for member in self._members)

    def wait(self) -> Optional[Ended]:
        """Wait until something happens; None where no shard has ended.

        Raises:
            SplitdetError: workers cannot load the model.
        """
        member = self._news.get()  # a signal gets through here as it is, and not within Ray
        if member not in self._members:  # lost, of which the first of its shards has told
            return None
        ref = member.next_ref
        try:
            outcome = self._ray.get(ref)
        except self._ray.exceptions.RayTaskError as error:
            return self._failed(member, described(error.cause, f"{member.name} failed"))
        except self._ray.exceptions.RayError as error:
            log.debug("%s: %s", member.name, error)
            why = f" ({str(error).strip().splitlines()[-1][:200]})" if member.opening is not None else ""
            return self._failed(member, StageError(f"{member.name} was lost{why}"), died=True)
        if member.opening is not None:
            member.opening = None
            self._lost_opening = 0
            log.info(self._told_of(member, outcome))
            return None
        return Ended(member.tasks.pop(ref), outcome, None)

    def close(self) -> None:
        """End all workers. What they were doing is left undone."""
        self._ray.shutdown()

    def _connect(self, address: str) -> None:
        # Ray would tell its makers what it is used for; and would take SIGTERM for itself
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        is_main = threading.current_thread() is threading.main_thread()
        before = signal.getsignal(signal.SIGTERM)
        further = {}
        if address == LOCAL:
            further = {"include_dashboard": False}
            os.environ.setdefault("RAY_worker_niceness", "0")  # as any other run, and not 15
        else:
            log.info("connecting to the Ray cluster: %s", address)
        try:
            self._ray.init(address, logging_level=logging.ERROR, **further)
        except (ConnectionError, RuntimeError, ValueError, self._ray.exceptions.RayError) as error:
            raise _no_cluster(address, one_line(error)) from None
        finally:
            if is_main:
                signal.signal(signal.SIGTERM, before)

    def _add(self) -> None:
        actor = self._actors.remote(*self._arguments)
        self._members.append(_Member(next(self._numbers), actor, self._news))

    def _failed(self, member: _Member, error: SplitdetError, died: bool = False) -> Optional[Ended]:
        """A worker is lost, or stuck: another one takes its place."""
        if member.opening is not None:
            self._lost_opening += 1
        if not (died or isinstance(error, StageError)) or self._lost_opening == ATTEMPTS:
            raise error
        self._members.remove(member)
        self._ray.kill(member.actor)
        self._add()
        if not member.tasks:
            return None
        first, *others = member.tasks.values()
        return Ended(first, None, error, tuple(others), died)

    def _told_of(self, member: _Member, opened: Opened) -> str:
        started_s = sum(opened.startup_s.values())
        return (
            f"{member.name} on {opened.host} (process {opened.process}): {opened.engine}, "
            f"ready after {started_s:.1f} s"
        )


def check_address(address: str) -> None:
    """Whether anybody listens at HOST:PORT; Ray itself waits for that without end.

    Raises:
        ConfigError: nobody does.
    """
    if _HOST_AND_PORT.fullmatch(address):
        reason = why_unreachable(address if "://" in address else f"//{address}")
        if reason:
            raise _no_cluster(address, reason)


def _no_cluster(address: str, reason: str) -> ConfigError:
    return ConfigError(
        f"--cluster {address}: {reason} (begin one with: ray start --head; or --cluster local)"
    )


def shape_of(config: Config, machines: List[Dict[str, float]]) -> Shape:
    """The workers that fit on some machines.

    Args:
        machines: of each, what Ray calls its resources: `CPU`, `GPU`.

    Raises:
        ConfigError: not one fits.
    """
    wanted = config.cluster
    with_gpu = [machine for machine in machines if machine.get("GPU", 0) >= 1]
    gpus = 0.0 if config.device == "cpu" or not with_gpu else wanted.gpus
    if config.device == "gpu" and not gpus:
        raise ConfigError("device is gpu, but no machine of the cluster has one")
    usable = with_gpu if gpus else [machine for machine in machines if machine.get("CPU", 0) >= 1]
    if gpus:
        share = min(int(machine.get("CPU", 0) // _fitting_gpus(machine, gpus)) for machine in usable)
    else:
        share = min([_CPUS_WITHOUT_GPU, *(int(machine["CPU"]) for machine in usable)])
    cpus = wanted.cpus or max(1, share)
    fitting = sum(_fitting(machine, cpus, gpus) for machine in usable)
    if not fitting:
        raise ConfigError(f"cluster.cpus is {cpus}, but no machine of the cluster has so many cores")
    return Shape(wanted.workers or fitting, cpus, gpus)


def _fitting(machine: Dict[str, float], cpus: int, gpus: float) -> int:
    """Workers that fit on a machine."""
    by_cpus = int(machine.get("CPU", 0) // cpus)
    return min(by_cpus, _fitting_gpus(machine, gpus)) if gpus else by_cpus


def _fitting_gpus(machine: Dict[str, float], gpus: float) -> int:
    """Workers that fit on its GPUs; Ray shares one among workers, but gives none parts of two."""
    return int(machine["GPU"]) * int(1.0 / gpus + 1e-6)
