import { AppError } from "../../errors.js";
import { byId, byText, byTime, byTitle, byWord, type Fields, filterOf, filtersOf } from "./filters.js";
import { paged, pageFields, pageParameters } from "./paging.js";
import { ago } from "./pretty.js";
import { type Asked, type Data, get, refuseUnknown } from "./route.js";

const document = `query ($first: Int!, $after: String, $filter: AppStatusFilter, $orderBy: [AppStatusOrder!]) {
  appStatuses(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
    nodes { id status message createTime app { id name } asset { id name } } ${pageFields} } }`;

const fields: Fields = {
  id: byId("id"),
  app: byId("app", "id"),
  app_id: byId("app", "id"),
  app__name: byTitle("app", "name"),
  asset: byId("asset", "id"),
  asset_id: byId("asset", "id"),
  asset__name: byTitle("asset", "name"),
  status: byWord(["failed", "pending", "running", "success"], "status"),
  message: byText("message"),
  create_time: byTime("createTime"),
};

export const appStatus = get("/app_status", async (asked) => {
  const { search, run } = asked;
  refuseUnknown(search, [...pageParameters, "sort", "order", ...filtersOf(search)]);
  const wanted = { filter: filterOf(asked, fields), orderBy: orderOf(asked) };
  const read = async (first: number, after: string | null) =>
    (await run(document, { first, after, ...wanted })).appStatuses;
  return paged(asked, read, (status) => ({ ...("pretty" in search ? pretty(status) : {}), ...plain(status) }));
});

const plain = ({ app, asset, createTime, id, message, status }: Data) => ({
  app: app?.id ?? null,
  asset: asset?.id ?? null,
  create_time: createTime,
  id,
  message,
  status: status.toLowerCase(),
});

/** Apps bring no icons here. */
const pretty = ({ app, asset, createTime }: Data) => ({
  _pretty_app: app?.name ?? null,
  _pretty_asset: asset?.name ?? null,
  _pretty_create_time: ago(createTime),
  _pretty_icon: "",
});

function orderOf({ search: { sort = "id", order = "asc" } }: Asked): Record<string, string>[] {
  if (sort !== "id" && sort !== "create_time")
    throw new AppError("BAD_REQUEST", `sort is ${JSON.stringify(sort)}; it can be id or create_time.`);
  if (order !== "asc" && order !== "desc")
    throw new AppError("BAD_REQUEST", `order is ${JSON.stringify(order)}; it can be asc or desc.`);

  return [{ field: sort.toUpperCase(), direction: order.toUpperCase() }];
}
