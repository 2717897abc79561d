-- The lines of the journal that a log file was made of, among them those that went to other files:
-- bytes of a segment. Of files that were made before, nobody knows.

ALTER TABLE trail_files ADD COLUMN journal_segment INTEGER;
ALTER TABLE trail_files ADD COLUMN journal_from INTEGER;
ALTER TABLE trail_files ADD COLUMN journal_to INTEGER;

CREATE INDEX trail_files_by_journal ON trail_files (journal_segment, journal_from)
    WHERE journal_segment IS NOT NULL;
