-- online
-- What waits for the customer to write again is found by its conversation.
DROP INDEX CONCURRENTLY IF EXISTS "ix_effect_held";
CREATE INDEX CONCURRENTLY "ix_effect_held" ON "effect" ("conversation_id") WHERE "state" = 'held';
