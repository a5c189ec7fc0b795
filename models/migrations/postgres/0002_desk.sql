-- What the desk's lists need. Its search looks at the newest part with ILIKE: no extension is asked for.
CREATE INDEX "ix_conversation_waiting_last" ON "conversation" ("last_at", "id") WHERE "waiting_since" IS NOT NULL;
CREATE INDEX "ix_conversation_attention_last" ON "conversation" ("last_at", "id") WHERE "attention" <> '';
CREATE INDEX "ix_order_state_created" ON "order" ("state", "created_at", "id");
CREATE INDEX "ix_contact_name" ON "contact" ("name");
CREATE INDEX "ix_contact_phone" ON "contact" ("phone") WHERE "phone" <> '';
