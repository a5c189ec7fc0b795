-- A turn may begin from what a process remembers of a conversation, and the version tells whether that still holds. It
-- depends on the person and the address as well; whoever changes those need not know of it.
CREATE TRIGGER "contact_changed" AFTER UPDATE OF "name", "locale" ON "contact" BEGIN
    UPDATE "conversation" SET "version" = "version" + 1 WHERE "contact_id" = NEW."id";
END;
CREATE TRIGGER "identity_changed" AFTER UPDATE OF "name", "locale", "staff_id" ON "identity" BEGIN
    UPDATE "conversation" SET "version" = "version" + 1 WHERE "identity_id" = NEW."id";
END;
