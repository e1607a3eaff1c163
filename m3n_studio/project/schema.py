"""Version 1 of the database's tables, and the statements each later version adds. Frozen once shipped.

Times are seconds on the session's clock. Ids are 32 hexadecimal digits made by us. `removed` hides a row and what
belongs to it without deleting it, so that removing a subject can be undone.
"""

from __future__ import annotations

APPLICATION_ID = 0x6D336E70  # "m3np"
VERSION = 2

#: The first tables. A recording had an offset only, its device was a word, and classes had no hierarchy.
V1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE subject (
    id TEXT PRIMARY KEY, name TEXT NOT NULL CHECK (trim(name) <> ''),
    height_m REAL CHECK (height_m BETWEEN 0.3 AND 2.8), mass_kg REAL CHECK (mass_kg BETWEEN 1 AND 700),
    handedness TEXT NOT NULL DEFAULT '' CHECK (handedness IN ('', 'left', 'right', 'both')),
    note TEXT NOT NULL DEFAULT '', removed INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE UNIQUE INDEX subject_name ON subject (name) WHERE removed = 0;
CREATE TABLE session (
    id TEXT PRIMARY KEY, name TEXT NOT NULL CHECK (trim(name) <> ''), subject TEXT REFERENCES subject (id),
    started_at TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '',
    removed INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE UNIQUE INDEX session_name ON session (coalesce(subject, ''), name) WHERE removed = 0;
CREATE TABLE recording (
    id TEXT PRIMARY KEY, session TEXT NOT NULL REFERENCES session (id), name TEXT NOT NULL,
    placement TEXT NOT NULL DEFAULT '', device TEXT NOT NULL DEFAULT '', file TEXT NOT NULL UNIQUE,
    samples INTEGER NOT NULL CHECK (samples > 0), rate_hz REAL NOT NULL, start_s REAL NOT NULL,
    stop_s REAL NOT NULL, regular INTEGER NOT NULL, sha256 TEXT NOT NULL, offset_s REAL NOT NULL DEFAULT 0,
    source TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '', removed INTEGER NOT NULL DEFAULT 0,
    CHECK (start_s <= stop_s)) STRICT;
CREATE INDEX recording_session ON recording (session);
CREATE TABLE video (
    id TEXT PRIMARY KEY, session TEXT NOT NULL REFERENCES session (id), name TEXT NOT NULL, path TEXT NOT NULL,
    duration_s REAL NOT NULL DEFAULT 0, offset_s REAL NOT NULL DEFAULT 0, note TEXT NOT NULL DEFAULT '',
    removed INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE clip (
    id TEXT PRIMARY KEY, session TEXT NOT NULL REFERENCES session (id), name TEXT NOT NULL, path TEXT NOT NULL,
    offset_s REAL NOT NULL DEFAULT 0, note TEXT NOT NULL DEFAULT '', removed INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE label_set (
    id TEXT PRIMARY KEY, name TEXT NOT NULL CHECK (trim(name) <> ''), note TEXT NOT NULL DEFAULT '',
    removed INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE UNIQUE INDEX label_set_name ON label_set (name) WHERE removed = 0;
CREATE TABLE tier (
    id TEXT PRIMARY KEY, label_set TEXT NOT NULL REFERENCES label_set (id), name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('interval', 'event')), exclusive INTEGER NOT NULL, rank INTEGER NOT NULL
    ) STRICT;
CREATE TABLE label_class (
    id TEXT PRIMARY KEY, tier TEXT NOT NULL REFERENCES tier (id) DEFERRABLE INITIALLY DEFERRED,
    name TEXT NOT NULL, color TEXT NOT NULL, key TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '',
    rank INTEGER NOT NULL, UNIQUE (tier, id)) STRICT;
CREATE TABLE annotation (
    id TEXT PRIMARY KEY, session TEXT NOT NULL REFERENCES session (id), tier TEXT NOT NULL, label TEXT NOT NULL,
    start_s REAL NOT NULL, end_s REAL NOT NULL, author TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL DEFAULT 'person' CHECK (source IN ('person', 'model')),
    confidence REAL CHECK (confidence BETWEEN 0 AND 1), note TEXT NOT NULL DEFAULT '',
    CHECK (start_s <= end_s),
    FOREIGN KEY (tier, label) REFERENCES label_class (tier, id) DEFERRABLE INITIALLY DEFERRED) STRICT;
CREATE INDEX annotation_session ON annotation (session, start_s);
CREATE INDEX annotation_label ON annotation (tier, label);
"""

#: Devices, time maps, the hierarchy of classes, texts, runs and the subject's sex. `offset_map` is ours (migrations):
#: SQLite's own JSON keeps 15 digits of a number only.
V2 = """
CREATE TABLE device (
    id TEXT PRIMARY KEY, name TEXT NOT NULL CHECK (trim(name) <> ''), model TEXT NOT NULL DEFAULT '',
    serial TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '', removed INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE UNIQUE INDEX device_name ON device (name) WHERE removed = 0;
INSERT INTO device (id, name) SELECT lower(hex(randomblob(16))), device FROM recording
    WHERE trim(device) <> '' GROUP BY device;
ALTER TABLE recording RENAME TO recording_1;
DROP INDEX recording_session;
CREATE TABLE recording (
    id TEXT PRIMARY KEY, session TEXT NOT NULL REFERENCES session (id),
    name TEXT NOT NULL CHECK (trim(name) <> ''), placement TEXT NOT NULL DEFAULT '',
    device TEXT REFERENCES device (id), file TEXT NOT NULL UNIQUE,
    samples INTEGER NOT NULL CHECK (samples > 0), rate_hz REAL NOT NULL, start_s REAL NOT NULL,
    stop_s REAL NOT NULL, regular INTEGER NOT NULL, sha256 TEXT NOT NULL, time_map TEXT NOT NULL,
    source TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '', removed INTEGER NOT NULL DEFAULT 0,
    CHECK (start_s <= stop_s)) STRICT;
INSERT INTO recording SELECT r.id, r.session, CASE trim(r.name) WHEN '' THEN 'recording' ELSE r.name END, r.placement,
    d.id, r.file, r.samples, r.rate_hz, r.start_s, r.stop_s, r.regular, r.sha256,
    offset_map(r.offset_s), r.source, r.note, r.removed
    FROM recording_1 r LEFT JOIN device d ON d.name = r.device;
DROP TABLE recording_1;
CREATE INDEX recording_session ON recording (session);
ALTER TABLE video ADD COLUMN time_map TEXT NOT NULL DEFAULT '';
UPDATE video SET time_map = offset_map(offset_s);
ALTER TABLE video DROP COLUMN offset_s;
ALTER TABLE clip ADD COLUMN time_map TEXT NOT NULL DEFAULT '';
UPDATE clip SET time_map = offset_map(offset_s);
ALTER TABLE clip DROP COLUMN offset_s;
ALTER TABLE label_class ADD COLUMN parent TEXT NOT NULL DEFAULT '';
ALTER TABLE subject ADD COLUMN sex TEXT NOT NULL DEFAULT '' CHECK (sex IN ('', 'female', 'male'));
CREATE TABLE text (
    id TEXT PRIMARY KEY, session TEXT NOT NULL REFERENCES session (id), start_s REAL NOT NULL,
    end_s REAL NOT NULL, text TEXT NOT NULL, author TEXT NOT NULL DEFAULT '', removed INTEGER NOT NULL DEFAULT 0,
    CHECK (start_s <= end_s)) STRICT;
CREATE INDEX text_session ON text (session, start_s);
CREATE TABLE run (
    id TEXT PRIMARY KEY, name TEXT NOT NULL CHECK (trim(name) <> ''), folder TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL DEFAULT '', created_at TEXT NOT NULL DEFAULT '', settings TEXT NOT NULL DEFAULT '{}',
    note TEXT NOT NULL DEFAULT '', removed INTEGER NOT NULL DEFAULT 0) STRICT;
"""
