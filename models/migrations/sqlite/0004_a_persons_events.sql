-- Whoever is forgotten is found in both queues without reading them, in any state. The wider index of effects takes the
-- place of one that held the pending ones only, so that an effect that is done need not leave it.
CREATE INDEX "ix_inbound_lane" ON "inbound" ("lane");
DROP INDEX "ix_effect_conversation";
CREATE INDEX "ix_effect_conversation" ON "effect" ("conversation_id", "id");

-- A picture that goes asks which reviews show it.
CREATE INDEX "ix_review_photo_attachment" ON "review_photo" ("attachment_id");
