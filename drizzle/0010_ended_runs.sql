update app_actions set effect = 'unsafe' where not read_only;
--> statement-breakpoint
-- A run that has ended stays as it ended, whatever the code above believes.
create function refuse_restart() returns trigger language plpgsql as $$
begin
  raise exception '% % has ended as % and cannot become %', tg_table_name, old.id, old.status, new.status
    using errcode = 'restrict_violation';
end
$$;
--> statement-breakpoint
create trigger action_runs_end_once before update of status on action_runs for each row
  when (old.status in ('success', 'failed', 'cancelled') and new.status <> old.status) execute function refuse_restart();
--> statement-breakpoint
create trigger app_runs_end_once before update of status on app_runs for each row
  when (old.status in ('success', 'failed', 'cancelled') and new.status <> old.status) execute function refuse_restart();
