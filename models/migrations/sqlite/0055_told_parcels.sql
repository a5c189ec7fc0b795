-- What a connected shop calls what it sent: its number may come later, or change.
ALTER TABLE "shipment" ADD COLUMN "told_as" VARCHAR(64) NOT NULL DEFAULT '';
