-- The event log: what the outbox held, in one order for all who follow. `pos` counts 1, 2, 3 … without a gap over all events,
-- `sequence` over those of one object. Parts are days, so that old events are dropped with their table.
create table event_log (
  pos bigint not null,
  day date not null,
  time timestamptz not null,
  topic text not null,
  kind text not null,
  object_id integer not null,
  sequence integer not null,
  container_id integer,
  node_type text not null,
  node_id integer not null,
  status text
) partition by range (day);
--> statement-breakpoint
create index event_log_pos on event_log (pos);
--> statement-breakpoint
-- Where the log ends; one row.
create table event_log_end (
  id integer primary key default 1 check (id = 1),
  pos bigint not null default 0,
  day date not null default '2000-01-01'
);
--> statement-breakpoint
insert into event_log_end default values;
--> statement-breakpoint
-- How many events each object has had.
create table event_sequences (
  topic text not null,
  object_id integer not null,
  last integer not null,
  primary key (topic, object_id)
);
--> statement-breakpoint
-- Makes the part of a day. Attaching it does not keep anybody from reading the others.
create function add_event_day(day date) returns void language plpgsql as $$
declare
  part text := 'event_log_' || to_char(day, 'YYYYMMDD');
begin
  if to_regclass(part) is not null then return; end if;
  execute format('create table %I (like event_log including all)', part);
  execute format('alter table event_log attach partition %I for values from (%L) to (%L)', part, day, day + 1);
end
$$;
--> statement-breakpoint
-- Moves the oldest of the outbox to the end of the log and says how many; none while somebody else does it. Anybody may
-- call it at any time. It is one call, so a client that is killed or hangs cannot hold the lock, and each statement in it
-- sees all that was committed before.
create function stamp() returns integer language plpgsql as $$
declare
  batch outbox[];
  base bigint;
  today date;
begin
  if not pg_try_advisory_xact_lock(7450234) then return 0; end if;
  with taken as (
    delete from outbox where id in (select id from outbox order by id limit 1000 for update skip locked) returning outbox as event
  )
  select array_agg(event order by (event).id) into batch from taken;
  if batch is null then return 0; end if;

  -- Days never go back, whatever the clock does: parts are dropped in the order of their events.
  update event_log_end set pos = pos + cardinality(batch), day = greatest(day, (clock_timestamp() at time zone 'UTC')::date)
    returning pos - cardinality(batch), day into base, today;
  perform add_event_day(today);
  with events as (
    select *, coalesce(object_id, container_id) as object from unnest(batch) with ordinality
  ), counted as (
    select *, row_number() over (partition by topic, object order by ordinality) as nth from events
  ), sequences as (
    insert into event_sequences as kept (topic, object_id, last) select topic, object, max(nth) from counted group by topic, object
    on conflict (topic, object_id) do update set last = kept.last + excluded.last
    returning topic, object_id, last
  ), sizes as (
    select topic, object, max(nth) as size from counted group by topic, object
  )
  insert into event_log (pos, day, time, topic, kind, object_id, sequence, container_id, node_type, node_id, status)
  select base + c.ordinality, today, c.time, c.topic, c.kind, c.object, s.last - n.size + c.nth, c.container_id, c.node_type,
      c.node_id, c.status
    from counted c
    join sequences s on s.topic = c.topic and s.object_id = c.object
    join sizes n on n.topic = c.topic and n.object = c.object;
  perform pg_notify('soar_events', '');
  return cardinality(batch);
end
$$;
--> statement-breakpoint
-- Drops the days whose events need not be kept any longer.
create function drop_old_events() returns void language plpgsql as $$
declare
  part regclass;
begin
  for part in
    select inhrelid::regclass from pg_inherits, system_settings where inhparent = 'event_log'::regclass
      and right(inhrelid::regclass::text, 8)::date < (now() at time zone 'UTC')::date - event_days
  loop
    execute format('drop table %s', part);
  end loop;
end
$$;
--> statement-breakpoint
-- Names this history of events: another after a restore or in a copy, in which the same positions hold other events.
create function event_history() returns text language sql as $$
  select left(md5(concat_ws('/', system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8), oid)), 8)
    from pg_control_system(), pg_database where datname = current_database()
$$;
