CREATE TABLE "run_data" (
	"playbook_run_id" integer NOT NULL,
	"key" text NOT NULL,
	"value" json NOT NULL,
	CONSTRAINT "run_data_playbook_run_id_key_pk" PRIMARY KEY("playbook_run_id","key")
);
--> statement-breakpoint
ALTER TABLE "playbook_runs" ADD COLUMN "claim_time" timestamp(6) with time zone;--> statement-breakpoint
ALTER TABLE "playbook_runs" ADD COLUMN "lease_token" uuid;--> statement-breakpoint
ALTER TABLE "playbook_runs" ADD COLUMN "holder_id" integer;--> statement-breakpoint
ALTER TABLE "playbook_runs" ADD COLUMN "attempt" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "run_data" ADD CONSTRAINT "run_data_playbook_run_id_playbook_runs_id_fk" FOREIGN KEY ("playbook_run_id") REFERENCES "public"."playbook_runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "playbook_runs" ADD CONSTRAINT "playbook_runs_holder_id_users_id_fk" FOREIGN KEY ("holder_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "playbook_runs_claim" ON "playbook_runs" USING btree ("claim_time","id") WHERE "playbook_runs"."claim_time" is not null;--> statement-breakpoint
CREATE INDEX "playbook_runs_holder_id_id_index" ON "playbook_runs" USING btree ("holder_id","id") WHERE "playbook_runs"."holder_id" is not null;--> statement-breakpoint
update playbook_runs set claim_time = create_time where status = 'pending';
--> statement-breakpoint
create trigger playbook_runs_end_once before update of status on playbook_runs for each row
  when (old.status in ('success', 'failed', 'cancelled') and new.status <> old.status) execute function refuse_restart();
