"""The sums of many files, one after the other: nothing is held but what they add up to."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from breakeven.usage.formats import ColumnMapping, exports, normal
from breakeven.usage.json_table import is_document, starts_json
from breakeven.usage.kinds import Reader, reader_of
from breakeven.usage.limits import Limits
from breakeven.usage.merge import add_slices, merge
from breakeven.usage.packed import is_zip
from breakeven.usage.read import read_workload
from breakeven.usage.spool import Unreadable, make_plain
from breakeven.usage.sql import Edges
from breakeven.usage.stop import Stop
from breakeven.usage.sums import Slice, Workload
from breakeven.usage.sums_file.layout import VERSION
from breakeven.usage.sums_file.places import Place
from breakeven.usage.sums_file.read import read_sums
from breakeven.usage.sums_file.write import STEPS, with_step, write_sums

MOST_SLICES = 300_000
"""Sums by time that are held; above, minutes become hours and hours days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Sums of single files that a run which was stopped has left, so that the next one goes on."""

    folder: Path
    asked: str
    """What decides the sums beside the file: the lengths of the price list and the mapping."""

    @classmethod
    def beside(cls, out: Path, edges: Edges, mapping: ColumnMapping | None) -> Parts:
        """Those of a sums file."""
        said = json.dumps(
            [VERSION, asdict(edges), None if mapping is None else _plain(mapping)], sort_keys=True
        )
        return cls(folder=out.with_name(f"{out.name}.parts"), asked=said)

    def _of(self, place: Place) -> Path:
        told = json.dumps([self.asked, place.name, place.path, place.size, place.changed])
        return self.folder / f"{hashlib.sha256(told.encode()).hexdigest()[:32]}.parquet"

    def get(self, place: Place, edges: Edges, limits: Limits) -> Workload | None:
        """Sums of a file that is unchanged; None: they are not there, or damaged."""
        path = self._of(place)
        if not path.exists():
            return None
        try:
            with tempfile.TemporaryDirectory(prefix="breakeven-") as folder:
                return read_sums(path, place.name, edges, Path(folder), limits)
        except Unreadable:
            return None

    def put(self, place: Place, workload: Workload) -> None:
        """Keep the sums of a file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_sums(workload, self._of(place), most_bytes=None)

    def __len__(self) -> int:
        """Files whose sums are kept."""
        return len(list(self.folder.glob("*.parquet"))) if self.folder.exists() else 0

    def clear(self) -> None:
        """Delete what is kept."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _plain(mapping: ColumnMapping) -> dict[str, object]:
    return {
        "columns": dict(mapping.columns),
        "cached_in": mapping.cached_in,
        "time_unit_s": mapping.time_unit_s,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Summed:
    """Many files as one workload."""

    workload: Workload
    files: int
    """Files whose rows are in it."""
    again: int
    """Files whose sums a run before had left."""
    left_out: tuple[str, ...]
    """Files that cannot be read, and why."""


def sum_up_files(
    places: Sequence[Place],
    *,
    edges: Edges,
    name: str,
    limits: Limits,
    mapping: ColumnMapping | None = None,
    parts: Parts | None = None,
    progress: Callable[[str], None] | None = None,
    stop: Stop | None = None,
) -> Summed:
    """Add up files, here or in an object store.

    Parameters
    ----------
    places
        The files, see :func:`breakeven.usage.sums_file.places.places_of`.
    edges
        Lengths of the price list.
    name
        What the whole is called.
    limits, mapping, progress, stop
        As for :func:`breakeven.usage.read.read_workload`.
    parts
        What a run before has left; the sums of every file are kept there.

    Raises
    ------
    Unreadable
        If no file can be read; the text says why.
    Stopped
        If ``stop`` was asked for; ``parts`` stay.
    """
    adding = _Adding(edges=edges, limits=limits, mapping=mapping, name=name, stop=stop)
    with tempfile.TemporaryDirectory(prefix="breakeven-") as folder_name:
        folder = Path(folder_name)
        for number, place in enumerate(places, start=1):
            if progress:
                progress(f"Summing {place.name}, file {number:,} of {len(places):,}")
            inner = folder / f"file{number}"
            inner.mkdir()
            kept = None if parts is None else parts.get(place, edges, limits)
            if kept is not None:
                adding.again += 1
                adding.add(kept)
                continue
            if adding.take(place, inner, parts):
                shutil.rmtree(inner, ignore_errors=True)
        adding.take_records(progress)
    if adding.whole is None:
        raise Unreadable(" ".join(adding.left_out[:3]))
    workload = replace(adding.whole, name=name, notes=tuple(dict.fromkeys(adding.notes)))
    return Summed(workload=workload, files=adding.files, again=adding.again, left_out=tuple(adding.left_out))


@dataclass(slots=True, kw_only=True)
class _Adding:
    """What has been added up so far."""

    edges: Edges
    limits: Limits
    mapping: ColumnMapping | None
    name: str
    stop: Stop | None
    whole: Workload | None = None
    files: int = 0
    again: int = 0
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    records: list[tuple[Place, Path]] = field(default_factory=list)

    def take(self, place: Place, folder: Path, parts: Parts | None) -> bool:
        """Add one file; false: it is kept, to be read together with others."""
        try:
            path = place.here(folder, self.limits)
            plain = folder / "plain"
            plain.mkdir()
            if self._together(path, plain):
                self.records.append((place, path))
                return False
            workload = with_partitions(self._read([path], [place.name]), place)
        except Unreadable as refusal:
            self.left_out.append(f"{place.name}: {refusal}")
            return True
        if parts is not None:
            parts.put(place, workload)
        self.add(workload)
        return True

    def _together(self, path: Path, folder: Path) -> bool:
        """Whether a file is read record by record, as what one file repeats of another counts once."""
        if self.mapping is not None and not self.mapping.empty:
            return False
        if is_zip(path):
            return False
        plain = make_plain(path.absolute(), folder, self.limits, thorough=False)
        if plain.parquet or not starts_json(plain.path):
            return not plain.parquet and reader_of(plain.path, self.limits) is Reader.RECORDS
        return is_document(plain.path) or reader_of(plain.path, self.limits) is Reader.RECORDS

    def _read(self, files: Sequence[Path], names: Sequence[str]) -> Workload:
        return read_workload(
            list(files),
            edges=self.edges,
            mapping=self.mapping,
            limits=self.limits,
            name=names[0] if len(names) == 1 else self.name,
            names=names,
            stop=self.stop,
        )

    def take_records(self, progress: Callable[[str], None] | None) -> None:
        """Add the files that are read together."""
        if not self.records:
            return
        if progress:
            progress(f"Summing the records of {len(self.records):,} files together")
        try:
            workload = self._read(
                [path for _, path in self.records], [place.name for place, _ in self.records]
            )
        except Unreadable as refusal:
            self.left_out.append(str(refusal))
            return
        self.files += len(self.records) - 1
        self.add(workload)

    def add(self, workload: Workload) -> None:
        """Add the sums of one file, or of several."""
        self.files += 1
        self.notes += [f"{workload.name}: {note}" for note in workload.notes]
        bare = replace(workload, notes=(), previews=())
        whole = bare if self.whole is None else merge([self.whole, bare], self.name, self.limits)
        for step in STEPS:
            if len(whole.minutes) > MOST_SLICES:
                whole = with_step(whole, step)
        self.whole = whole


def with_partitions(workload: Workload, place: Place) -> Workload:
    """Put in the model and the tenant that folders name, where the rows name none."""
    said = {meaning: place.partitions[key] for meaning, key in _meanings(place).items()}
    model, tenant = said.get("model"), said.get("tenant")
    if model and all(cell.model is None for cell in workload.cells):
        workload = replace(
            workload,
            cells=tuple(replace(one, model=model) for one in workload.cells),
            shorter=tuple(replace(one, model=model) for one in workload.shorter),
            minutes=tuple(replace(one, model=model) for one in workload.minutes),
            tenants=tuple(replace(one, model=model) for one in workload.tenants),
            models_paid={model: sum(workload.models_paid.values())} if workload.models_paid else {},
            extras={(model, how): meters for (_, how), meters in workload.extras.items()},
        )
    if tenant and all(one.key is None for one in workload.tenants):
        tenants = workload.tenants or add_slices([_slices_of(workload)])
        workload = replace(workload, tenants=tuple(replace(one, key=tenant) for one in tenants))
    return workload


def _meanings(place: Place) -> dict[str, str]:
    """Folders whose key is a usual name of a column."""
    fields = exports().plain.fields
    return {
        meaning: key
        for meaning in ("model", "tenant")
        for key in place.partitions
        if key in {normal(path[-1]) for path in fields.get(meaning, ())}
    }


def _slices_of(workload: Workload) -> list[Slice]:
    return [
        Slice(
            key=None,
            model=cell.model,
            processing=cell.processing,
            region=cell.region,
            tier=cell.tier,
            tokens=cell.tokens,
            paid_usd=None,
        )
        for cell in workload.cells
    ]
