"""What is sent to workers goes with its own modules, and by name where those are others'."""

import pickle
import sys
from types import ModuleType

from zotheory.experiment.shipping import packed


class Settings(ModuleType):
    """A module that refuses to be pickled, as torch's settings are."""

    def __reduce_ex__(self, protocol):
        raise TypeError("cannot pickle")


def test_modules_of_a_type_of_their_own_go_by_name(monkeypatch):
    outer, settings, home = ModuleType("outer"), Settings("outer.settings"), ModuleType("home")
    outer.__package__, outer.settings = "outer", settings
    for module in (outer, settings, home):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    exec("import outer\n\ndef run():\n    return outer.settings", vars(home))
    text = packed(home.run, [home])
    monkeypatch.delitem(sys.modules, "home")
    assert pickle.loads(text)() is settings
