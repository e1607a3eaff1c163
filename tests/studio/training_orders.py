"""Small real orders to train, for the tests of the window."""

from m3n_studio.studio.training.orders import RunOrder
from tests.learning import tiny


def order(folder, name="one", *, epochs=4, apart=False, **changes):
    """Finetune `base` on a project's left wrists, one person tested at a time."""
    config = tiny.settings(**{
        "windows.placements": ("left_wrist",), "finetune.optimiser.epochs": epochs, "finetune.validation_users": 0,
        "finetune.optimiser.stop_patience": 10**6, **changes,
    })  # fmt: skip
    return RunOrder("finetune", folder / "runs" / name, config, str(folder), "activity", apart=apart)
