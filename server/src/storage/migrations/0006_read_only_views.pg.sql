-- The other documents' names are for reading (C-16). PostgreSQL lets a simple view be written through, past every rule of the
-- application; with these triggers it says no, as SQLite does by itself. The statement's trigger is asked also where no row is meant.
CREATE FUNCTION refuse_view_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'cannot modify % because it is a view', TG_TABLE_NAME USING ERRCODE = 'object_not_in_prerequisite_state';
END
$$;
CREATE TRIGGER ai_connections_no_rows INSTEAD OF INSERT OR UPDATE OR DELETE ON ai_connections FOR EACH ROW EXECUTE FUNCTION refuse_view_write();
CREATE TRIGGER ai_connections_no_writes BEFORE INSERT OR UPDATE OR DELETE ON ai_connections FOR EACH STATEMENT EXECUTE FUNCTION refuse_view_write();
CREATE TRIGGER ai_models_no_rows INSTEAD OF INSERT OR UPDATE OR DELETE ON ai_models FOR EACH ROW EXECUTE FUNCTION refuse_view_write();
CREATE TRIGGER ai_models_no_writes BEFORE INSERT OR UPDATE OR DELETE ON ai_models FOR EACH STATEMENT EXECUTE FUNCTION refuse_view_write();
CREATE TRIGGER provider_usage_no_rows INSTEAD OF INSERT OR UPDATE OR DELETE ON provider_usage FOR EACH ROW EXECUTE FUNCTION refuse_view_write();
CREATE TRIGGER provider_usage_no_writes BEFORE INSERT OR UPDATE OR DELETE ON provider_usage FOR EACH STATEMENT EXECUTE FUNCTION refuse_view_write();
