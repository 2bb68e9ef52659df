-- What changed above a revision, where the snapshot does not hold it: instances look this way for what they have to tell their pages.
CREATE INDEX object_revisions_revision ON object_revisions (revision);
