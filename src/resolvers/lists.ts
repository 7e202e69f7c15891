import type { GraphQLResolveInfo } from "graphql";
import { Ctx, Info, Query, Resolver } from "type-graphql";
import type { Context } from "../context.js";
import { Label } from "../schema/label.js";
import { Severity } from "../schema/severity.js";
import { Status } from "../schema/status.js";

/** The short lists that administrators keep: read whole, without pages. */
@Resolver()
export class ListResolver {
  @Query(() => [Label.type], { nullable: true, description: "All labels, disabled ones included, by name." })
  labels(@Ctx() { reads }: Context, @Info() info: GraphQLResolveInfo) {
    return reads.list(Label, [{ property: "name", direction: "asc" }], info);
  }

  @Query(() => [Severity.type], {
    nullable: true,
    description: "All severities, the worst first and disabled ones last.",
  })
  severities(@Ctx() { reads }: Context, @Info() info: GraphQLResolveInfo) {
    return reads.list(Severity, byRank, info);
  }

  @Query(() => [Status.type], {
    nullable: true,
    description: "All statuses, in the order they are shown and disabled ones last.",
  })
  statuses(@Ctx() { reads }: Context, @Info() info: GraphQLResolveInfo) {
    return reads.list(Status, byRank, info);
  }
}

const byRank = [
  { property: "disabled", direction: "asc" },
  { property: "order", direction: "asc" },
  { property: "id", direction: "asc" },
] as const;
