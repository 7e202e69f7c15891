import { type FormEvent, type ReactNode, useState } from "react";
import { type Credentials, logIn } from "./session.js";

/** Asks who it is. `reason`: why whoever was here before is not known any more. */
export function LoginForm({ reason, onEnter }: { reason: string; onEnter: () => void }) {
  const [refusal, setRefusal] = useState(reason);
  const enter = (credentials: Credentials) =>
    logIn(credentials).then(onEnter, (error: Error) => setRefusal(error.message));
  return (
    <section className="welcome page">
      <h1>Log in</h1>
      <p>The API answers only callers it knows, so without one there is nothing to see.</p>
      {refusal && <p role="alert">{refusal}</p>}
      <div className="login">
        <Form
          title="With a password"
          onSubmit={({ username, password }) => enter({ username: username!, password: password! })}
        >
          <Field name="username" label="User name" autoComplete="username" />
          <Field name="password" label="Password" type="password" autoComplete="current-password" />
        </Form>
        <Form title="With a token" onSubmit={({ token }) => enter({ token: token!.trim() })}>
          <Field name="token" label="Token" type="password" autoComplete="off" />
          <p>
            <code>npm run token -- --user admin</code> makes one.
          </p>
        </Form>
      </div>
    </section>
  );
}

interface FormProps {
  title: string;
  onSubmit: (entered: Record<string, string>) => void;
  children: ReactNode;
}

function Form({ title, onSubmit, children }: FormProps) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    onSubmit(Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>);
  };
  return (
    <form onSubmit={submit} aria-label={title}>
      <h2>{title}</h2>
      {children}
      <button type="submit" className="main">
        Log in
      </button>
    </form>
  );
}

interface FieldProps {
  name: string;
  label: string;
  type?: string;
  autoComplete: string;
}

function Field({ name, label, type = "text", autoComplete }: FieldProps) {
  return (
    <label>
      {label}
      <input name={name} type={type} autoComplete={autoComplete} autoCapitalize="none" required />
    </label>
  );
}
