"""Every format of labels: what is written reads back, field by field, or is said to be lost beforehand."""

import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from m3n_studio.annotation.exchange.formats import format_for, label_formats, losses, read_labels, write_labels
from m3n_studio.annotation.exchange.values import LabelFile, escape, unescape
from m3n_studio.annotation.model import Annotation, LabelClass, Tier
from m3n_studio.errors import FileError, UnknownName, ValueProblem
from tests.annotation.foreign import EAF, LABEL_STUDIO

FILES = {
    "csv": "a.csv", "openpack": "S0100.csv", "mmfit": "w00_labels.csv", "parquet": "a.parquet", "elan": "a.eaf",
    "label-studio": "a.json", "bids": "sub-01_events.tsv", "audacity": "a.txt",
}  # fmt: skip
LOSSLESS = ("csv", "parquet", "elan", "label-studio", "bids")

texts = st.text(max_size=12)
names = st.text(min_size=1, max_size=8).filter(str.strip)
ids = st.text("abcdef0123456789", min_size=6, max_size=8)
times = st.one_of(
    st.floats(-1e6, 1e8, allow_nan=False),
    st.integers(0, 4000).map(lambda n: n / 30),
    st.integers(0, 9000).map(lambda n: n / 1e3),
)
colors = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")


@st.composite
def label_files(draw):
    tiers, items = [], []
    for name in draw(st.lists(names, max_size=3, unique=True)):
        classes = tuple(
            LabelClass(n, draw(colors), "", draw(ids), draw(texts), draw(ids))
            for n in draw(st.lists(names, min_size=1, max_size=4, unique=True))
        )
        kind = draw(st.sampled_from(["interval", "event"]))
        tier = Tier(name, kind, draw(st.booleans()), classes, f"{draw(ids)}{len(tiers)}")
        tiers.append(tier)
        for _ in range(draw(st.integers(0, 5))):
            a, b = sorted((draw(times), draw(times)))
            source = draw(st.sampled_from(["person", "model"]))
            sure = draw(st.none() | st.floats(0, 1))
            label = draw(st.sampled_from(classes)).id
            items.append(Annotation(tier.id, label, a, a if kind == "event" else b, draw(texts), source, sure,
                                    draw(texts), f"{draw(ids)}-{len(items)}"))  # fmt: skip
    return LabelFile(
        tuple(tiers), tuple(items), tuple(draw(st.lists(texts, max_size=2))), draw(st.none() | st.floats(0, 2e9)),
        draw(st.none() | st.floats(1, 1000)), draw(texts), draw(texts),
    )  # fmt: skip


@pytest.mark.parametrize("name", LOSSLESS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
@given(label_files())
def test_round_trips_lose_nothing(tmp_path, name, file):
    path = tmp_path / FILES[name]
    write_labels(path, file, format=name)
    assert losses(file, name) == ()
    found = read_labels(path)
    assert found.tiers == file.tiers
    for a, b in zip(found.annotations, file.annotations, strict=True):
        assert a == b
    assert found == file


def seen(file):
    """What even the poorest format holds: class names and times of intervals, of the first tier that has any."""
    tier = next((t for t in file.tiers if t.kind == "interval" and any(a.tier == t.id for a in file.annotations)), None)
    return [
        (tier.by_id(a.label).name, a.start_s, a.end_s, a.note) for a in file.annotations
        if tier and a.tier == tier.id and a.end_s > a.start_s
    ]  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(label_files())
def test_audacity_keeps_times_bit_for_bit(tmp_path, file):
    path = tmp_path / "a.txt"
    write_labels(path, file)
    if not file.annotations:
        return
    found = read_labels(path)
    assert [(a.start_s, a.end_s) for a in found.annotations if a.start_s < a.end_s] == sorted(
        (a.start_s, a.end_s) for a in file.annotations if a.start_s < a.end_s
    )
    assert sorted(a.start_s for a in found.annotations) == sorted(a.start_s for a in file.annotations)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(label_files())
def test_mmfit_and_openpack_keep_the_nearest_frame_and_microsecond(tmp_path, file):
    from m3n_studio.annotation.exchange.values import plain_line

    kept = [row for row in seen(file) if row[1] >= 0]
    tiers = [replace(t, classes=tuple(replace(c, note="") for c in t.classes)) for t in file.tiers]
    file = replace(file, tiers=tuple(tiers), annotations=tuple(a for a in file.annotations if a.start_s >= 0))
    kept = seen(file)
    if not kept:
        return
    write_labels(tmp_path / "m.csv", file, format="mmfit")
    found = seen(read_labels(tmp_path / "m.csv", format="mmfit"))
    assert len(found) == len(kept)
    for (_, start, end, _), (_, s, e, _) in zip(
        sorted((r for r in kept), key=lambda r: (round(r[1] * 30), r[2])), found, strict=True
    ):
        assert abs(start - s) <= 1 / 60 + 1e-6
        assert abs(end - e) <= 1 / 60 + 1e-6 or e - s <= 1 / 30 + 1e-6
    write_labels(tmp_path / "o.csv", file, format="openpack")
    found = read_labels(tmp_path / "o.csv", format="openpack")
    zero = found.epoch_s - (file.epoch_s or 0.0) if found.epoch_s is not None else 0.0
    by_id = {a.id: a for a in file.annotations}
    assert len(found.annotations) == len(kept)
    for a in found.annotations:
        assert a.start_s + zero == pytest.approx(by_id[a.id].start_s, abs=3e-6)
        assert a.end_s + zero == pytest.approx(by_id[a.id].end_s, abs=3e-6)
        assert found.tiers[0].by_id(a.label).name.strip() in (
            plain_line(next(c.name for t in file.tiers for c in t.classes if c.id == by_id[a.id].label)).strip(),
            "(no name)",
        )


def exact_file():
    """A file that even MM-Fit, OpenPack and Audacity hold, but for what is named."""
    picking, null = LabelClass("Picking", note="OpenPack 100", id="p"), LabelClass("Null", note="OpenPack 8100", id="n")
    tier = Tier("operation", classes=(picking, null), id="t")
    items = (Annotation("t", "p", 0.0, 13.309, id="u1"), Annotation("t", "n", 13.309, 16.16, id="u2"))
    return LabelFile((tier,), items, epoch_s=1634178335.437, subject="U0101", session="S0100")


def test_openpack_is_as_published(tmp_path):
    path = tmp_path / "S0100.csv"
    write_labels(path, exact_file(), format="openpack")
    lines = path.read_text().splitlines()
    assert lines[0] == "uuid,user,session,box,id,operation,start,end,actions"
    assert lines[1] == (
        "u1,U0101,S0100,,100,Picking,2021-10-14 11:25:35.437000+09:00,2021-10-14 11:25:48.746000+09:00,"
    )
    found = read_labels(path)
    assert found == replace(exact_file(), tiers=found.tiers, annotations=found.annotations)
    assert [(a.id, a.start_s, a.end_s) for a in found.annotations] == [("u1", 0.0, 13.309), ("u2", 13.309, 16.16)]
    assert [(c.name, c.note) for c in found.tiers[0].classes] == [
        ("Picking", "OpenPack 100"),
        ("Null", "OpenPack 8100"),
    ]
    text = ",".join(losses(exact_file(), "openpack"))
    assert "colours" in text
    assert "times" not in text


def test_mmfit_is_as_published(tmp_path):
    path = tmp_path / "w00_labels.csv"
    path.write_text("3052,4070,10,squats\n5000,5999,0,lunges\n")
    found = read_labels(path)
    assert [(a.start_s, a.end_s, a.note) for a in found.annotations] == [
        (3052 / 30, 4071 / 30, "10 reps"), (5000 / 30, 200.0, ""),
    ]  # fmt: skip
    write_labels(tmp_path / "again.csv", found, format="mmfit")
    assert (tmp_path / "again.csv").read_text() == path.read_text()
    assert losses(found, "mmfit") == ("colours of 2 classes",)


def test_audacity_is_as_published(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("0.500000\t1.250000\twalk\n\\\t100.0\t2000.0\n2.000000\t2.000000\tclap\n", newline="")
    found = read_labels(path)
    assert [(t.name, t.kind) for t in found.tiers] == [("labels", "interval"), ("labels (moments)", "event")]
    assert [(a.start_s, a.end_s) for a in found.annotations] == [(0.5, 1.25), (2.0, 2.0)]
    assert found.notes == ("frequency ranges of 1 labels",)
    write_labels(tmp_path / "b.txt", found)
    assert (tmp_path / "b.txt").read_text() == "0.5\t1.25\twalk\n2.0\t2.0\tclap\n"


def test_losses_name_what_goes():
    on = Tier("activity", classes=(LabelClass("walk", key="w", id="w"), LabelClass("run", id="r")), id="t")
    other = Tier("claps", "event", classes=(LabelClass("clap", id="c"),), id="e")
    items = (Annotation("t", "w", 0.001, 1.0, "eva", "model", 0.5, "limps"), Annotation("e", "c", 1.0, 1.0))
    file = LabelFile((on, other), items, ("a.mp4",), subject="ann")
    said = " | ".join(losses(file, "mmfit"))
    for word in ("'claps' with 1", "exact times of 1", "note of 1", "author of 1", "source of 1", "confidence of 1",
                 "keys of 1", "media: a.mp4", "subject: ann"):  # fmt: skip
        assert word in said
    assert "1970" in " ".join(losses(file, "openpack"))
    assert "which of the tiers" in " ".join(losses(file, "audacity"))


def test_a_document_made_in_elan(tmp_path):
    path = tmp_path / "a.eaf"
    path.write_text(EAF)
    found = read_labels(path)
    act, part = found.tiers
    assert [(c.name, c.note) for c in act.classes] == [("walk", "on foot"), ("run", ""), ("sit", "")]
    assert act.classes[0].color == "#0a0b0c"
    assert [(a.start_s, a.end_s, a.author) for a in found.annotations if a.tier == act.id] == [
        (0.78, 1.38, "eva"), (1.38, 1.68, "eva"),
    ]  # fmt: skip
    assert [(part.by_id(a.label).name, a.start_s, a.end_s) for a in found.annotations if a.tier == part.id] == [
        ("left", 0.78, pytest.approx(1.08)), ("right", pytest.approx(1.08), 1.38),
    ]  # fmt: skip
    assert found.media == ("file:///a.mp4",)
    assert "2 annotations that hang" in found.notes[0]


def test_elan_documents_are_what_elan_expects(tmp_path):
    from defusedxml.ElementTree import parse

    on = Tier("a", exclusive=False, classes=(LabelClass("w", id="w"),), id="t")
    items = (Annotation("t", "w", 0.0, 2.0), Annotation("t", "w", 1.0, 1.0002), Annotation("t", "w", 1.0001, 3.0))
    write_labels(tmp_path / "a.eaf", LabelFile((on,), items))
    root = parse(tmp_path / "a.eaf").getroot()
    order = [
        "HEADER",
        "TIME_ORDER",
        "TIER",
        "LINGUISTIC_TYPE",
        "LOCALE",
        "LANGUAGE",
        "CONSTRAINT",
        "CONTROLLED_VOCABULARY",
    ]
    assert list(dict.fromkeys(e.tag for e in root)) == order
    slots = {s.get("TIME_SLOT_ID"): int(s.get("TIME_VALUE")) for s in root.iter("TIME_SLOT")}
    assert sorted(slots.values()) == list(slots.values())
    used = []
    for tier in root.iter("TIER"):
        spans = [
            (slots[a.get("TIME_SLOT_REF1")], slots[a.get("TIME_SLOT_REF2")]) for a in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        assert all(s < e for s, e in spans)
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
        used += [a.get(k) for a in tier.iter("ALIGNABLE_ANNOTATION") for k in ("TIME_SLOT_REF1", "TIME_SLOT_REF2")]
    assert len(used) == len(set(used)) == 6
    assert len(list(root.iter("TIER"))) == 3
    types = {t.get("LINGUISTIC_TYPE_ID"): t.get("CONTROLLED_VOCABULARY_REF") for t in root.iter("LINGUISTIC_TYPE")}
    assert {t.get("LINGUISTIC_TYPE_REF") for t in root.iter("TIER")} == set(types)
    assert set(types.values()) == {c.get("CV_ID") for c in root.iter("CONTROLLED_VOCABULARY")}


def test_what_was_changed_in_elan_counts(tmp_path):
    on = Tier("a", classes=(LabelClass("walk", id="w"),), id="t")
    items = (Annotation("t", "w", 0.00012, 1.5, "eva", note="x", id="1"), Annotation("t", "w", 2.0, 3.0001, id="2"))
    path = tmp_path / "a.eaf"
    write_labels(path, LabelFile((on,), items))
    path.write_text(path.read_text().replace('TIME_VALUE="3000"', 'TIME_VALUE="3500"'))
    found = read_labels(path)
    assert found.annotations[0] == items[0]
    assert (found.annotations[1].start_s, found.annotations[1].end_s) == (2.0, 3.5)
    assert found.tiers == (on,)


def test_an_export_of_label_studio(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(LABEL_STUDIO)
    found = read_labels(path)
    assert [(a.id, a.start_s, a.end_s, a.author, a.source, a.confidence, a.note) for a in found.annotations] == [
        ("x", 1.5, 2.0, "7", "person", None, ""), ("p", 2.0, 3.0, "net 1", "model", 0.25, ""),
        ("y", 4.0, 4.0, "7", "person", None, "odd"),
    ]  # fmt: skip
    assert found.notes == ("1 results of other kinds",)
    assert found.media == ("http://example.com/a.csv",)


def test_bids_events_of_others_and_tables_by_hand(tmp_path):
    path = tmp_path / "sub-01_events.tsv"
    path.write_text("onset\tduration\ttrial_type\tresponse_time\n1.5\t0.5\tgo\tn/a\n4\tn/a\tstop\t0.2\n")
    path.with_suffix(".json").write_text('{"trial_type": {"Levels": {"go": "a green light"}}}')
    found = read_labels(path)
    assert [(a.start_s, a.end_s) for a in found.annotations] == [(1.5, 2.0), (4.0, 4.0)]
    assert found.tiers[0].by_name("go").note == "a green light"
    path = tmp_path / "hand.csv"
    path.write_text('label,start_s,end_s,note\nwalk,0,1.5,"a, ""b"""\nsit,1.5,2,\n')
    found = read_labels(path)
    assert [(a.start_s, a.end_s, a.note) for a in found.annotations] == [(0.0, 1.5, 'a, "b"'), (1.5, 2.0, "")]


def test_a_table_edited_by_hand_gains_classes_and_keeps_the_rest(tmp_path):
    path = tmp_path / "a.csv"
    write_labels(path, exact_file())
    path.write_text(path.read_text() + "operation,New one,20,21,,,,,\n")
    found = read_labels(path)
    assert found.tiers[0].classes[:2] == exact_file().tiers[0].classes
    assert [c.name for c in found.tiers[0].classes] == ["Picking", "Null", "New one"]
    assert found.annotations[:2] == exact_file().annotations


@pytest.mark.parametrize("name", list(FILES))
def test_errors_name_file_and_place(tmp_path, name):
    path = tmp_path / FILES[name]
    path.write_bytes(b"nonsense")
    with pytest.raises(FileError, match=path.name):
        read_labels(path)
    with pytest.raises(FileError, match=path.name):
        read_labels(path, format=name)
    with pytest.raises(FileError, match="cannot be written"):
        write_labels(tmp_path / "no" / FILES[name], exact_file(), format=name)
    assert not (tmp_path / "no").exists()


def test_which_format_a_name_stands_for():
    found = {name: format_for(name).name for name in ("x.csv", "X.EAF", "a_events.tsv", "b.json", "c.txt", "d.parquet")}
    assert list(found.values()) == ["csv", "elan", "bids", "label-studio", "audacity", "parquet"]
    with pytest.raises(UnknownName):
        format_for("x.docx")
    with pytest.raises(UnknownName, match="elan"):
        format_for("x.csv", "elam")
    assert {f.name for f in label_formats()} >= set(FILES)


def test_files_that_do_not_fit_together_are_refused():
    on = Tier("a", classes=(LabelClass("w", id="w"),), id="t")
    with pytest.raises(ValueProblem, match="not there"):
        LabelFile((on,), (Annotation("t", "x", 0, 1),))
    with pytest.raises(ValueProblem, match="one name"):
        LabelFile((on, replace(on, id="u")))
    with pytest.raises(ValueProblem, match="epoch_s"):
        LabelFile(epoch_s=math.nan)


@given(st.text(st.characters(exclude_categories=())))
def test_escaped_text_is_on_one_line_and_comes_back(text):
    assert unescape(escape(text)) == text
    assert len(escape(text).splitlines()) <= 1
    assert "\t" not in escape(text)
    escape(text).encode("utf-8")
