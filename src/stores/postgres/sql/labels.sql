-- The table of schema version 2: titles and links of counters. They are beside the counters' rows,
-- of which every commit writes a new version.
CREATE TABLE seen.labels (
  counter text COLLATE "C" PRIMARY KEY,
  title   text,
  link    text
);
