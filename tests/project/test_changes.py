"""Any sequence of changes: the store equals a model in memory, and inverses lead back."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from m3n_studio.annotation.model import Annotation, Change, LabelClass, Tier
from m3n_studio.errors import ValueProblem
from m3n_studio.project.store import Project


def tier(number):
    classes = tuple(LabelClass(f"class {c}", id=f"c{number}{c}") for c in range(3))
    return Tier(f"tier {number}", exclusive=False, classes=classes, id=f"t{number}")


TIERS = (tier(0), tier(1))
seconds = st.floats(-1e6, 1e6)


@st.composite
def annotations(draw):
    start_s, end_s = sorted((draw(seconds), draw(seconds)))
    tier = draw(st.sampled_from(TIERS))
    return Annotation(
        tier.id, draw(st.sampled_from(tier.classes)).id, start_s, end_s, draw(st.text(max_size=5)),
        draw(st.sampled_from(["person", "model"])), draw(st.none() | st.floats(0, 1)), draw(st.text(max_size=9)),
    )  # fmt: skip


class Changes(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        import tempfile

        self.scratch = tempfile.TemporaryDirectory(prefix="m3n-test-")
        self.folder = self.scratch.name + "/p"
        self.project = Project.create(self.folder)
        self.project.add_label_set("set", TIERS)
        self.sessions = [self.project.add_session(name).id for name in ("a", "b")]
        self.model = dict.fromkeys(self.sessions, ())
        self.undo = []

    def teardown(self):
        while self.undo:
            self.back()
        self.agree()
        assert not any(self.model.values())
        self.project.close()
        self.scratch.cleanup()

    def make(self, session, change):
        self.project.annotate(session, change)
        self.model[session] = change.apply(self.model[session])

    @rule(where=st.integers(0, 1), add=st.lists(annotations(), max_size=6), data=st.data())
    def change(self, where, add, data):
        session = self.sessions[where]
        now = self.model[session]
        remove = data.draw(st.lists(st.sampled_from(now), unique=True, max_size=4)) if now else []
        kept = [a.with_(end_s=a.end_s + 1) for a in remove if data.draw(st.booleans())]
        change = Change("any", tuple(remove), (*kept, *add))
        self.make(session, change)
        self.undo.append((session, change))

    @precondition(lambda self: self.undo)
    @rule()
    def back(self):
        session, change = self.undo.pop()
        self.make(session, change.inverse())

    @rule(where=st.integers(0, 1), data=st.data())
    def wrong(self, where, data):
        """A change that is not true of what is there is refused, and nothing of it is made."""
        session, other = self.sessions[where], self.sessions[1 - where]
        new = data.draw(annotations())
        lies = [Change("gone", (new,), ()), Change("class", (), (new, data.draw(annotations()).with_(label="none")))]
        for a in self.model[session][:1]:
            lies += [Change("stale", (a.with_(note="x" + a.note),), (new,)), Change("twice", (), (new, a))]
        for a in self.model[other][:1]:
            lies += [Change("elsewhere", (a,), ()), Change("there", (), (a,))]
        lie = data.draw(st.sampled_from(lies))
        try:
            self.project.annotate(session, lie)
        except ValueProblem:
            return
        raise AssertionError(f"{lie} was made")

    @rule()
    def reopen(self):
        self.project.close()
        self.project = Project.open(self.folder)

    @rule(where=st.integers(0, 1), a=seconds, b=seconds)
    def span(self, where, a, b):
        a, b = sorted((a, b))
        session = self.sessions[where]
        wanted = tuple(x for x in self.model[session] if x.start_s <= b and x.end_s >= a and x.tier == "t1")
        assert self.project.annotations(session, "t1", (a, b)) == wanted

    @invariant()
    def agree(self):
        for session in self.sessions:
            assert self.project.annotations(session) == self.model[session]


TestChanges = Changes.TestCase
TestChanges.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
