DROP INDEX "artifacts_owner_id_id_index";--> statement-breakpoint
DROP INDEX "artifacts_playbook_run_id_id_index";--> statement-breakpoint
DROP INDEX "artifacts_ingest_app_id_id_index";--> statement-breakpoint
DROP INDEX "artifacts_parent_container_id_id_index";--> statement-breakpoint
DROP INDEX "artifacts_parent_artifact_id_id_index";--> statement-breakpoint
CREATE INDEX "artifacts_owner_id_id_index" ON "artifacts" USING btree ("owner_id","id") WHERE "artifacts"."owner_id" is not null;--> statement-breakpoint
CREATE INDEX "artifacts_playbook_run_id_id_index" ON "artifacts" USING btree ("playbook_run_id","id") WHERE "artifacts"."playbook_run_id" is not null;--> statement-breakpoint
CREATE INDEX "artifacts_ingest_app_id_id_index" ON "artifacts" USING btree ("ingest_app_id","id") WHERE "artifacts"."ingest_app_id" is not null;--> statement-breakpoint
CREATE INDEX "artifacts_parent_container_id_id_index" ON "artifacts" USING btree ("parent_container_id","id") WHERE "artifacts"."parent_container_id" is not null;--> statement-breakpoint
CREATE INDEX "artifacts_parent_artifact_id_id_index" ON "artifacts" USING btree ("parent_artifact_id","id") WHERE "artifacts"."parent_artifact_id" is not null;