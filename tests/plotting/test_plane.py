"""The figure of the plane of energies, tested through what it draws."""

import numpy as np
import pytest
from matplotlib import get_backend, rcParams
from matplotlib.text import Annotation

from zotheory.errors import InvalidArgument
from zotheory.plotting.plane import plot_plane, save
from zotheory.programs import Program, solve
from zotheory.programs.full import solve_full
from zotheory.programs.program import parse_prior

PRIOR = parse_prior("1/2,0.2*2,1/30*3")
PROGRAMS = {
    "plain": {"dim": 10},
    "cap": {"dim": 10, "norm_cap": 20},
    "fixed length": {"dim": 10, "norm_cap": 10},
    "budget": {"dim": 10, "fourth_moment": "1.5"},
    "covariance": {"dim": 10, "nonnegative_covariance": True},
    "covariance and cap": {"dim": 10, "nonnegative_covariance": True, "norm_cap": 30, "delta": "0.1"},
    "covariance and smoothing": {"dim": 3, "nonnegative_covariance": True, "smoothing": "0.3"},
    "guide": {"dim": 10, "alignment": "0.3", "delta": "0.01"},
    "useless guide": {"dim": 10, "alignment": 0},
    "blind": {"dim": 10, "blind": True, "norm_cap": 20},
    "prior": {"dim": 6, "prior": PRIOR},
    "escaping prior": {"dim": 6, "prior": parse_prior("1/2*2,0*4")},
    "huge": {"dim": 10**6, "norm_cap": 2 * 10**6},
    "huge of fixed length": {"dim": 10**6, "norm_cap": 10**6},
    "smoothing": {"dim": 10, "smoothing": "0.1"},
    "dimension one": {"dim": 1, "norm_cap": 3},
    "dimension two": {"dim": 2, "norm_cap": 3},
}


def draw(**program):
    return plot_plane(solve(Program(**program))).axes[0]


def marks(axes, name):
    """Return the data of all lines with this name, one array of points each."""
    return [np.column_stack(line.get_data()) for line in axes.lines if line.get_gid() == name]


def texts(axes):
    return [note.get_text() for note in axes.texts]


def notes(axes):
    return [note for note in axes.texts if isinstance(note, Annotation) and note.get_text()]


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_label_stands_inside_and_apart_from_the_others(name):
    axes = draw(**PROGRAMS[name])
    boxes = [note.get_window_extent() for note in notes(axes)]
    for i, box in enumerate(boxes):
        assert axes.bbox.x0 - 1 <= box.x0
        assert box.x1 <= axes.bbox.x1 + 1
        assert axes.bbox.y0 - 1 <= box.y0
        assert box.y1 <= axes.bbox.y1 + 1
        assert not any(box.overlaps(other) for other in boxes[:i])
    assert (axes.get_xlabel(), axes.get_ylabel()) != ("", "")
    assert axes.figure.get_size_inches()[0] == 3.3


@pytest.mark.parametrize("name", PROGRAMS)
def test_atoms_average_to_the_mean(name):
    solution = solve(Program(**PROGRAMS[name]))
    axes = plot_plane(solution).axes[0]
    (mean,) = marks(axes, "mean")
    atoms = np.vstack(marks(axes, "atom"))
    masses = [float(atom.mass) for atom in solution.atoms]
    averaged = np.average(atoms, weights=masses, axis=0)
    expected = [1.0, 1.0 if solution.program.dim > 1 else 0.0]
    assert mean[0].tolist() == expected
    if solution.contact_set.attained:
        assert averaged == pytest.approx(expected, rel=1e-12)
    else:
        assert any(note.get_gid() == "escape" for note in axes.texts)


def test_the_cap():
    axes = draw(dim=10, norm_cap=20)
    atoms = sorted(np.vstack(marks(axes, "atom")).tolist())
    assert atoms[0] == pytest.approx([0, 20 / 9])
    assert atoms[1] == pytest.approx([20 / 11, 0])
    rings = sorted(np.vstack(marks(axes, "contact-point")).tolist())
    assert np.array(rings) == pytest.approx(np.array(atoms))
    (cap,) = marks(axes, "cap")
    assert cap @ [1, 9] == pytest.approx([20, 20])
    said = texts(axes)
    assert "mass 0.55\n|v|² = 1.82" in said
    assert "mass 0.45\n|v|² = 20" in said
    assert "|v|² ≤ 20" in said
    assert "mean" in said
    (region,) = axes.patches
    assert region.get_gid() == "region"
    assert (region.get_xy() @ [1, 9]).max() == pytest.approx(20)


def test_a_fixed_length_is_a_line():
    axes = draw(dim=10, norm_cap=10)
    (line,) = marks(axes, "contact-line")
    assert line.tolist() == pytest.approx(np.array([[0, 10 / 9], [10, 0]]))
    assert marks(axes, "contact-point") == []
    assert "contact set\n|v|² = 10" in texts(axes)


def test_aligned_laws_are_a_vertical_line_up_to_the_cap():
    axes = draw(dim=10, nonnegative_covariance=True)
    (line,) = marks(axes, "contact-line")
    assert line[:, 0].tolist() == [1, 1]
    assert line[1, 1] == axes.get_ylim()[1]
    assert "contact set\ns = 1" in texts(axes)
    (line,) = marks(draw(dim=10, nonnegative_covariance=True, norm_cap=19), "contact-line")
    assert line.tolist() == pytest.approx(np.array([[1, 0], [1, 2]]))


@pytest.mark.parametrize(("options", "axis"), [({}, 1), ({"alignment": 0}, 0)])
def test_escaping_mass_leaves_along_its_axis(options, axis):
    axes = draw(dim=10, **options)
    (arrow,) = [note for note in axes.texts if note.get_gid() == "escape"]
    assert isinstance(arrow, Annotation)
    start, end = np.array(arrow.xyann), np.array(arrow.xy)
    assert end[1 - axis] == start[1 - axis] == 0
    assert end[axis] > start[axis]
    assert any("escapes" in text for text in texts(axes))
    assert any("mass → 1" in text for text in texts(axes))


def test_contours_are_those_of_the_cost():
    axes = draw(dim=10, alignment="0.3", smoothing="0.1", norm_cap=30)
    (contours,) = [artist for artist in axes.collections if artist.get_gid() == "cost"]
    levels = contours.levels
    assert len(levels) >= 4
    for level, path in zip(levels, contours.get_paths(), strict=True):
        x, y = np.asarray(path.vertices).T
        s, t = x, 9 * y
        n = s + t
        cost = (0.09 * s + 0.91 / 9 * t) * n + 0.1 * n**3
        assert cost == pytest.approx(level, rel=0.02)


def test_the_plane_of_a_prior_is_that_of_its_quadratic_form():
    axes = draw(dim=6, prior=PRIOR)
    assert axes.get_xlabel() == "s / δ, s = vᵀAv"
    (region,) = axes.patches
    x, y = np.delete(region.get_xy(), [0, -1], axis=0).T
    assert sorted(x / (x + 5 * y)) == pytest.approx([1 / 30, 1 / 2])
    assert len(marks(axes, "atom")) == 3


def test_blind_contact_is_a_segment_for_every_direction():
    axes = draw(dim=10, blind=True)
    (line,) = marks(axes, "contact-line")
    assert line.tolist() == pytest.approx(np.array([[0, 10 / 9], [10, 0]]))
    assert "any unit u" in axes.get_xlabel()


def test_the_full_route_is_drawn_with_close_vectors_as_one():
    axes = plot_plane(solve_full(Program(dim=3, norm_cap=4))).axes[0]
    atoms = sorted(np.vstack(marks(axes, "atom")).tolist())
    assert np.array(atoms) == pytest.approx(np.array([[0, 2], [2, 0]]), abs=0.01)
    assert marks(axes, "contact-point") == []
    assert any(text.startswith("mass 0.5\n") for text in texts(axes))


@pytest.mark.parametrize("suffix", [".pdf", ".png", ".svg", ".SVG"])
def test_the_same_solution_gives_the_same_bytes(tmp_path, suffix):
    solution = solve(Program(dim=10, norm_cap=20))
    paths = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for path in paths:
        save(plot_plane(solution), path)
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    assert len(first) > 5000


def test_saving_needs_a_known_suffix_and_a_place(tmp_path):
    figure = plot_plane(solve(Program(dim=2, norm_cap=3)))
    with pytest.raises(InvalidArgument, match="end it in one of"):
        save(figure, tmp_path / "plane.jpg")
    with pytest.raises(InvalidArgument, match="cannot be written"):
        save(figure, tmp_path / "missing" / "plane.png")


def test_nothing_global_is_touched(tmp_path):
    before, backend = dict(rcParams), get_backend()
    save(plot_plane(solve(Program(dim=10, norm_cap=20))), tmp_path / "plane.pdf")
    assert dict(rcParams) == before
    assert get_backend() == backend
