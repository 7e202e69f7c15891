import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./explorer.css";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createClient } from "graphql-ws";
import { type FormEvent, useMemo, useState } from "react";
import { createRoot } from "react-dom/client";
import { examples } from "./examples.js";
import { currentToken, dropToken, keepToken, takeToken } from "./token.js";

const endpoint = "/graphql";

function Page() {
  const [token, setToken] = useState(takeToken);
  const [refusal, setRefusal] = useState("");
  const enter = (given: string) => {
    keepToken(given);
    setRefusal("");
    setToken(given);
  };
  const refuse = (reason: string) => {
    dropToken();
    setRefusal(reason);
    setToken(null);
  };
  return token ? <Explorer onRefused={refuse} /> : <TokenForm refusal={refusal} onToken={enter} />;
}

function Explorer({ onRefused }: { onRefused: (reason: string) => void }) {
  const fetcher = useMemo(() => {
    const credentials = () => ({ authorization: `Bearer ${currentToken()}` });
    return createGraphiQLFetcher({
      url: endpoint,
      wsClient: createClient({
        url: `${location.origin.replace(/^http/, "ws")}${endpoint}`,
        lazy: true,
        connectionParams: credentials,
      }),
      fetch: async (input, init) => {
        const answer = await fetch(input, { ...init, headers: { ...init?.headers, ...credentials() } });
        if (answer.status === 401) onRefused((await answer.clone().json()).errors[0].message);
        return answer;
      },
    });
  }, [onRefused]);
  return <GraphiQL fetcher={fetcher} defaultTabs={examples.map((query) => ({ query }))} />;
}

function TokenForm({ refusal, onToken }: { refusal: string; onToken: (token: string) => void }) {
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget).get("token")).trim();
    if (token) onToken(token);
  };
  return (
    <form className="token" onSubmit={submit}>
      <h1>soar-graphql explorer</h1>
      <p>
        The API answers only callers it knows. <code>npm run token -- --user admin</code> makes a token.
      </p>
      <label htmlFor="token">Token</label>
      <input id="token" name="token" type="password" autoComplete="off" required />
      {refusal && <p role="alert">{refusal}</p>}
      <button type="submit">Open</button>
    </form>
  );
}

createRoot(document.getElementById("page")!).render(<Page />);
