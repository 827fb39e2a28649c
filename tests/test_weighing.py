"""How far each kind of evidence is trusted, and which differences are made smaller."""

import numpy as np
import pytest

from pipeline.encoder.weighing import evened, trust


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def evidence(noise: dict[str, float], seed: int = 0) -> dict[str, np.ndarray]:
    """Return views of the same 400 things, each through a turn of its own and with noise of its own."""
    generator = np.random.default_rng(seed)
    things = generator.normal(size=(400, 6))
    views = {}
    for name, amount in noise.items():
        turn = np.linalg.qr(generator.normal(size=(6, 6)))[0]
        views[name] = unit(things @ turn + amount * generator.normal(size=(400, 6)))
    return views


def test_evidence_that_shares_nothing_with_the_rest_counts_for_hardly_anything() -> None:
    found = trust(evidence({"network": 0.3, "outlines": 0.3, "patches": 0.3, "colours": 100.0}))
    assert found["colours"] < 0.1
    assert min(found["network"], found["outlines"], found["patches"]) > 0.85


def test_what_is_shared_by_chance_in_a_small_folder_earns_no_trust() -> None:
    views = evidence({"network": 0.3, "outlines": 0.3, "patches": 0.3, "colours": 100.0})
    assert trust({name: vectors[:60] for name, vectors in views.items()})["colours"] < 0.15


@pytest.mark.parametrize("seed", range(3))
def test_evidence_is_trusted_in_the_order_of_how_well_it_sees(seed: int) -> None:
    noise = {"colours": 0.2, "network": 0.4, "outlines": 0.8, "patches": 1.6}
    found = trust(evidence(noise, seed))
    assert sorted(found, key=lambda name: -found[name]) == list(noise)
    assert found["colours"] == 1


def test_trust_does_not_depend_on_the_order_of_the_pictures_or_of_the_names() -> None:
    views = evidence({"network": 0.3, "outlines": 0.6, "patches": 0.9})
    order = np.random.default_rng(1).permutation(400)
    turned = {name: views[name][order] for name in reversed(views)}
    assert trust(turned) == pytest.approx(trust(views), abs=1e-9)


def test_with_two_kinds_of_evidence_or_few_pictures_nothing_can_be_told() -> None:
    views = evidence({"network": 0.3, "outlines": 100.0, "patches": 0.3})
    assert trust({name: views[name] for name in ("network", "outlines")}) == {"network": 1, "outlines": 1}
    assert set(trust({name: vectors[:20] for name, vectors in views.items()}).values()) == {1.0}


def test_pictures_that_are_all_alike_are_weighed_evenly_enough_to_be_joined() -> None:
    alike = {name: np.full((50, 3), 3**-0.5, np.float32) for name in ("network", "outlines", "patches")}
    found = trust(alike)
    assert max(found.values()) == 1
    assert min(found.values()) > 0


def test_what_differs_between_mutual_neighbours_is_made_smaller() -> None:
    generator = np.random.default_rng(0)
    things = np.repeat(10 * generator.normal(size=(200, 4)), 3, axis=0)
    loud, faint = 3 * generator.normal(size=(600, 1)), 0.1 * generator.normal(size=(600, 1))
    matrix = evened(np.concatenate([things, loud, faint], axis=1).astype(np.float32))
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-6)
    assert matrix[4, 4] < 0.85 * matrix[5, 5]
    assert (np.linalg.eigvalsh(matrix) > 0).all()


@pytest.mark.parametrize("vectors", [np.eye(150, 8), np.zeros((900, 8)), np.ones((3, 8))])
def test_where_differences_cannot_be_told_nothing_is_changed(vectors: np.ndarray) -> None:
    np.testing.assert_array_equal(evened(vectors.astype(np.float32)), np.eye(8))
