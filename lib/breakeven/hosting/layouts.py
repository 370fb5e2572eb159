"""How a model is laid out over GPUs: ranks with attention of their own, pools that read or decode."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from breakeven.formulas.mode import Mode
from breakeven.formulas.parts import Engine, Replica
from breakeven.formulas.units import GIGA
from breakeven.hosting.choose import splits
from breakeven.hosting.profiles import Profile, choose_profile, dated
from breakeven.hosting.shapes import Unplaceable, replica_of
from breakeven.question.kinds import LayoutKind
from breakeven.question.scenario import AUTO
from breakeven.tables.records import Efficiency, Gpu, Layout, Model, NodeLink

NODE_GPUS = 8
"""GPUs of a node; a link that joins more is that of a rack. [-]"""

MOST_GPUS = 144
"""GPUs of one worker that can be written: what DeepSeek decodes on. [-]"""

SAME_CHIP: Mapping[str, tuple[str, ...]] = {
    "gb200": ("b200", "gb200"),
    "gb300": ("b300", "b200", "gb300"),
    "b300": ("b300", "b200"),
    "h100": ("h100", "h200"),
}
"""GPU families whose rows stand for a family, the best first: the same chip in another box."""

POOLED = "pooled"
"""Engine of the rows for any engine without rows of its own."""


class Link(StrEnum):
    """What joins the GPUs of a worker."""

    NODE = "node"
    RACK = "rack"
    NETWORK = "network"


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """GPUs that hold the model once: so many ranks, each of so many GPUs in tensor parallel."""

    tensor: int = 1
    ranks: int = 1

    @property
    def gpus(self) -> int:
        """All of them."""
        return self.tensor * self.ranks

    @property
    def largest(self) -> int:
        """GPUs that one link must join."""
        return self.gpus

    def __str__(self) -> str:
        """As it is written: TP8, DP32, TP4DP2."""
        tensor = f"TP{self.tensor}" if self.tensor > 1 or self.ranks == 1 else ""
        return tensor + (f"DP{self.ranks}" if self.ranks > 1 else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pools:
    """Workers that only read prompts, and workers that only decode."""

    prefill: Worker
    prefill_workers: int
    decode: Worker
    decode_workers: int

    @property
    def gpus(self) -> int:
        """GPUs of both pools."""
        return self.prefill_workers * self.prefill.gpus + self.decode_workers * self.decode.gpus

    @property
    def largest(self) -> int:
        """GPUs that one link must join: those of the larger worker."""
        return max(self.prefill.gpus, self.decode.gpus)

    def __str__(self) -> str:
        """As it is written: 4xDP8+1xDP32."""
        return f"{self.prefill_workers}x{self.prefill}+{self.decode_workers}x{self.decode}"

    @property
    def words(self) -> str:
        """The same for a reader."""
        return (
            f"{self.prefill_workers} × prefill {self.prefill}, {self.decode_workers} × decode {self.decode}"
        )


_WORKER = r"(?:TP(?P<{0}t>\d+))?(?:DP(?P<{0}d>\d+))?"
_ALONE = re.compile(_WORKER.format("a"), re.IGNORECASE)
_POOLS = re.compile(
    r"(?:(?P<pn>\d+)x)?" + _WORKER.format("p") + r"\+(?:(?P<dn>\d+)x)?" + _WORKER.format("d"), re.IGNORECASE
)
_RIGHT = "such as TP8, DP8, TP4DP2, or two pools such as 4xDP8+1xDP32 (prefill first)"


def parse_layout(text: str) -> Worker | Pools:
    """Read a layout as it is written.

    Raises
    ------
    ValueError
        If it is no layout; the message names what is wrong and what would be right.

    Examples
    --------
    >>> str(parse_layout("dp8")), parse_layout("4xDP8+TP8").gpus
    ('DP8', 40)
    """
    written = text.replace(" ", "").replace("×", "x")
    alone, pools = _ALONE.fullmatch(written), _POOLS.fullmatch(written)
    if alone and written:
        return _worker(text, alone["at"], alone["ad"])
    if pools and (pools["pt"] or pools["pd"]) and (pools["dt"] or pools["dd"]):
        many = int(pools["pn"] or 1), int(pools["dn"] or 1)
        if min(many) < 1 or max(many) > MOST_GPUS:
            raise ValueError(f"layout: {text!r} has a pool of no or too many workers; 1 to {MOST_GPUS} each")
        return Pools(
            prefill=_worker(text, pools["pt"], pools["pd"]),
            prefill_workers=many[0],
            decode=_worker(text, pools["dt"], pools["dd"]),
            decode_workers=many[1],
        )
    raise ValueError(f"layout: {text!r} is no layout; write one {_RIGHT}")


def _worker(text: str, tensor: str | None, ranks: str | None) -> Worker:
    one = Worker(tensor=int(tensor or 1), ranks=int(ranks or 1))
    if not 1 <= one.gpus <= MOST_GPUS:
        raise ValueError(
            f"layout: {text!r} has a worker of {one.gpus:,} GPUs; 1 to {MOST_GPUS} can be computed"
        )
    return one


RANKS = (8, 16, 32, 64)
"""Ranks of one GPU each that are ranked, where the GPUs' own link joins that many. A network between nodes
is computed where it is asked for by name, and not ranked: no price on record includes one. [-]"""


def divides(model: Model, worker: Worker) -> bool:
    """Tell whether a model can be laid out so: whole heads in a rank, whole experts on every GPU.

    Ranks only help a mixture of experts: those of a dense model are as many replicas.
    """
    if worker.ranks == 1:
        return splits(model, worker.tensor)
    experts = model.n_experts or 0
    return bool(experts) and experts % worker.gpus == 0 and splits(model, worker.tensor)


def why_not_spread(model: Model, n_gpus: int) -> str:
    """Say why the experts of a model cannot be spread over so many GPUs."""
    if not model.n_experts:
        return "it has no experts to spread: its ranks would be replicas; choose the layout tp"
    return f"its {model.n_experts} experts cannot be spread evenly over {n_gpus} GPUs"


def workers_of(
    gpu: Gpu, counts: Iterable[int], kind: LayoutKind, links: Mapping[str, NodeLink]
) -> list[Worker]:
    """Workers of so many of a GPU that are considered, tensor parallel ones first."""
    sizes = list(counts)
    tensor = [] if kind == LayoutKind.DATA else [Worker(tensor=n) for n in sizes]
    network = links.get(gpu.gpu_id)
    if kind == LayoutKind.TENSOR or network is None:
        return tensor
    if len(sizes) == 1:
        many = [n for n in sizes if 1 < n <= network.most_gpus]
    else:
        many = [n for n in RANKS if n <= gpu.link_gpus]
    return tensor + [Worker(ranks=n) for n in many]


def link_of(gpu: Gpu, n_gpus: int) -> Link:
    """What joins so many of a GPU."""
    if n_gpus > gpu.link_gpus:
        return Link.NETWORK
    return Link.RACK if gpu.link_gpus > NODE_GPUS else Link.NODE


def worker_replica(gpu: Gpu, worker: Worker, rate: str, links: Mapping[str, NodeLink]) -> Replica:
    """Turn one rank of a worker into what the formulas need.

    Raises
    ------
    Unplaceable
        If nothing on record joins so many of the GPU.
    """
    if worker.gpus <= gpu.link_gpus:
        one = replica_of(gpu, worker.tensor, rate)
        return replace(one, ranks=worker.ranks, exchange_bytes_per_s=one.link_bytes_per_s)
    network = links.get(gpu.gpu_id)
    if network is None or worker.gpus > network.most_gpus:
        most = gpu.link_gpus if network is None else network.most_gpus
        raise Unplaceable(
            f"{gpu.name}: {worker} takes {worker.gpus} GPUs for one worker; "
            f"nothing on record joins more than {most}."
        )
    over = network.network_gb_s_unidirectional * GIGA
    one = replica_of(gpu, min(worker.tensor, gpu.link_gpus), rate)
    link = over if worker.tensor > gpu.link_gpus else one.link_bytes_per_s
    return replace(
        one, n_gpus=worker.tensor, link_bytes_per_s=link, ranks=worker.ranks, exchange_bytes_per_s=over
    )


def between_pools(gpu: Gpu, links: Mapping[str, NodeLink]) -> float:
    """Link of one GPU that a cache takes to the other pool: that of the rack, else the network. [B/s]"""
    network = links.get(gpu.gpu_id)
    if gpu.link_gpus <= NODE_GPUS and network is not None:
        return network.network_gb_s_unidirectional * GIGA
    return (gpu.scale_up_gb_s_unidirectional or 1.0) * GIGA


def layout_of(rows: Iterable[Layout], engine: str, link: Link) -> Layout:
    """The row of an engine and a link, else the pooled one of the link.

    Raises
    ------
    Unplaceable
        If there is neither.
    """
    known = {row.engine: row for row in rows if row.link == link}
    found = known.get(engine, known.get(POOLED))
    if found is None:
        raise Unplaceable(f"No layout row of {engine} over a {link} is on record.")
    return found


def layout_profile(rows: Sequence[Efficiency], *, engine: str, gpu: Gpu, rate: str, n_gpus: int) -> Profile:
    """The efficiency row that a layout starts from: the engine's on the same chip, in whatever box.

    A layout row is fitted on top of exactly these, so that both must be chosen alike.
    """
    for family in SAME_CHIP.get(gpu.gpu_family, (gpu.gpu_family,)):
        known = [
            row
            for row in rows
            if row.gpu_family == family
            and row.precision_class == rate
            and row.mode == Mode.CONTINUOUS
            and row.method == "fitted"
            and row.architecture is None
            and (engine == row.engine or (engine == AUTO and not dated(row.engine)))
        ]
        if known:
            best = min(known, key=lambda row: (row.tpot_median_error or 1.0, row.efficiency_id))
            same = family == gpu.gpu_family
            caveat = None if same else f"{best.engine} was measured on the same chip as {family}"
            return Profile(efficiency=best, measured=True, caveat=caveat)
    return choose_profile(rows, engine=engine, gpu=gpu, rate=rate, mode=Mode.CONTINUOUS, n_gpus=n_gpus)


def laid_out(engine: Engine, row: Layout, worker: Worker, gpu: Gpu) -> Engine:
    """An engine with what its layout adds."""
    over = worker.tensor > gpu.link_gpus
    return replace(
        engine,
        exchange_latency_s=row.exchange_latency_s,
        exchange_share=row.exchange_share,
        pool_read_factor=row.pool_read_factor,
        pool_step_factor=row.pool_step_factor,
        pool_step_s=row.pool_step_s,
        handover_s=row.handover_s,
        pool_queue_share=row.pool_queue_share,
        # An all-reduce that leaves the node takes the network's time, not that of the links in it.
        link_latency_s=row.exchange_latency_s if over else engine.link_latency_s,
        link_share=row.exchange_share if over else engine.link_share,
    )
