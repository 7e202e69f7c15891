ALTER TABLE "outbox" ADD COLUMN "object_id" integer;--> statement-breakpoint
ALTER TABLE "outbox" ADD COLUMN "status" text;--> statement-breakpoint
ALTER TABLE "system_settings" ADD COLUMN "event_days" integer DEFAULT 7 NOT NULL;--> statement-breakpoint
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_counted" CHECK (coalesce("outbox"."object_id", "outbox"."container_id") is not null);