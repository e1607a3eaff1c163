"""A window that accepts suggestions until it is killed; run as a child by test_suggestions_view."""

import sys
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest

from m3n_studio.learning.predict import predict
from m3n_studio.studio.app import application
from m3n_studio.studio.frame.window import Window


def main(folder):
    app = application()
    window = Window(theme="light", viewport="offscreen")
    window.show()
    window.projects.open(folder)

    def go_on():
        if window.desk.project is None or not window.views.complete:
            return
        if window.desk.session is None:
            window.projects.open_session(next(s.id for s in window.desk.project.sessions() if s.name == "day 0"))
            return
        view = window.views["suggestions"]
        if view.property("heard") is None and window.clock.end_s > 0:
            view.setProperty("heard", True)
            book = view._context.predictions

            def compute(session, run):
                own = window.desk.project.signal(window.desk.project.recordings(session)[0]).read()
                book.put(session, run, predict(run, {"left_wrist": own}))

            book.wanted.connect(compute)
            window.desk.written.connect(lambda _, c: [print(a.id, "end", flush=True) for a in c.add])
            window.host.show_dock("suggestions")
        elif view.model.rows:
            if view.current() < 0:
                view.list.setCurrentIndex(view.model.index(0))
            QTest.keyClick(view.list, Qt.Key.Key_Return)

    timer = QTimer(window, interval=5)
    timer.timeout.connect(go_on)
    timer.start()
    app.exec()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
