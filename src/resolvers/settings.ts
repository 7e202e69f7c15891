import type { GraphQLResolveInfo } from "graphql";
import { Ctx, Info, Query, Resolver } from "type-graphql";
import type { Context } from "../context.js";
import { SystemSettings, systemSettings } from "../schema/system.js";

@Resolver()
export class SettingsResolver {
  @Query(() => SystemSettings.type, {
    nullable: true,
    description: "What administrators change while the system runs.",
  })
  systemSettings(@Ctx() { reads }: Context, @Info() info: GraphQLResolveInfo) {
    return reads.one(1, { target: SystemSettings, column: systemSettings.id }, info);
  }
}
