-- Without the time of its last message a person's conversation keeps its place in the index. The others only take the
-- names that they have elsewhere.
ALTER TABLE "conversation" ADD KEY "ix_conversation_person" ("contact_id"), ADD KEY "ix_conversation_owned" ("owner_id", "last_at", "id"), ADD KEY "ix_conversation_wait" ("waiting_since", "id");
ALTER TABLE "conversation" DROP KEY "ix_conversation_contact", DROP KEY "ix_conversation_owner", DROP KEY "ix_conversation_waiting";
