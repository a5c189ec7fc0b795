-- Grows with every change of a conversation, so that a turn which read an older one writes nothing.
ALTER TABLE conversation ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
