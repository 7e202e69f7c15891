import { Arg, Ctx, Query, Resolver } from "type-graphql";
import type { Context } from "../context.js";
import { AppError } from "../errors.js";
import { runDataOf } from "../operations/run-data.js";
import { GraphQLJSON } from "../schema/scalars.js";

@Resolver()
export class RunDataResolver {
  @Query(() => GraphQLJSON, { nullable: true, description: runDataOf.description })
  async runData(
    @Arg("key", () => String, { description: runDataOf.input.key!.description }) key: string,
    @Ctx() context: Context,
  ) {
    const { success, message, result } = await runDataOf.execute(context, { key }, "runData");
    if (!success) throw new AppError("BAD_USER_INPUT", message, { key });
    return result.value;
  }
}
