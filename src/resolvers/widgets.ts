import type { GraphQLFieldResolver } from "graphql";
import { ObjectType, Query, Resolver } from "type-graphql";
import type { Context } from "../context.js";
import { addArguments, addField, namedClass } from "../schema/classes.js";
import type { Row } from "../schema/expose.js";
import { widgets } from "../widgets/index.js";
import { answer } from "../widgets/widget.js";

const WidgetData = namedClass("WidgetData");
ObjectType("WidgetData", {
  description: "The figures of the home page. They count what the caller may see, as of now.",
  simpleResolvers: true,
})(WidgetData);

/** How each widget is answered, by its name. */
export const widgetResolvers = new Map<string, GraphQLFieldResolver<Row, Context, Row>>();

for (const widget of widgets) {
  const { name, description, takes, gives, many } = widget;
  addField(WidgetData, name, () => (many ? [gives.thunk()] : gives.thunk()), description);
  const list = Object.entries(takes).map(
    ([argument, { token, description }]) => [argument, token.thunk, description] as const,
  );
  addArguments(WidgetData, name, list);
  widgetResolvers.set(name, (_, given, context) => answer(widget, context, given));
}

@Resolver()
export class WidgetResolver {
  @Query(() => WidgetData, {
    nullable: true,
    description: "Figures about containers, playbooks and actions, as the home page shows them.",
  })
  widgetData() {
    return {};
  }
}
