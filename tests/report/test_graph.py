import itertools

from zotheory.report.html.graph import LONGEST_ROW, dependency_drawing


def test_claims_stand_below_those_they_rest_on_and_every_dependency_is_a_line():
    depends = {"D": ["B", "C"], "B": ["A"], "C": ["A"], "A": [], "E": [], "F": ["absent"]}
    drawing = dependency_drawing(depends)
    place = {node.id: node.y for node in drawing.nodes}
    assert set(place) == {"A", "B", "C", "D"}
    assert drawing.alone == ("E", "F")
    assert {(name, other) for name, other, _ in drawing.lines} == {
        ("D", "B"),
        ("D", "C"),
        ("B", "A"),
        ("C", "A"),
    }
    assert all(place[name] > place[other] for name, other, _ in drawing.lines)


def test_boxes_do_not_overlap_and_long_rows_are_broken():
    count = 3 * LONGEST_ROW
    depends = {f"X{n}": ["ROOT"] for n in range(count)} | {"ROOT": []}
    nodes = dependency_drawing(depends).nodes
    places = {(node.x, node.y) for node in nodes}
    assert len(places) == count + 1
    for y in {node.y for node in nodes}:
        row = sorted(node.x for node in nodes if node.y == y)
        assert len(row) <= LONGEST_ROW
        assert all(b - a >= 46 for a, b in itertools.pairwise(row))


def test_nothing_to_draw():
    drawing = dependency_drawing({"A": []})
    assert (drawing.nodes, drawing.lines, drawing.alone) == ((), (), ("A",))
