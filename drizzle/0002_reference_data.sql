-- What every system begins with: the built-in names, roles and the administrator.
insert into system_settings default values;
--> statement-breakpoint
insert into tenants (id, name, description) values (0, 'Default', 'Everything that belongs to no other tenant.');
--> statement-breakpoint
insert into labels (name) values ('events'), ('incident');
--> statement-breakpoint
insert into severities (name, color, "order", is_default) values
  ('high', 'red', 0, false), ('medium', 'orange', 1, true), ('low', 'blue', 2, false);
--> statement-breakpoint
insert into statuses (name, status_type, "order", is_default, is_mutable) values
  ('new', 'new', 0, true, false), ('open', 'open', 1, true, false), ('closed', 'resolved', 2, true, false);
--> statement-breakpoint
insert into roles (name, description, immutable, permissions) values
  ('Administrator', 'Does everything.', true, array[
    'containers:view', 'containers:edit', 'containers:delete', 'cases:view', 'cases:edit', 'cases:delete',
    'playbooks:view', 'playbooks:edit', 'playbooks:delete', 'playbooks:execute', 'apps:view', 'apps:edit', 'apps:delete', 'apps:execute',
    'assets:view', 'assets:edit', 'assets:delete', 'workbooks:view', 'workbooks:edit', 'workbooks:delete',
    'users:view', 'users:edit', 'users:delete', 'settings:view', 'settings:edit']),
  ('Asset Owner', 'Keeps assets and approves actions on them.', true, array[
    'containers:view', 'apps:view', 'assets:view', 'assets:edit', 'playbooks:view']),
  ('Automation', 'What automation needs to work on containers and run actions.', true, array[
    'containers:view', 'containers:edit', 'containers:delete', 'cases:view', 'cases:edit', 'playbooks:view', 'playbooks:execute',
    'apps:view', 'apps:execute', 'assets:view', 'workbooks:view']),
  ('Automation Engineer', 'Writes playbooks and keeps apps and assets.', true, array[
    'containers:view', 'containers:edit', 'cases:view', 'playbooks:view', 'playbooks:edit', 'playbooks:delete', 'playbooks:execute',
    'apps:view', 'apps:edit', 'apps:execute', 'assets:view', 'assets:edit', 'workbooks:view', 'workbooks:edit']),
  ('Incident Commander', 'Works on containers and cases and runs playbooks and actions.', true, array[
    'containers:view', 'containers:edit', 'containers:delete', 'cases:view', 'cases:edit', 'cases:delete',
    'playbooks:view', 'playbooks:execute', 'apps:view', 'apps:execute', 'assets:view', 'workbooks:view', 'users:view']),
  ('Observer', 'Sees everything and changes nothing.', true, array[
    'containers:view', 'cases:view', 'playbooks:view', 'apps:view', 'assets:view', 'workbooks:view', 'users:view', 'settings:view']);
--> statement-breakpoint
insert into users (username, first_name, last_name, title) values ('admin', 'System', 'Administrator', 'Administrator');
--> statement-breakpoint
insert into user_roles (user_id, role_id) select u.id, r.id from users u, roles r where r.name = 'Administrator';
--> statement-breakpoint
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are never changed or deleted', tg_table_name using errcode = 'restrict_violation';
end
$$;
--> statement-breakpoint
create trigger audit_entries_stay before update or delete or truncate on audit_entries for each statement execute function refuse_change();
