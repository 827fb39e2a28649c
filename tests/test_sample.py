"""The embedded sample: the growth against a plain reading of the paper, the truth against the files."""

from __future__ import annotations

import io
from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipeline.sample import HABITS, crystal_pictures, grow_sample
from pipeline.sample.growth import Ice, grow
from pipeline.sample.habits import draw_airs
from pipeline.sample.lattice import NEIGHBOURS, Wedge, lattice, refine, smooth, unfold
from pipeline.sample.lighting import draw_light
from pipeline.sample.micrograph import Pose, photograph, project
from pipeline.sample.planting import CHANGES, encode
from pipeline.sample.relief import height_of
from pipeline.sample.weather import weather_of

REACH = 14
UNTIL = 6  # column of the length at which the air changes
SMALL = {"pictures": 18, "size": 48, "workers": 1, "progress": False}


@pytest.fixture(scope="module")
def wedge() -> Wedge:
    return lattice(REACH)


@pytest.fixture(scope="module")
def sample() -> tuple[dict[str, bytes], dict]:
    files, truth = grow_sample(seed=3, **SMALL)
    return dict(files), truth


def _grown(wedge: Wedge, habit: str, *, max_steps: int) -> Ice:
    weather = weather_of([draw_airs(habit, np.random.default_rng(number)) for number in range(3)])
    return grow(wedge, weather, reach=REACH, max_steps=max_steps)


def _around(cells: NDArray, outside: float) -> NDArray:
    """Return the six neighbours of each cell of an axial array, (6, rows, rows)."""
    padded = np.pad(cells, 1, constant_values=outside)
    rows = len(cells)
    return np.stack([padded[1 + r : 1 + r + rows, 1 + q : 1 + q + rows] for q, r in NEIGHBOURS])


def _plain_crystal(air: NDArray, inside: NDArray, *, steps: int) -> tuple[NDArray, NDArray]:
    """Grow on the whole lattice in one air, cell by cell as section 2 of the paper says; (ice, its mass)."""
    vapour_far, edge, notch, scarcity, freezing, melting, _ = (float(setting) for setting in air)
    middle = len(inside) // 2
    ice = np.zeros(inside.shape, bool)
    ice[middle, middle] = True
    vapour = np.where(ice, 0.0, vapour_far)
    liquid, mass = np.zeros(inside.shape), np.zeros(inside.shape)
    for _ in range(steps):
        neighbours = np.where(_around(ice, False), vapour, _around(vapour, vapour_far))
        vapour = np.where(ice, 0, (vapour + neighbours.sum(axis=0)) / 7)
        vapour[~inside] = vapour_far
        around = _around(ice, False).sum(axis=0)
        boundary = ~ice & (around > 0) & inside
        liquid += np.where(boundary, (1 - freezing) * vapour, 0)
        mass += np.where(boundary, freezing * vapour, 0)
        vapour[boundary] = 0
        near = vapour + _around(vapour, vapour_far).sum(axis=0)
        three = (liquid >= 1) | ((near < scarcity) & (liquid >= notch))
        new = boundary & (((around <= 2) & (liquid >= edge)) | ((around == 3) & three) | (around > 3))
        mass[new] += liquid[new]
        liquid[new] = 0
        ice |= new
        vapour += melting * liquid
        liquid -= melting * liquid
    return ice, mass


@pytest.mark.parametrize(("habit", "steps"), [("stellar", 80), ("fern", 40), ("hexagonal_plate", 80)])
def test_a_wedge_grows_as_the_whole_lattice_does(wedge: Wedge, habit: str, steps: int) -> None:
    air = draw_airs(habit, np.random.default_rng(0))[:1]
    air[:, UNTIL] = 1
    grown = grow(wedge, weather_of([air]), reach=REACH, max_steps=steps)
    radius = wedge.q.max()
    inside = unfold(wedge, np.ones(len(wedge.q), np.float32), reach=radius + 1) > 0
    ice, mass = _plain_crystal(air[0], inside, steps=steps)
    assert ice.sum() > 18  # some of it has grown
    frozen = unfold(wedge, grown.frozen[:, 0].astype(np.float32), reach=radius + 1) > 0
    np.testing.assert_array_equal(frozen, ice)
    np.testing.assert_allclose(unfold(wedge, grown.mass[:, 0], reach=radius + 1), mass * ice, atol=1e-5)


def test_a_change_into_the_same_air_changes_nothing(wedge: Wedge) -> None:
    one = draw_airs("stellar", np.random.default_rng(0))
    two = np.repeat(one, 2, axis=0)
    two[0, UNTIL] = 0.5
    unchanged, changed = (grow(wedge, weather_of([airs]), reach=REACH, max_steps=2000).mass for airs in (one, two))
    np.testing.assert_array_equal(unchanged, changed)


def test_a_crystal_that_comes_into_moister_air_grows_faster(wedge: Wedge) -> None:
    dry = np.repeat(draw_airs("stellar", np.random.default_rng(0)), 2, axis=0)
    dry[0, UNTIL] = 0.5
    moist = dry.copy()
    moist[1, 0] = 0.9
    ice = grow(wedge, weather_of([dry, moist]), reach=REACH, max_steps=250)
    assert ice.frozen[:, 0].sum() < ice.frozen[:, 1].sum()
    assert ice.birth[:, 0].max() > REACH / 2  # the air had changed


def test_a_crystal_grows_the_same_alone_and_in_company(wedge: Wedge) -> None:
    together = _grown(wedge, "branched_plate", max_steps=2000)
    alone = grow(
        wedge,
        weather_of([draw_airs("branched_plate", np.random.default_rng(1))]),
        reach=REACH,
        max_steps=2000,
    )
    np.testing.assert_array_equal(alone.mass[:, 0], together.mass[:, 1])


@pytest.mark.parametrize("habit", HABITS)
def test_every_habit_grows_arms_of_the_length_asked_for(wedge: Wedge, habit: str) -> None:
    ice = _grown(wedge, habit, max_steps=2000)
    assert ice.birth.max(axis=0).tolist() == [REACH] * 3


def test_a_crystal_stops_growing_at_its_length(wedge: Wedge) -> None:
    ice = _grown(wedge, "fern", max_steps=2000)
    beyond = wedge.q + wedge.r > REACH
    assert not ice.frozen[beyond].any()


def test_a_crystal_has_six_fold_symmetry(wedge: Wedge) -> None:
    ice = _grown(wedge, "fern", max_steps=2000)
    crystal = unfold(wedge, ice.mass[:, 0], reach=REACH)
    axis = np.arange(-REACH, REACH + 1)
    q, r = np.meshgrid(axis, axis)
    inside = np.abs(q + r) <= REACH
    turned = crystal[(q + r + REACH)[inside], (-r + REACH)[inside]]  # (q, r) -> (-r, q + r): by 60 degrees
    np.testing.assert_array_equal(crystal[inside], turned)


def test_smoothing_moves_ice_without_making_any(wedge: Wedge) -> None:
    spot = np.zeros(len(wedge.q), np.float32)
    spot[0] = 1
    smoothed = unfold(wedge, smooth(wedge, spot, times=3), reach=REACH)
    assert smoothed.sum() == pytest.approx(1, abs=1e-6)


def test_refining_keeps_a_level_surface_level() -> None:
    level = np.zeros((11, 11), np.float32)
    level[2:-2, 2:-2] = 5
    np.testing.assert_allclose(refine(level)[7:-7, 7:-7], 5, rtol=1e-6)


def test_a_map_is_shown_where_its_pose_says() -> None:
    spot = np.zeros((41, 41), np.float32)
    spot[20, 30] = 1  # half an arm from the centre, along q
    pose = Pose(turn=np.pi / 2, scale=0.8, shift=(0.05, 0.0), tilt=(0.0, 0.0))
    shown = project(spot, pose, reach=20, size=200)
    down, across = np.unravel_index(shown.argmax(), shown.shape)
    assert (down, across) == (pytest.approx(100 - 40, abs=1), pytest.approx(100 + 10, abs=1))


def test_bare_background_shows_nothing_of_the_lamps() -> None:
    nothing = np.zeros((48, 48), np.float32)
    light = draw_light(np.random.default_rng(0))
    flat = photograph(nothing, nothing, light, rng=np.random.default_rng(1))
    bumpy = np.random.default_rng(2).random((48, 48), np.float32)
    np.testing.assert_array_equal(flat, photograph(nothing, bumpy, light, rng=np.random.default_rng(1)))


def test_ice_stands_above_nothing(wedge: Wedge) -> None:
    ice = _grown(wedge, "stellar", max_steps=2000)
    surface = {"mass": ice.mass[:, 0], "birth": ice.birth[:, 0], "frozen": ice.frozen[:, 0]}
    height = height_of(wedge, **surface, rng=np.random.default_rng(0))
    far = smooth(wedge, surface["frozen"].astype(np.float32), times=1) == 0
    assert height.min() >= 0
    assert not height[far].any()


def test_pictures_are_rgb_bytes_of_the_size_asked_for() -> None:
    pictures = crystal_pictures("fern", np.random.SeedSequence(0).spawn(2), size=50)
    assert [(picture.shape, picture.dtype) for picture in pictures] == [((50, 50, 3), np.uint8)] * 2


def test_no_two_crystals_are_alike() -> None:
    first, second = crystal_pictures("stellar", np.random.SeedSequence(0).spawn(2), size=48)
    assert (first != second).any()


def test_a_sample_has_as_many_files_of_a_habit_as_the_truth_explains(sample: tuple) -> None:
    files, truth = sample
    planted = [copy["copy"] for copy in (*truth["exact"], *truth["near"])] + [truth["stranger"]]
    grown = Counter(path.split("/")[0] for path in files if path not in planted)
    assert grown == dict.fromkeys(HABITS, 3)
    assert len(planted) == len(set(planted)) == 19


def test_every_path_of_the_truth_is_a_file(sample: tuple) -> None:
    files, truth = sample
    pairs = [path for copy in (*truth["exact"], *truth["near"]) for path in (copy["original"], copy["copy"])]
    assert {*pairs, truth["stranger"]} <= set(files)


def test_each_original_is_copied_once_into_its_own_folder(sample: tuple) -> None:
    copies = [*sample[1]["exact"], *sample[1]["near"]]
    assert len({copy["original"] for copy in copies}) == 18
    assert all(copy["original"].split("/")[0] == copy["copy"].split("/")[0] for copy in copies)


def test_the_files_of_a_folder_are_numbered_from_one_without_a_gap(sample: tuple) -> None:
    for habit in HABITS:
        numbers = sorted(path.split("/")[1] for path in sample[0] if path.startswith(f"{habit}/"))
        assert numbers == [f"{number:04d}.jpg" for number in range(1, len(numbers) + 1)]


def test_exact_copies_are_the_only_files_with_the_same_bytes(sample: tuple) -> None:
    files, truth = sample
    assert all(files[copy["original"]] == files[copy["copy"]] for copy in truth["exact"])
    assert len(set(files.values())) == len(files) - 6


def test_near_copies_are_three_of_each_change(sample: tuple) -> None:
    assert Counter(copy["change"] for copy in sample[1]["near"]) == dict.fromkeys(CHANGES, 3)


def test_near_copies_still_look_like_their_originals(sample: tuple) -> None:
    files, truth = sample

    def thumbnail(path: str) -> NDArray:
        return np.asarray(Image.open(io.BytesIO(files[path])).resize((8, 8), Image.Resampling.BOX), np.float64)

    for copy in truth["near"]:
        assert np.abs(thumbnail(copy["original"]) - thumbnail(copy["copy"])).mean() < 20, copy


@pytest.mark.parametrize(
    ("change", "size"), [("re-encoded", 200), ("rescaled", 150), ("brighter", 200), ("cropped", 190)]
)
def test_a_change_has_the_size_that_it_says(change: str, size: int) -> None:
    grey = encode(np.full((200, 200, 3), 100, np.uint8), quality=92)
    assert Image.open(io.BytesIO(CHANGES[change](grey))).size == (size, size)


def test_a_brighter_copy_is_twelve_per_cent_brighter() -> None:
    grey = encode(np.full((64, 64, 3), 100, np.uint8), quality=92)
    pixels = np.asarray(Image.open(io.BytesIO(CHANGES["brighter"](grey))))
    assert pixels.mean() == pytest.approx(112, abs=1)


def test_the_same_seed_gives_the_same_sample(sample: tuple) -> None:
    files, truth = grow_sample(seed=3, **SMALL)
    assert (dict(files), truth) == sample


def test_another_seed_gives_another_sample(sample: tuple) -> None:
    files, truth = grow_sample(seed=4, **SMALL)
    assert not set(files := dict(files).values()) & set(sample[0].values())
    assert truth != sample[1]


def test_workers_do_not_change_the_sample(sample: tuple) -> None:
    files, truth = grow_sample(seed=3, **{**SMALL, "workers": 2})
    assert (dict(files), truth) == sample


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("pictures", 12, "pictures must be a multiple of 6 and at least 18, got 12"),
        ("pictures", 20, "pictures must be a multiple of 6 and at least 18, got 20"),
        ("size", 31, "size must be at least 32 pixels, got 31"),
        ("workers", 0, "workers must be at least 1, got 0"),
    ],
)
def test_a_number_out_of_its_range_is_refused(name: str, value: int, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        grow_sample(seed=0, **{**SMALL, name: value})


def test_a_lattice_too_small_for_arms_is_refused() -> None:
    with pytest.raises(ValueError, match="reach must be at least 4 cells, got 3"):
        lattice(3)
