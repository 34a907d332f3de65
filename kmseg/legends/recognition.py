"""Recognizes whose legend a palette is, by the published legends of known data sets, and names its classes.

Many published legends contain each other, and some share colors by accident: black, white and pure colors are in
dozens of them. So a match is scored in both directions and weighed by how rare its colors are, and where several
legends fit about as well, only names that they agree on are given.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kmseg.legends.default_maps import DefaultMatch, common_colors, find_default_map, has_voc_void
from kmseg.palette import Palette, from_rows
from kmseg.pixels.distance import between

FOLDER = Path(__file__).parent / "published"

EXACT, LOSSY = 1.5, 12.0
"""RGB units within which a color may be a published one: in exact images, and in lossy ones, which shift colors."""

ABSENT = 0.2
"""What a published class that is absent counts, against 1 for a color found that is not published: data sets show only
a part of their classes, but all of their colors are theirs."""

GOOD = 0.75
"""Score of a good match: at least three of four colors found are the legend's."""

BITS = 10.0
"""Evidence of a good match: the matched colors together would be in one of 1,024 legends by accident."""

MIN_SPECIFIC = 3
"""Colors that no default color map and no basic color explains, from which on a legend may give names."""

COMMON_REACH = 4.0
"""RGB units within which a color counts as a common one: what JPEG leaves of a class color's shift."""

WHOLE_MAP = 0.65
"""Share of the beginning of a default color map from which on a legend is nothing but that map. CamVid's 32 classes
have 0.56 of one, and are nobody's defaults."""

CLEARLY_CLOSER = 1.0
"""RGB units by which one order of red and blue must fit better than the other."""

AMBIGUOUS = 4.0
"""RGB units by which a published color must be nearer than the legend's next one to give its name, in lossy images."""

CLOSE = 0.03
"""Difference of scores below which two legends fit about as well."""


COPIED = 0.8
"""Share of the classes whose name and color are those of a published legend, from which on a palette copies it."""


@dataclass(frozen=True)
class Match:
    """How well a published legend fits a palette.

    Attributes
    ----------
    slug, title : str
        The legend.
    rows : tuple of int
        For each class of the palette the row of the published legend, or -1.
    published : int
        Classes of the published legend.
    distance : float
        Mean RGB distance of the matched colors.
    score : float
        Matched / (matched + found but not published + 0.2 x published but not found), from 0 to 1.
    bits : float
        Evidence: minus the binary logarithm of the share of legends that would have all matched colors by accident.
        Colors of default color maps and basic colors are none.
    specific : int
        Matched colors that are evidence.
    sure : tuple of bool
        For each class whether the legend's next color is clearly farther.
    """

    slug: str
    title: str
    rows: tuple[int, ...]
    published: int
    distance: float
    score: float
    bits: float
    specific: int = 0
    sure: tuple[bool, ...] = ()

    @property
    def matched(self) -> int:
        """The number of the palette's colors that the legend has."""
        return sum(row >= 0 for row in self.rows)

    @property
    def good(self) -> bool:
        """Whether the match is good enough to take names from."""
        evident = self.bits >= BITS and self.specific >= MIN_SPECIFIC
        return self.score >= GOOD and evident and self.slug not in _of_default_colors()


@dataclass(frozen=True)
class Recognition:
    """Whose legend a palette is.

    Attributes
    ----------
    best : Match or None
        The best match, if it is good.
    rivals : sequence of Match
        Legends that fit about as well.
    names : sequence of (str or None)
        For each class the name that the best match gives it, where its rivals agree or do not know the color.
    closest : sequence of Match
        The five legends that come closest, good or not.
    suspects : sequence of Match
        Where no match is good: the legends that have every color, if one of them is little else. The colors are then
        too few or too common to prove that it is meant.
    exchanged : bool
        Whether the colors are the legend's with red and blue exchanged.
    default : DefaultMatch or None
        The default color map that the palette is, which tells no names.
    """

    best: Match | None
    rivals: tuple[Match, ...]
    names: tuple[str | None, ...]
    closest: tuple[Match, ...]
    suspects: tuple[Match, ...] = ()
    exchanged: bool = False
    default: DefaultMatch | None = None

    def sentence(self) -> str:
        """Say it to a person; nothing where the palette is like no published legend."""
        if self.default is not None and self.best is None:
            return self._default_sentence(self.default)
        if self.best is None:
            return self._suspicion() if self.suspects else ""
        if self.exchanged:
            return (
                f"red and blue are exchanged in these files (BGR): {self.best.matched} of {len(self.names)} colors are "
                f"those of {self.best.title} then; palette.snap=true paints masks in the legend's RGB colors"
            )
        said = (
            f"the palette looks like {self.best.title}: {self.best.matched} of {len(self.names)} colors, "
            f"{self.best.distance:.1f} levels apart on average"
        )
        if self.rivals:
            said += f"; {_slugs(self.rivals)} fit about as well (palette.names=SLUG decides)"
        return said

    def _default_sentence(self, default: DefaultMatch) -> str:
        kept = "their order is kept" if default.map.ordered else "they tell no class"
        slugs = [*(match.slug for match in self.suspects[:3]), default.map.slug]
        meant = list(dict.fromkeys(slug for slug in slugs if slug))
        hint = f" (if meant, palette.names={' or '.join(meant)})" if meant else ""
        return f"default colors of {default.map.title}: names unknown; {kept}{hint}"

    def _suspicion(self) -> str:
        return (
            f"all {len(self.names)} colors are in the published legends {_slugs(self.suspects)}, but too few or too "
            "common to prove that one of these is meant; if so, palette.names=SLUG names the classes"
        )


def _slugs(matches: Sequence[Match]) -> str:
    more = f" and {len(matches) - 4} more" if len(matches) > 4 else ""
    return ", ".join(match.slug for match in matches[:4]) + more


@cache
def published() -> dict[str, Palette]:
    """Return the published legends by slug."""
    legends = {}
    for path in sorted(path for path in FOLDER.glob("*.csv") if path.name != "SOURCES.csv"):
        # All are `name,r,g,b`: to look for the format of each would take a quarter of a second of every run.
        with path.open(newline="", encoding="utf-8") as file:
            rows = [(row["name"], (int(row["r"]), int(row["g"]), int(row["b"]))) for row in csv.DictReader(file)]
        legends[path.stem] = from_rows(rows)
    return legends


@cache
def _of_default_colors() -> frozenset[str]:
    """Return the legends that are a default color map from its beginning on: whoever has its colors may mean others."""
    return frozenset(
        slug
        for slug, legend in published().items()
        if (match := find_default_map(legend.colors, EXACT)) is not None
        and match.map.ordered
        and match.coverage >= WHOLE_MAP
    )


def is_copy(palette: Palette) -> bool:
    """Tell whether names and colors of a palette are nearly all those of one published legend."""
    rows = {(tuple(color), name.casefold()) for name, color in zip(palette.names, palette.colors.tolist(), strict=True)}
    return any(
        sum(
            (tuple(color), name.casefold()) in rows
            for name, color in zip(legend.names, legend.colors.tolist(), strict=True)
        )
        >= COPIED * len(rows)
        for legend in published().values()
    )


@cache
def titles() -> dict[str, str]:
    """Return the titles of the published legends by slug."""
    with (FOLDER / "SOURCES.csv").open(newline="", encoding="utf-8") as file:
        return {row["legend"]: row["title"] for row in csv.DictReader(file)}


def recognize(palette: Palette, exact: bool) -> Recognition:
    """Recognize a palette; `exact` tells whether its colors are to the digit.

    Examples
    --------
    >>> recognize(published()["camvid11"], exact=True).best.slug
    'camvid11'
    """
    reach = EXACT if exact else LOSSY
    matches = rank(palette, exact)
    closest = tuple(matches[:5])
    nothing = (None,) * len(palette)
    default = find_default_map(palette.colors, EXACT if exact else COMMON_REACH)
    if default is not None and not (matches[0].good and matches[0].score > default.coverage):
        if default.map.slug and has_voc_void(palette.colors, reach):
            best = match_with(default.map.slug, palette, exact)
            return Recognition(best, (), _names(best, (), len(palette)), closest, default=default)
        return Recognition(None, (), nothing, closest, _holding_all(matches, palette), default=default)
    swapped = rank(_exchanged(palette), exact)
    straight_fits, swapped_fits = matches[0].good, swapped[0].good
    if not straight_fits and not swapped_fits:
        suspects = _holding_all(matches, palette) if matches[0].score >= GOOD else ()
        return Recognition(None, (), nothing, closest, suspects)
    exchanged = swapped_fits and (not straight_fits or _fits_better(swapped[0], matches[0]))
    first, other = (swapped, matches) if exchanged else (matches, swapped)
    best = first[0]
    rivals = tuple(match for match in first[1:] if match.good and best.score - match.score < CLOSE)
    # A legend may hold nearly the same colors with red and blue exchanged: then neither reading is sure.
    both = other[0].good and not _fits_better(best, other[0])
    names = _names(best, (*rivals, other[0]) if both else rivals, len(palette))
    return Recognition(best, rivals, names, tuple(first[:5]), exchanged=exchanged)


def _fits_better(match: Match, other: Match) -> bool:
    """Tell whether one reading of the colors, in RGB or BGR order, fits clearly better than the other."""
    if abs(match.score - other.score) >= CLOSE:
        return match.score > other.score
    return match.distance < other.distance - CLEARLY_CLOSER


def _holding_all(matches: Sequence[Match], palette: Palette) -> tuple[Match, ...]:
    """Return the legends that have every color of the palette."""
    return tuple(match for match in matches if match.matched == len(palette))


def _exchanged(palette: Palette) -> Palette:
    """Return the palette with red and blue exchanged."""
    return Palette(palette.names, palette.colors[:, ::-1])


def named(palette: Palette, names: Sequence[str | None]) -> Palette:
    """Return the palette with the names given, of `car/license plate` the first; a class without one keeps its own."""
    firsts = [name and name.split("/")[0].strip() for name in names]
    fresh = []
    for name, first, old in zip(names, firsts, palette.names, strict=True):
        fresh.append((first if firsts.count(first) == 1 else name) or old)
    return replace(palette, names=fresh)


def names_by_color(legend: Palette, palette: Palette, exact: bool) -> tuple[str | None, ...]:
    """Return for each class of a palette the name of the legend's class of its color; None where there is none.

    A name goes to the nearest class only: two of nearly one color are not two classes of one name.
    """
    sources, owner = legend.sources
    apart = between(palette.colors, sources)
    nearest = apart.argmin(axis=1)
    names: list[str | None] = []
    for k, at in enumerate(nearest):
        mine = apart[k, at] <= (EXACT if exact else LOSSY) and apart[:, at].argmin() == k and owner[at] < len(legend)
        names.append(legend.names[owner[at]] if mine else None)
    return tuple(name if name is None or names.count(name) == 1 else None for name in names)


def snapped(palette: Palette, match: Match, exchanged: bool = False) -> Palette:
    """Return the palette with the published colors in place of the matched ones.

    Where red and blue are `exchanged` in the files, they stay so in what is read, and masks are painted in RGB.
    """
    colors = palette.colors.copy()
    painted = palette.colors[:, ::-1].copy()
    for k, row in enumerate(match.rows):
        if row >= 0:
            painted[k] = published()[match.slug].colors[row]
            colors[k] = painted[k, ::-1] if exchanged else painted[k]
    return replace(palette, colors=colors, repainted=painted if exchanged else None)


def rank(palette: Palette, exact: bool) -> list[Match]:
    """Return all published legends as matches, the best first."""
    reach = EXACT if exact else LOSSY
    rarity = _rarity(palette.colors, reach)
    matches = [_match(slug, legend, palette, reach, rarity) for slug, legend in published().items()]
    alike = Counter((match.score, match.distance) for match in matches if match.matched)

    def order(match: Match) -> tuple[float, float, float, str]:
        # Only between legends that fit alike does it matter which is the original.
        kinship = _kinship(match.slug) if alike[match.score, match.distance] > 1 else 0.0
        return -match.score, match.distance, -kinship, match.slug

    return sorted(matches, key=order)


@cache
def _kinship(slug: str) -> float:
    """Return how many other legends share a legend's colors, on average: an original is shared more than its heirs."""
    colors = published()[slug].colors
    others = [between(colors, legend.colors).min(axis=1) <= EXACT for legend in published().values()]
    return float(np.sum(others, axis=0).mean())


def match_with(slug: str, palette: Palette, exact: bool) -> Match:
    """Return the match of one published legend."""
    reach = EXACT if exact else LOSSY
    return _match(slug, published()[slug], palette, reach, _rarity(palette.colors, reach))


def match_with_either_order(slug: str, palette: Palette, exact: bool) -> tuple[Match, bool]:
    """Return the match of one published legend, and whether it fits better with red and blue exchanged."""
    straight, swapped = match_with(slug, palette, exact), match_with(slug, _exchanged(palette), exact)
    exchanged = _fits_better(swapped, straight)
    return (swapped if exchanged else straight), exchanged


def _match(slug: str, legend: Palette, palette: Palette, reach: float, rarity: NDArray[np.float64]) -> Match:
    """Match colors one to one, the closest pairs first."""
    apart = between(palette.colors, legend.colors)
    rows = [-1] * len(palette)
    taken: set[int] = set()
    for flat in np.argsort(apart, axis=None, kind="stable"):
        k, row = divmod(int(flat), len(legend))
        if apart[k, row] > reach:
            break
        if rows[k] < 0 and row not in taken:
            rows[k] = row
            taken.add(row)
    pairs = [(k, row) for k, row in enumerate(rows) if row >= 0]
    matched = len(pairs)
    score = matched / (matched + len(palette) - matched + ABSENT * (len(legend) - matched))
    distance = float(np.mean([apart[pair] for pair in pairs])) if pairs else float("inf")
    # A random color is within reach of one of the legend's with this probability, however rare the legend.
    by_accident = min(len(legend) * 4 / 3 * np.pi * reach**3 / 256**3, 1.0)
    evidence = np.minimum(rarity, -np.log2(by_accident))
    next_best = np.sort(apart, axis=1)[:, 1] if len(legend) > 1 else np.full(len(palette), np.inf)
    sure = tuple(row >= 0 and bool(next_best[k] - apart[k, row] >= AMBIGUOUS) for k, row in enumerate(rows))
    return Match(
        slug,
        titles()[slug],
        tuple(rows),
        len(legend),
        distance,
        score,
        float(sum(evidence[k] for k, _ in pairs)),
        sum(bool(evidence[k] > 0) for k, _ in pairs),
        sure if reach > EXACT else (True,) * len(rows),
    )


def _rarity(colors: NDArray[np.uint8], reach: float) -> NDArray[np.float64]:
    """Return, per color `(k,)`, minus the binary logarithm of the share of published legends that have it.

    It is 0 for the colors of default color maps and basic colors, which people choose without knowing a legend.
    """
    holders = np.sum([between(colors, legend.colors).min(axis=1) <= reach for legend in published().values()], axis=0)
    common = between(colors, common_colors()).min(axis=1) <= min(reach, COMMON_REACH)
    return np.where(common, 0.0, -np.log2(np.maximum(holders, 1) / len(published())))


def _names(best: Match, rivals: Sequence[Match], k: int) -> tuple[str | None, ...]:
    names: list[str | None] = []
    for index in range(k):
        row = best.rows[index]
        name = published()[best.slug].names[row] if row >= 0 and best.sure[index] else None
        others = [published()[rival.slug].names[rival.rows[index]] for rival in rivals if rival.rows[index] >= 0]
        agreed = name is not None and all(_words(name) & _words(other) for other in others)
        names.append(name if agreed else None)
    return tuple(names)


def _words(name: str) -> set[str]:
    """Return the alternatives of a name such as `car/license plate`, without case, spaces and plural."""
    return {re.sub(r"[^a-z0-9]", "", part.casefold()).removesuffix("s") for part in name.split("/")}
