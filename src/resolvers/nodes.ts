import type { GraphQLResolveInfo } from "graphql";
import { Arg, Ctx, ID, Info, Query, Resolver } from "type-graphql";
import type { Context } from "../context.js";
import { AppError } from "../errors.js";
import { largestPage } from "../limits.js";
import { exposedTypes, Node, type Row } from "../schema/expose.js";

@Resolver()
export class NodeResolver {
  @Query(() => Node, {
    nullable: true,
    description: "The object of a `nodeId`, whatever its type; null when there is none that the caller may see.",
  })
  node(
    @Arg("nodeId", () => ID, { description: "As an object told it." }) nodeId: string,
    @Ctx() context: Context,
    @Info() info: GraphQLResolveInfo,
  ) {
    return find(nodeId, context, info);
  }

  @Query(() => [Node], {
    nullable: "itemsAndList",
    description:
      "The objects of some `nodeId`s, in their order; null in the place of each that the caller may not see. At most 100.",
  })
  nodes(
    @Arg("nodeIds", () => [ID], { description: "As objects told them." }) nodeIds: string[],
    @Ctx() context: Context,
    @Info() info: GraphQLResolveInfo,
  ) {
    if (nodeIds.length > largestPage)
      throw new AppError("BAD_USER_INPUT", `${nodeIds.length} nodeIds are asked for; ${largestPage} are the limit.`, {
        limit: largestPage,
      });
    return nodeIds.map((nodeId) => find(nodeId, context, info));
  }
}

function find(nodeId: string, { reads }: Context, info: GraphQLResolveInfo): Promise<Row | null> {
  const [name = "", id = ""] = Buffer.from(nodeId, "base64url").toString().split(":");
  if (exposedTypes.has(name) && /^\d{1,10}$/.test(id) && Number(id) <= 2147483647)
    return reads.node(name, Number(id), info);
  throw new AppError("BAD_USER_INPUT", `${JSON.stringify(nodeId)} is no nodeId; take it from an object's \`nodeId\`.`, {
    nodeId,
  });
}
