import { eq, sql } from "drizzle-orm";
import { keepToken, newToken } from "../auth/secrets.js";
import { refuse } from "../errors.js";
import { operation } from "../operation.js";
import { found, given, idOrName, int, optional, required, text, time } from "../schema/operations.js";
import { Token, tokens } from "../schema/token.js";
import { atMost, userId } from "./names.js";
import { ownsRightsOf } from "./rights.js";

const payload = {
  tokenId: given(int, "Number of the token."),
  token: found(Token, "tokenId", "The token, without its value."),
};

export const createToken = operation({
  name: "createToken",
  description: "Makes a token by which a script calls as a user, and tells its value this once.",
  may: "users:edit",
  input: {
    user: optional(idOrName, "The user it stands for; left out, the caller."),
    name: optional(text, "What it is for."),
    expireTime: optional(time, "From when on it is not accepted; left out, it does not expire."),
  },
  payload: { ...payload, value: given(text, "The token itself; null when an earlier answer is repeated.") },
  async run(work) {
    const { writer, input, context } = work;
    const user = (await userId(work, input.user, "user")) ?? context.caller.id;
    await ownsRightsOf(work, user);
    if (input.expireTime && Date.parse(input.expireTime) <= Date.now())
      return refuse("INVALID_VALUE", `The token would have expired at ${input.expireTime} already.`, "expireTime");
    const value = newToken();
    const name = atMost("name", 255, input.name ?? "");
    const tokenId = await keepToken(writer, { userId: user, token: value, name, expireTime: input.expireTime });
    return { message: `Token ${tokenId} was created; keep its value now.`, result: { tokenId }, once: { value } };
  },
});

export const revokeToken = operation({
  name: "revokeToken",
  description: "Ends a token for ever, from the next request on; sessions that began with it end too.",
  may: "users:edit",
  input: { id: required(int, "Number of the token.") },
  payload,
  async run({ writer, input: { id } }) {
    const [revoked] = await writer
      .update(tokens)
      .set({ revokeTime: sql`coalesce(${tokens.revokeTime}, now())` })
      .where(eq(tokens.id, id))
      .returning({ id: tokens.id });
    if (!revoked) return refuse("NOT_FOUND", `There is no token ${id}.`, "id");
    return { message: `Token ${id} was revoked.`, result: { tokenId: id } };
  },
});
