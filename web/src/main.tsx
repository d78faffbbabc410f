/** Begins the page: with the token of the address or of this tab, or by asking for one. */
import { render } from "preact";
import { useState } from "preact/hooks";
import { forgetToken, keepToken, takeToken } from "./api";
import { Page, SignIn } from "./page";
import "./style.css";

function Start({ first }: { first: string | null }) {
  const [token, setToken] = useState(first);
  const [why, setWhy] = useState<string | null>(null);
  const enter = (given: string) => {
    keepToken(given);
    setToken(given);
  };
  const leave = (reason: string | null) => {
    forgetToken();
    setWhy(reason);
    setToken(null);
  };
  return token === null ? (
    <SignIn why={why} enter={enter} />
  ) : (
    <Page key={token} token={token} leave={leave} />
  );
}

const page = document.getElementById("page");
if (page !== null) render(<Start first={takeToken()} />, page);
