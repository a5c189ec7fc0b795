-- The bot's part of the inbox in its own order, and a person's addresses.
CREATE INDEX "ix_conversation_bot_last" ON "conversation" ("last_at", "id")
WHERE "owner_id" IS NULL AND "waiting_since" IS NULL AND "closed_at" IS NULL;
CREATE INDEX "ix_identity_contact" ON "identity" ("contact_id");
