"""Results: what they say, the two files they are written to, and the table that is shown."""

import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

import orjson
from rich.table import Table

HERE = Path(__file__).parent
FILES = ("bench/results.json", "bench/RESULTS.md")


@dataclass(frozen=True, slots=True)
class Result:
    """One line of `results.json`. `value` and `reference` are medians in `unit`; `ratio` the median of the rounds' ratios.

    `target` is for the ratio where there is one, else for the value. `ok` is None where there is no target, or nothing to
    measure; it is False where answers were wrong or did not come, and then there are no figures: nobody measures errors.
    """

    name: str
    value: float | None
    unit: str
    reference: float | None
    ratio: float | None
    target: float | None
    ok: bool | None
    commit: str


@dataclass(frozen=True, slots=True)
class Line:
    """A result as it was measured: all rounds. Of `values` and `references` the n-th of each come from the same round."""

    name: str
    what: str
    unit: str
    values: Sequence[float]
    references: Sequence[float] = ()
    target: float | None = None
    at_most: bool = False  # the target is a ceiling
    note: str = ""
    faults: Sequence[str] = ()

    @property
    def ratios(self) -> list[float]:
        return (
            [value / reference for value, reference in zip(self.values, self.references, strict=True)]
            if self.references
            else []
        )

    def result(self, commit: str) -> Result:
        value, reference, ratio = (_rounded(seen) for seen in (self.values, self.references, self.ratios))
        measured = ratio if self.references else value
        ok = False if self.faults else None
        if self.target is not None and measured is not None:
            ok = measured <= self.target if self.at_most else measured >= self.target
        return Result(self.name, value, self.unit, reference, ratio, self.target, ok, commit)


@dataclass(frozen=True, slots=True)
class Setting:
    """Under which conditions a run was made."""

    at: datetime
    commit: str
    postgres: str
    persons: int
    rounds: int
    seconds: float

    @property
    def lines(self) -> list[str]:
        return [
            f"{self.at:%Y-%m-%d %H:%M} UTC, commit {self.commit}",
            f"{platform.machine()}, {_cores()} cores, Python {platform.python_version()}, {self.postgres}, fsync on",
            f"{self.persons:,} persons, {self.rounds} rounds of {self.seconds:g} s each",
            "The load generator, PostgreSQL and the server share the machine; a server is one process.",
        ]


def table(lines: Sequence[Line]) -> Table:
    shown = Table("", "median", "min - max", "reference", "min - max", "ratio", "min - max", "target", "")
    for line in lines:
        shown.add_row(*_cells(line), {True: "[green]ok[/]", False: "[red]not yet[/]", None: ""}[line.result("").ok])
    return shown


def write(lines: Sequence[Line], setting: Setting, folder: Path = HERE) -> None:
    """`results.json` and `RESULTS.md`, both or neither."""
    results = [asdict(line.result(setting.commit)) for line in lines]
    written = {"results.json": orjson.dumps(results, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)}
    written["RESULTS.md"] = _page(lines, setting).encode()
    for name, content in written.items():
        draft = folder / f".{name}.new"
        draft.write_bytes(content)
        draft.rename(folder / name)


def commit() -> str:
    """The commit that is measured; "-dirty" where the tree is not as committed (results of other runs aside)."""
    root = HERE.parent
    try:
        head = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--", ".", *(f":!{name}" for name in FILES))
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head + ("-dirty" if changed else "")


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True).stdout.strip()


def _page(lines: Sequence[Line], setting: Setting) -> str:
    heads = ("Name", "Median", "min - max", "Reference", "min - max", "Ratio", "min - max", "Target", "Met")
    rows = [(*_cells(line), {True: "yes", False: "not yet", None: ""}[line.result("").ok]) for line in lines]
    page = ["# Results of `make bench`", "", *(f"- {line}" for line in setting.lines), ""]
    page += ["Absolute figures drift with the machine: trust the ratios, which are of the same run, round by round.", ""]
    page += ["The hand-written ASGI application (`bench/raw_asgi.py`) does the same work with the same comparison, entries,"]
    page += ["settlement and signature: a ratio says what GraphQL, the web framework and our doors cost on top of them.", ""]
    page += [_row(heads), _row(["---"] * len(heads)), *map(_row, rows), "", "## What each line is", ""]
    page += [f"- `{line.name}`: {' '.join([line.what, line.note, *line.faults]).strip()}" for line in lines]
    return "\n".join(page) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(line: Line) -> tuple[str, ...]:
    told = line.result("")
    target = "" if line.target is None else f"{'<=' if line.at_most else '>='} {line.target:g}"
    return (
        line.name,
        "not measured" if told.value is None else f"{told.value:,g} {line.unit}",
        _spread(line.values),
        "" if told.reference is None else f"{told.reference:,g}",
        _spread(line.references),
        "" if told.ratio is None else f"{told.ratio:g}",
        _spread(line.ratios),
        target,
    )


def _spread(seen: Sequence[float]) -> str:
    return f"{_short(min(seen)):,g} - {_short(max(seen)):,g}" if len(seen) > 1 else ""


def _rounded(seen: Sequence[float]) -> float | None:
    return _short(median(seen)) if seen else None


def _short(value: float) -> float:
    """Three digits; four of what is 1,000 or more."""
    return float(f"{value:.4g}") if abs(value) >= 1000 else float(f"{value:.3g}")


def _cores() -> int:
    return len([line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("processor")])
