-- Who wrote a review in a connected shop is found by their address, and the bills that nobody has paid by their state.
CREATE INDEX "ix_contact_email" ON "contact" ("email");
CREATE INDEX "ix_identity_external" ON "identity" ("external_id");
CREATE INDEX "ix_payment_state" ON "payment" ("provider", "state", "id");
