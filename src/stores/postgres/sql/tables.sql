-- The tables of schema version 1. They are in a schema of their own, so that Seen can share a
-- database with other programs.
--
-- Names sort by their bytes (COLLATE "C"), as in the other stores. Times are milliseconds since
-- 1970 unless a comment says otherwise; hours and days are counted since 1970 (UTC). Rows that
-- most commits change have no index on what changes, and room on their page (fillfactor), so that
-- an update stays on the page and its old version goes away without VACUUM:
-- https://www.postgresql.org/docs/15/storage-hot.html

-- `oldest` is the oldest version whose Seen can use this one.
CREATE TABLE seen.schema (version integer NOT NULL, oldest integer NOT NULL);
INSERT INTO seen.schema VALUES (0, 0);

-- `owner` is the hash of a token, and `rules` are as in counter/rules.ts.
CREATE TABLE seen.counters (
  name    text COLLATE "C" PRIMARY KEY,
  total   bigint NOT NULL,
  made_at bigint,
  owner   text,
  rules   text
) WITH (fillfactor = 50);

-- The last batch of each writer, and when it was written on the server's clock.
CREATE TABLE seen.writers (
  writer     text COLLATE "C" PRIMARY KEY,
  sequence   bigint NOT NULL,
  outcomes   jsonb NOT NULL,
  written_at bigint NOT NULL
) WITH (fillfactor = 25);

-- Keys of requests, with the total in the response.
CREATE TABLE seen.keys (
  key     text COLLATE "C" PRIMARY KEY,
  request text NOT NULL,
  total   bigint NOT NULL,
  made_at bigint NOT NULL
);
CREATE INDEX keys_by_age ON seen.keys (made_at);

-- How many rows a table has: `counters`, `keys`, and `visitors` of each day (also those of deleted
-- counters). Counting rows would take time for each. One number is the sum of several rows
-- (`shard` tells them apart), so that commits do not wait for each other. A row `forgetting` is
-- there while visitors of days that are over are left.
CREATE TABLE seen.sums (
  what  text COLLATE "C" NOT NULL,
  day   integer NOT NULL,
  shard integer NOT NULL,
  n     bigint NOT NULL,
  PRIMARY KEY (what, day, shard)
) WITH (fillfactor = 25);

-- The history of visits: by hour, then by day; and the number of visitors of each day.
CREATE TABLE seen.hours (
  counter text COLLATE "C" NOT NULL,
  hour    integer NOT NULL,
  kind    text COLLATE "C" NOT NULL,
  amount  bigint NOT NULL,
  PRIMARY KEY (counter, hour, kind)
) WITH (fillfactor = 70);
CREATE TABLE seen.days (
  counter text COLLATE "C" NOT NULL,
  day     integer NOT NULL,
  kind    text COLLATE "C" NOT NULL,
  amount  bigint NOT NULL,
  PRIMARY KEY (counter, day, kind)
);
CREATE TABLE seen.uniques (
  counter  text COLLATE "C" NOT NULL,
  day      integer NOT NULL,
  visitors bigint NOT NULL,
  PRIMARY KEY (counter, day)
) WITH (fillfactor = 70);

-- Today's visitors, and for counters with a window when their last visit counted.
CREATE TABLE seen.visitors (
  day        integer NOT NULL,
  counter    text COLLATE "C" NOT NULL,
  visitor    text COLLATE "C" NOT NULL,
  counted_at bigint,
  PRIMARY KEY (day, counter, visitor)
) WITH (fillfactor = 90);
CREATE TABLE seen.salts (day integer PRIMARY KEY, salt text NOT NULL);

-- The sources of imported counters: a counter is imported once from each source.
CREATE TABLE seen.sources (
  counter text COLLATE "C" NOT NULL,
  source  text COLLATE "C" NOT NULL,
  PRIMARY KEY (counter, source)
);

-- What need not survive a crash is UNLOGGED: it is not written ahead and not replicated, so
-- nobody waits for a disk or a standby.
-- Visitors who have used part of a quota: when it is full again, in microseconds since 1970.
CREATE UNLOGGED TABLE seen.limits (
  name    text COLLATE "C" NOT NULL,
  who     text COLLATE "C" NOT NULL,
  full_at bigint NOT NULL,
  PRIMARY KEY (name, who)
);
CREATE INDEX limits_by_end ON seen.limits (full_at);
CREATE UNLOGGED TABLE seen.limit_sums (shard integer PRIMARY KEY, n bigint NOT NULL)
  WITH (fillfactor = 25);
-- Replicas, their last reports, and when these came on the server's clock.
CREATE UNLOGGED TABLE seen.replicas (
  id       text COLLATE "C" PRIMARY KEY,
  report   jsonb NOT NULL,
  heard_at bigint NOT NULL
) WITH (fillfactor = 25);
