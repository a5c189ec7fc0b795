-- The few chats that belong to staff are found without reading everybody's.
CREATE INDEX "ix_identity_staff" ON "identity" ("staff_id") WHERE "staff_id" IS NOT NULL;
