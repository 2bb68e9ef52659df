-- Whoever was deleted is told nothing more: alert rules, channels with what they sealed and whom they went to, limits and policies of
-- people and workspaces that are gone end, as they do with a deletion from now on. Running instances hear of it by the revision.

UPDATE config_revision SET revision = revision + 1 WHERE id = 1
  AND (EXISTS (SELECT 1 FROM people WHERE deleted_at IS NOT NULL) OR EXISTS (SELECT 1 FROM workspaces WHERE deleted_at IS NOT NULL));

UPDATE alert_rules SET is_active = FALSE, deleted_at = default_now_ms(), updated_at = default_now_ms(),
    revision = (SELECT revision FROM config_revision WHERE id = 1)
  WHERE deleted_at IS NULL
    AND ((scope = 'user' AND owner_id IN (SELECT user_id FROM people WHERE deleted_at IS NOT NULL))
      OR (scope = 'workspace' AND owner_id IN (SELECT id FROM workspaces WHERE deleted_at IS NOT NULL)));

UPDATE alert_deliveries SET recipient = ''
  WHERE recipient <> '' AND channel_id IN (SELECT id FROM alert_channels
    WHERE (scope = 'user' AND owner_id IN (SELECT user_id FROM people WHERE deleted_at IS NOT NULL))
      OR (scope = 'workspace' AND owner_id IN (SELECT id FROM workspaces WHERE deleted_at IS NOT NULL)));

UPDATE alert_channels SET settings = '{}', secret_encrypted = NULL, is_active = FALSE,
    deleted_at = coalesce(deleted_at, default_now_ms()), updated_at = default_now_ms(),
    revision = (SELECT revision FROM config_revision WHERE id = 1)
  WHERE (scope = 'user' AND owner_id IN (SELECT user_id FROM people WHERE deleted_at IS NOT NULL))
    OR (scope = 'workspace' AND owner_id IN (SELECT id FROM workspaces WHERE deleted_at IS NOT NULL));

DELETE FROM object_revisions WHERE subject_type = 'alert_channel'
  AND subject_id IN (SELECT CAST(id AS TEXT) FROM alert_channels WHERE scope = 'user' AND owner_id IN (SELECT user_id FROM people WHERE deleted_at IS NOT NULL));
DELETE FROM object_revisions WHERE subject_type = 'alert_rule'
  AND subject_id IN (SELECT CAST(id AS TEXT) FROM alert_rules WHERE scope = 'user' AND owner_id IN (SELECT user_id FROM people WHERE deleted_at IS NOT NULL));

UPDATE limits SET deleted_at = default_now_ms(), updated_at = default_now_ms(), revision = (SELECT revision FROM config_revision WHERE id = 1)
  WHERE deleted_at IS NULL
    AND ((subject_kind = 'user' AND subject_id IN (SELECT user_id FROM people WHERE deleted_at IS NOT NULL))
      OR (subject_kind = 'workspace' AND subject_id IN (SELECT id FROM workspaces WHERE deleted_at IS NOT NULL)));

UPDATE policies SET is_active = FALSE, deleted_at = default_now_ms(), updated_at = default_now_ms(),
    revision = (SELECT revision FROM config_revision WHERE id = 1)
  WHERE deleted_at IS NULL AND workspace_id IN (SELECT id FROM workspaces WHERE deleted_at IS NOT NULL);
