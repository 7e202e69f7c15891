import { personId } from "../auth/who.js";
import { refuse } from "../errors.js";
import { operation } from "../operation.js";
import { Comment, comments } from "../schema/comment.js";
import { found, required, text } from "../schema/operations.js";
import { container, onContainer } from "./container.js";

export const comment = operation({
  name: "comment",
  description: "phantom.comment: adds a comment to a container's time line.",
  decided: ["A comment without text is refused."],
  may: "containers:edit",
  input: {
    container,
    comment: required(text, "What to say."),
  },
  payload: { comment: found(Comment, "commentId", "The new comment.") },
  on: onContainer,
  async run({ writer, input, context, emit }, { id }) {
    if (input.comment.trim() === "") return refuse("INVALID_VALUE", "A comment needs text.", "comment");
    const [added] = await writer
      .insert(comments)
      .values({ containerId: id, comment: input.comment, authorId: personId(context.caller) })
      .returning({ id: comments.id });
    emit("COMMENT_ADDED", id, "Comment", added!.id);
    return {
      message: `Comment ${added!.id} added to container ${id}.`,
      result: { commentId: added!.id, containerId: id },
    };
  },
});
