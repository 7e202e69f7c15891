-- Finds parts of texts by an index.
create extension if not exists pg_trgm;
