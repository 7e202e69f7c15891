ALTER TABLE "case_items" ADD COLUMN "merged_with_id" integer;--> statement-breakpoint
ALTER TABLE "system_settings" ADD COLUMN "installation" text DEFAULT gen_random_uuid() NOT NULL;--> statement-breakpoint
ALTER TABLE "system_settings" ADD COLUMN "file_megabytes" integer DEFAULT 1024 NOT NULL;--> statement-breakpoint
ALTER TABLE "case_items" ADD CONSTRAINT "case_items_merged_with_id_case_items_id_fk" FOREIGN KEY ("merged_with_id") REFERENCES "public"."case_items"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "case_items_merged_with_id_id_index" ON "case_items" USING btree ("merged_with_id","id");