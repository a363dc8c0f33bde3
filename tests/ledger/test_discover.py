"""From paths to claims: what is found, what fails to load, and what does not fit together."""

import sys

import pytest

from zotheory.errors import ClaimError, InvalidArgument
from zotheory.ledger.discover import discover


def ids(claims):
    return [claim.id for claim in claims]


def test_a_folder_is_searched_in_order_without_private_names(write):
    write("A2")
    write("A1", name="deep/a1.py")
    write("A3", name="_a3.py")
    write("A4", name=".hidden/a4.py")
    write("A5", name="_private/a5.py")
    write.raw("notes.txt", "no claim")
    claims, failures = discover([write.folder])
    assert (ids(claims), failures) == (["A2", "A1"], [])
    assert claims[1].file == str(write.folder / "deep" / "a1.py")


def test_a_private_file_given_by_itself_is_loaded(write):
    assert ids(discover([write("A3", name="_a3.py")])[0]) == ["A3"]


def test_a_file_given_twice_is_loaded_once(write):
    path = write("A1")
    spelled_otherwise = path.parent / ".." / path.parent.name / path.name
    assert ids(discover([path, write.folder, spelled_otherwise])[0]) == ["A1"]


def test_a_file_that_raises_is_reported_with_its_line_and_the_others_load(write):
    write("A1")
    write.raw("bad.py", "x = 1\ny = undefined_name\n")
    claims, (failure,) = discover([write.folder])
    assert ids(claims) == ["A1"]
    assert failure.path.endswith("bad.py")
    assert "line 2: NameError: name 'undefined_name' is not defined" in failure.message
    assert "correct the file" in failure.message
    assert "\n" not in str(failure)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "defines no `claim`"),
        ("claim = 'a = b'", "its `claim` is a str"),
        ("x = (\n", "line 1: SyntaxError"),
        ("import sys\nsys.exit(0)", "line 2: SystemExit: 0"),
        ("\nimport no_such_module_here", "line 2: ModuleNotFoundError"),
        ("from zotheory.ledger import Claim\nclaim = Claim(id='A 1')", "line 2: TypeError"),
    ],
)
def test_each_way_not_to_load_is_told_apart(write, text, said):
    path = write.raw("bad.py", text)
    claims, (failure,) = discover([path])
    assert claims == []
    assert said in failure.message


def test_a_file_that_failed_leaves_no_half_made_module_behind(write):
    before = set(sys.modules)
    discover([write.raw("bad.py", "1 / 0")])
    assert not [name for name in set(sys.modules) - before if "bad" in name]


def test_two_claims_of_one_id_name_both_files(write):
    write("A1", name="one.py")
    write("A1", name="two.py")
    with pytest.raises(ClaimError, match=r"'A1'.*one\.py.*two\.py.*rename"):
        discover([write.folder])


def test_an_unknown_dependency_names_the_nearest(write):
    write("lemma-one")
    write("A2", depends=("lemma-on",))
    with pytest.raises(ClaimError, match=r"a2\.py.*'lemma-on'.*nearest: lemma-one"):
        discover([write.folder])


def test_a_file_by_itself_may_rest_on_claims_elsewhere(write):
    assert ids(discover([write("A2", depends=("A1",))])[0]) == ["A2"]


def test_a_dependency_may_be_in_a_file_that_did_not_load(write):
    write("A2", depends=("A1",))
    write.raw("a1.py", "1 / 0")
    claims, failures = discover([write.folder])
    assert (ids(claims), len(failures)) == (["A2"], 1)


@pytest.mark.parametrize("links", [{"A1": "A1"}, {"A1": "A2", "A2": "A3", "A3": "A1"}])
def test_a_cycle_is_shown_with_its_files(write, links):
    for name, other in links.items():
        write(name, depends=(other,))
    with pytest.raises(ClaimError, match=r"rest on each other: A1 \(.*a1\.py\).* -> A1: remove"):
        discover([write.folder])


def test_a_path_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InvalidArgument, match=r"x/nowhere does not exist; give a claim file"):
        discover([tmp_path / ("x" * 90) / "nowhere"])


def test_a_folder_without_claims_is_an_error(tmp_path):
    with pytest.raises(InvalidArgument, match="no claim file"):
        discover([tmp_path])


def test_helpers_of_a_package_are_importable_and_sys_path_is_put_back(write):
    write.raw("__init__.py", "")
    write.raw("_shared.py", "NUMBER = 7")
    name = write.folder.name
    for file, line in {
        "a1": f"from {name}._shared import NUMBER",
        "a2": "from ._shared import NUMBER",
    }.items():
        write(file, f"{line}\nclaim.title = str(NUMBER)", name=f"deep/{file}.py")
    write.raw("deep/__init__.py", "")
    write.raw("deep/_shared.py", "NUMBER = 8")
    before = list(sys.path)
    claims, failures = discover([write.folder])
    assert failures == []
    assert [claim.title for claim in claims] == ["7", "8"]
    assert sys.path == before


@pytest.mark.parametrize("package", [True, False])
def test_a_copied_folder_uses_its_own_helpers(write, tmp_path, package):
    """Else a changed constant in the copy would be checked against the original's."""
    found = []
    for number in (7, 8):
        folder = tmp_path / str(number) / "namesake"
        if package:
            write.raw("__init__.py", "", folder)
        write.raw("_common_to_both.py", f"NUMBER = {number}", folder)
        line = f"from {'.' if package else ''}_common_to_both import NUMBER"
        line = line.replace("from ._", "from namesake._")
        write("A1", f"{line}\nclaim.title = str(NUMBER)", folder=folder)
        claims, failures = discover([folder])
        assert failures == []
        found.append(claims[0].title)
    assert found == ["7", "8"]


def test_a_constant_changed_right_after_a_run_is_seen(write):
    """Same size, same second: cached bytecode would be taken for current."""
    for number in range(2, 6):
        path = write("A1", middle=number)
        assert discover([path])[0][0].formulas["middle"] == number


def test_prints_at_import_stay_out_of_standard_output(write, capsys):
    discover([write("A1", "print('noise')")])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "noise" in captured.err
