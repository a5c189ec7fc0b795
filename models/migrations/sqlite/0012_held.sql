-- What waits for the customer to write again is found by its conversation.
CREATE INDEX "ix_effect_held" ON "effect" ("conversation_id") WHERE "state" = 'held';
