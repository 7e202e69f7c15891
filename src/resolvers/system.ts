import { Arg, Ctx, Int, Query, Resolver } from "type-graphql";
import type { Context } from "../context.js";
import { Health, health } from "../system/health.js";
import { SystemInfo, systemInfo } from "../system/info.js";
import { License, license } from "../system/license.js";
import { version } from "../system/version.js";

/** What anybody who is known may learn of the system itself. */
@Resolver()
export class SystemResolver {
  @Query(() => String, { nullable: true, description: "The version of this product." })
  version() {
    return version;
  }

  @Query(SystemInfo.thunk as () => never, {
    nullable: true,
    description: "Where the system is: address and time zone.",
  })
  systemInfo(@Ctx() { database }: Context) {
    return systemInfo(database);
  }

  @Query(License.thunk as () => never, { nullable: true, description: "The licence, and what is used of it." })
  license(@Ctx() { database, caller }: Context) {
    return license(database, caller);
  }

  @Query(Health.thunk as () => never, {
    nullable: true,
    description: "How the services of this product and their machine are.",
  })
  health(
    @Arg("snapshots", () => Int, {
      defaultValue: 10,
      description: "How many of the latest snapshots of each service, 0 to 2880: a day's.",
    })
    snapshots: number,
    @Ctx() { database, vault }: Context,
  ) {
    return health(database, vault, snapshots);
  }
}
