"""A window that labels while it trains, until it is killed; run as a child by test_kill_training."""

import sys
from pathlib import Path

from PySide6.QtCore import QTimer

from m3n_studio.annotation.model import Annotation, Change
from m3n_studio.learning import loop
from m3n_studio.studio.app import application
from m3n_studio.studio.frame.window import Window
from tests.studio.training_orders import order


def main(folder):
    loop.SAVE_S = 0.0  # after every epoch
    app = application()
    window = Window(theme="light", viewport="offscreen")
    window.show()
    window.projects.open(folder)
    made = []

    def go_on():
        if window.desk.project is None:
            return
        if window.desk.session is None:
            window.projects.open_session(window.desk.project.sessions()[0].id)
            return
        if not made:
            window.actions_by_name["training"].trigger()
            window.views["training"].queue.add(order(folder, epochs=20_000))
        tier, at = window.desk.tiers[0], 1000.0 + len(made)
        label = Annotation(tier.id, tier.classes[len(made) % 2].id, at, at + 0.5, "ana")
        made.append(label)
        if window.desk.annotate(Change("Label", (), (label,))):
            print(label.id, "end", flush=True)

    timer = QTimer(window, interval=25)
    timer.timeout.connect(go_on)
    timer.start()
    app.exec()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
