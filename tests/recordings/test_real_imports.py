"""Public recordings imported as whole folders, with labels, subjects and findings."""

from collections import Counter

import pytest

from m3n_studio.recordings.folder import run, scan
from m3n_studio.recordings.imported import Reading
from tests.shared import data_dir


def imported(name, **options):
    plan = scan(data_dir(name))
    outcomes = list(run(plan, **options))
    assert [outcome.error for outcome in outcomes if not outcome.ok] == []
    return plan, outcomes, Counter((f.level, f.code) for outcome in outcomes for f in outcome.findings)


def test_eight_people_with_labels_and_their_bodies():
    plan, outcomes, findings = imported("sp_sw_har")
    imports = [whole for outcome in outcomes for whole in outcome.imports]
    assert len({whole.subject.id for whole in imports}) == 8
    assert len(plan.groups()) == len(imports) >= 70
    for whole in imports:
        assert 1.5 < whole.subject.height_m < 2.0
        assert 45 < whole.subject.mass_kg < 120
        assert whole.subject.handedness in ("left", "right")
        assert len(whole.labels[0].runs) >= 5
        assert whole.labels[0].runs[-1].stop_s <= whole.signals[0].time_s[-1] + 0.05
    assert {name for whole in imports for name in whole.labels[0].classes} >= {"SEATED", "WALKING"}
    assert not any(level == "reject" for level, _ in findings)


def test_every_mtw_and_apdm_variant_with_a_rate_where_none_is_stated():
    plan, outcomes, findings = imported("xsens_mtw", reading=Reading(rate_hz=100.0))
    assert len(outcomes) >= 23
    assert sum("rate" in item.needs for item in plan.items) == 8
    assert [skipped.path.name for skipped in plan.skipped if "orientation" in skipped.why] == [
        "MT_012005D6-000_sit_to_stand-000_00B421ED.txt"
    ]
    bare = [o for o in outcomes if any(recorded.absent for whole in o.imports for recorded in whole.recorded)]
    assert findings["warning", "no-gyroscope"] == len(bare) == 10
    assert not any(level == "reject" for level, _ in findings)
    trial = plan.groups()["", "MT_012005D6_009-001"]
    assert len(trial) == 8
    worn = {o.imports[0].recorded[0].placement for o in outcomes if o.item in trial}
    assert worn == {
        "chest", "lower_back", "left_shank", "right_shank", "left_thigh", "right_thigh", "left_foot", "right_foot",
    }  # fmt: skip


@pytest.mark.parametrize(("name", "signals"), [("gaitmap_foot", 2), ("qmt_full_body", 16), ("broad", 2)])
def test_the_others_come_whole_and_without_grave_findings(name, signals):
    _, outcomes, findings = imported(name)
    assert sum(len(whole.signals) for outcome in outcomes for whole in outcome.imports) == signals
    assert not any(level in ("reject", "warning") for level, _ in findings)
