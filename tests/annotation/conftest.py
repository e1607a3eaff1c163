"""The label formats, also where the package was installed before they had an entry point."""

import pytest

from m3n_studio.annotation.builtin import register
from m3n_studio.annotation.exchange.formats import KIND
from m3n_studio.plugins import the_door


@pytest.fixture(scope="session", autouse=True)
def label_formats():
    door = the_door()
    if not list(door.all(KIND)):
        door.admit("annotation", lambda: register)
