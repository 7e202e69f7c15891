CREATE TABLE "artifact_counts" (
	"container_id" integer NOT NULL,
	"name" text NOT NULL,
	"count" integer NOT NULL,
	"first" timestamp(6) with time zone NOT NULL,
	"last" timestamp(6) with time zone NOT NULL,
	CONSTRAINT "artifact_counts_container_id_name_pk" PRIMARY KEY("container_id","name")
);
--> statement-breakpoint
ALTER TABLE "artifact_counts" ADD CONSTRAINT "artifact_counts_container_id_containers_id_fk" FOREIGN KEY ("container_id") REFERENCES "public"."containers"("id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
create function count_artifacts() returns trigger language plpgsql as $$
begin
  insert into artifact_counts as standing
    select container_id, name, count(*), min(create_time), max(create_time) from came group by 1, 2 order by 1, 2
    on conflict (container_id, name) do update set
      count = standing.count + excluded.count,
      first = least(standing.first, excluded.first),
      last = greatest(standing.last, excluded.last);
  return null;
end
$$;
--> statement-breakpoint
create function discount_artifacts() returns trigger language plpgsql as $$
begin
  merge into artifact_counts as standing
    using (select container_id, name, count(*) as count from gone group by 1, 2) less
    on standing.container_id = less.container_id and standing.name = less.name
    when matched and standing.count = less.count then delete
    when matched then update set count = standing.count - less.count;
  return null;
end
$$;
--> statement-breakpoint
create trigger artifacts_added after insert on artifacts referencing new table as came
  for each statement execute function count_artifacts();
--> statement-breakpoint
-- Those of an update are called in the order of their names: what stays is counted twice for a moment, not deleted.
create trigger artifacts_changed after update on artifacts referencing new table as came
  for each statement execute function count_artifacts();
--> statement-breakpoint
create trigger artifacts_changed_before after update on artifacts referencing old table as gone
  for each statement execute function discount_artifacts();
--> statement-breakpoint
create trigger artifacts_deleted after delete on artifacts referencing old table as gone
  for each statement execute function discount_artifacts();
--> statement-breakpoint
insert into artifact_counts select container_id, name, count(*), min(create_time), max(create_time) from artifacts group by 1, 2;
--> statement-breakpoint
CREATE INDEX "artifact_counts_span" ON "artifact_counts" USING brin ("first","last") WITH (pages_per_range=16,autosummarize=true);
--> statement-breakpoint
analyze artifact_counts;
