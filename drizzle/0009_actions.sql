CREATE TYPE "public"."effect" AS ENUM('read', 'keyed', 'unsafe');--> statement-breakpoint
ALTER TABLE "action_runs" ADD COLUMN "remaining" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "action_runs" ADD COLUMN "succeeded" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "action_runs" ADD COLUMN "failed" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "action_runs" ADD COLUMN "filtered_artifacts" json;--> statement-breakpoint
ALTER TABLE "action_runs" ADD COLUMN "filtered_results" json;--> statement-breakpoint
ALTER TABLE "action_runs" ADD COLUMN "custom_function" json;--> statement-breakpoint
ALTER TABLE "app_runs" ADD COLUMN "asset_name" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "app_runs" ADD COLUMN "parameters" json DEFAULT '[]'::json NOT NULL;--> statement-breakpoint
ALTER TABLE "app_runs" ADD COLUMN "effect" "effect" DEFAULT 'read' NOT NULL;--> statement-breakpoint
ALTER TABLE "app_runs" ADD COLUMN "claim_time" timestamp(6) with time zone;--> statement-breakpoint
ALTER TABLE "app_runs" ADD COLUMN "lease_token" uuid;--> statement-breakpoint
ALTER TABLE "app_runs" ADD COLUMN "attempt" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "app_runs" ADD COLUMN "deaths" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "app_runs" ADD COLUMN "dispatch_time" timestamp(6) with time zone;--> statement-breakpoint
ALTER TABLE "app_runs" ADD COLUMN "outcome_unknown" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "app_actions" ADD COLUMN "effect" "effect" DEFAULT 'read' NOT NULL;--> statement-breakpoint
ALTER TABLE "app_actions" ADD COLUMN "needs_asset" boolean DEFAULT true NOT NULL;--> statement-breakpoint
CREATE INDEX "app_runs_claim" ON "app_runs" USING btree ("claim_time","id") WHERE "app_runs"."claim_time" is not null;--> statement-breakpoint
CREATE INDEX "app_runs_claim_on_asset" ON "app_runs" USING btree ("asset_id","claim_time","id") WHERE "app_runs"."claim_time" is not null;