import type { GraphQLResolveInfo } from "graphql";
import { Arg, Ctx, ID, Info, Query, Resolver } from "type-graphql";
import type { Context } from "../context.js";
import { AppError } from "../errors.js";
import { columnOf, type Exposed, exposedTypes, Node, type Row } from "../schema/expose.js";

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
    if (nodeIds.length > 100)
      throw new AppError("BAD_USER_INPUT", `${nodeIds.length} nodeIds are asked for; 100 are the limit.`, {
        limit: 100,
      });
    return nodeIds.map((nodeId) => find(nodeId, context, info));
  }
}

async function find(nodeId: string, { reads }: Context, info: GraphQLResolveInfo): Promise<Row | null> {
  const { target, id } = parse(nodeId);
  const row = await reads.one(id, { target, column: columnOf(target.table, "id") }, info);
  return row && { ...row, __typename: target.name };
}

function parse(nodeId: string): { target: Exposed; id: number } {
  const [name = "", id = ""] = Buffer.from(nodeId, "base64url").toString().split(":");
  const target = exposedTypes.get(name);
  if (target && /^\d{1,10}$/.test(id) && Number(id) <= 2147483647) return { target, id: Number(id) };
  throw new AppError("BAD_USER_INPUT", `${JSON.stringify(nodeId)} is no nodeId; take it from an object's \`nodeId\`.`, {
    nodeId,
  });
}
