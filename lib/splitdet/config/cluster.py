"""The section `cluster` of config.yml: how `splitdet run --cluster` shares the work out."""

from __future__ import annotations

from dataclasses import dataclass

from splitdet.config.keys import key


@dataclass(frozen=True)
class Cluster:
    """For workers on the machines of a Ray cluster."""

    workers: int = key(
        0,
        "worker processes; 0: as many as fit, by gpus or, without GPUs, by cpus; those that do not fit "
        "join when there is room",
        low=0,
        high=1_000_000,
    )
    cpus: int = key(
        0,
        "cores of a worker; 0: with GPUs an equal share of the machine's, else 4, or all where there "
        "are less",
        low=0,
        high=4096,
    )
    gpus: float = key(
        1.0,
        "share of a GPU that a worker gets where there are GPUs; 0.25: four workers share one, which "
        "helps where decoding takes longer than the network",
        low=0.01,
        high=1.0,
    )
    images: int = key(1000, "pictures in a part of the results", low=1, high=1_000_000)
    streams: int = key(8, "live streams that a worker reads side by side", low=1, high=4096)
    format: str = key(
        "jsonl",
        "how parts are written: JSON lines, or Parquet (but streams), which needs "
        "pip install 'splitdet[ray]'",
        choices=("jsonl", "parquet"),
    )
