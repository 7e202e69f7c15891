import type { GraphQLResolveInfo } from "graphql";
import { Ctx, Field, Int, ObjectType, Query, Resolver } from "type-graphql";
import type { Context } from "../context.js";
import { columnOf } from "../schema/expose.js";
import { User, users } from "../schema/user.js";

@ObjectType("Viewer", { description: "Who is calling and what they may do.", simpleResolvers: true })
class Viewer {
  @Field(() => User.type, { nullable: true, description: "The caller's account." })
  user: (args: unknown, context: Context, info: GraphQLResolveInfo) => unknown;

  @Field(() => [String], {
    description: "What the caller's roles allow, each as `area:verb`, such as `containers:edit`.",
  })
  permissions: string[];

  @Field(() => [String], {
    nullable: true,
    description: "The labels, in small letters, whose containers the caller sees alone; null: all.",
  })
  labels: readonly string[] | undefined;

  @Field(() => [Int], {
    nullable: true,
    description: "The ids of the tenants whose containers the caller sees alone; null: all.",
  })
  tenants: readonly number[] | undefined;
}

@Resolver()
export class ViewerResolver {
  @Query(() => Viewer, { nullable: true, description: "Who is calling and what they may do." })
  viewer(@Ctx() { caller }: Context): Viewer {
    return {
      user: (_, { reads }, info) => reads.one(caller.id, { target: User, column: columnOf(users, "id") }, info),
      permissions: [...caller.permissions].sort(),
      labels: caller.labels,
      tenants: caller.tenants,
    };
  }
}
