-- A turn may begin from what a process remembers of a conversation, and the version tells whether that still holds. It
-- depends on the person and the address as well; whoever changes those need not know of it.
CREATE FUNCTION contact_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE conversation SET version = version + 1 WHERE contact_id = NEW.id;
    RETURN NULL;
END $$;
CREATE FUNCTION identity_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE conversation SET version = version + 1 WHERE identity_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER contact_changed AFTER UPDATE OF name, locale ON contact
    FOR EACH ROW EXECUTE FUNCTION contact_changed();
CREATE TRIGGER identity_changed AFTER UPDATE OF name, locale, staff_id ON identity
    FOR EACH ROW EXECUTE FUNCTION identity_changed();
