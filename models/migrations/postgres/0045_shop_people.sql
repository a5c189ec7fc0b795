-- online
-- Who wrote a review in a connected shop is found by their address, and the bills that nobody has paid by their state.
DROP INDEX CONCURRENTLY IF EXISTS "ix_contact_email";
CREATE INDEX CONCURRENTLY "ix_contact_email" ON "contact" ("email");
DROP INDEX CONCURRENTLY IF EXISTS "ix_identity_external";
CREATE INDEX CONCURRENTLY "ix_identity_external" ON "identity" ("external_id");
DROP INDEX CONCURRENTLY IF EXISTS "ix_payment_state";
CREATE INDEX CONCURRENTLY "ix_payment_state" ON "payment" ("provider", "state", "id");
