import { expect } from "vitest";
import { call, newContainer, read } from "../support/operations.js";
import type { Rule } from "./rule.js";

const fields = "pinId pin { name message data pinType pinStyle }";

export const pinRules: Rule[] = [
  {
    id: "S0.pin.1",
    sentence:
      "Pinning answers whether it was done, a message and the pin's id; the current container is pinned to where none is named.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const pinned = await call(gateway, "pin", { data: "192.168.1.7", message: "This is a malicious IP" }, fields, {
        "soar-container": String(container),
      });
      expect(pinned).toMatchObject({ success: true, pinId: expect.any(Number) });
      expect(await read(gateway, container, "pins { nodes { data } }")).toEqual({
        pins: { nodes: [{ data: "192.168.1.7" }] },
      });
    },
  },
  {
    id: "S0.pin.2",
    sentence: "A pin needs a message or data.",
    async check(gateway) {
      const container = await newContainer(gateway);
      expect(await call(gateway, "pin", { container })).toMatchObject({ success: false, code: "INVALID_VALUE" });
      expect(await call(gateway, "pin", { container, message: "m" })).toMatchObject({ success: true });
      expect(await call(gateway, "pin", { container, data: "d" })).toMatchObject({ success: true });
    },
  },
  {
    id: "S0.pin.3",
    sentence: "A pin is of type data and grey unless said otherwise; the manual's own sample is a small white card.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const { pin } = await call(gateway, "pin", { container, data: "d" }, fields);
      expect(pin).toMatchObject({ pinType: "DATA", pinStyle: "GREY" });
      const sample = await call(
        gateway,
        "pin",
        { container, data: "d", pinType: "CARD_SMALL", pinStyle: "WHITE" },
        fields,
      );
      expect(sample.pin).toMatchObject({ pinType: "CARD_SMALL", pinStyle: "WHITE" });
    },
  },
  {
    id: "S0.pin.4",
    sentence: "The styles are grey, blue, red, white and purple, the types card and data.",
    async check(gateway) {
      const container = await newContainer(gateway);
      for (const pinStyle of ["GREY", "BLUE", "RED", "WHITE", "PURPLE"])
        for (const pinType of ["CARD", "DATA"])
          expect(await call(gateway, "pin", { container, data: "d", pinStyle, pinType })).toMatchObject({
            success: true,
          });
    },
  },
  {
    id: "S0.pin.5",
    sentence: "A message or data over the limit is cut to it.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const long = "x".repeat(1500);
      const { pin } = await call(gateway, "pin", { container, data: long, message: long }, fields);
      expect([pin.data.length, pin.message.length]).toEqual([1024, 1024]);
    },
  },
  {
    id: "S0.pin.6",
    sentence: "With truncate off it is an error instead and no pin is created.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const refused = await call(gateway, "pin", { container, data: "x".repeat(1025), truncate: false });
      expect(refused).toMatchObject({ success: false, code: "TOO_LONG", message: expect.stringContaining("1024") });
      expect(await read(gateway, container, "pins { totalCount }")).toEqual({ pins: { totalCount: 0 } });
    },
  },
  {
    id: "S0.pin.7",
    sentence: "A name is unique in its container: pinning it again changes that pin.",
    async check(gateway) {
      const [container, other] = [await newContainer(gateway), await newContainer(gateway)];
      const first = await call(gateway, "pin", { container, name: "ip", data: "1" }, fields);
      const second = await call(gateway, "pin", { container, name: "ip", data: "2" }, fields);
      const elsewhere = await call(gateway, "pin", { container: other, name: "ip", data: "3" }, fields);
      expect(second).toMatchObject({ pinId: first.pinId, pin: { data: "2" } });
      expect(elsewhere.pinId).not.toBe(first.pinId);
    },
  },
  {
    id: "S0.update_pin.1",
    sentence: "A pin is changed by its id, and only what is given changes.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const { pinId } = await call(gateway, "pin", { container, data: "d", message: "m", pinStyle: "RED" }, fields);
      const update = (more: object) => call(gateway, "updatePin", { pinId, ...more }, fields);
      expect((await update({ message: "A new message" })).pin).toMatchObject({
        message: "A new message",
        data: "d",
        pinStyle: "RED",
      });
      expect((await update({ data: "Some new data", pinType: "CARD", pinStyle: "BLUE" })).pin).toMatchObject({
        message: "A new message",
        data: "Some new data",
        pinType: "CARD",
        pinStyle: "BLUE",
      });
    },
  },
  {
    id: "S0.update_pin.2",
    sentence: "What is cleared is gone, but a pin keeps a message or data.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const { pinId } = await call(gateway, "pin", { container, data: "d", message: "m", pinStyle: "RED" }, fields);
      const update = (more: object) => call(gateway, "updatePin", { pinId, ...more }, fields);
      expect((await update({ message: null, pinStyle: null })).pin).toMatchObject({
        message: null,
        data: "d",
        pinStyle: "GREY",
      });
      expect(await update({ data: null })).toMatchObject({ code: "INVALID_VALUE" });
      expect(await update({ data: "x".repeat(1025) })).toMatchObject({ code: "TOO_LONG", field: "data" });
    },
  },
  {
    id: "S0.delete_pin.1",
    sentence: "A pin is deleted by its id; one that is not there is answered as not done.",
    async check(gateway) {
      const container = await newContainer(gateway);
      const { pinId } = await call(gateway, "pin", { container, data: "d" }, fields);
      const remove = () =>
        call(gateway, "deletePin", { pinId }, "pinId deletedNodeId container { id pins { totalCount } }");
      expect(await remove()).toMatchObject({
        success: true,
        pinId,
        container: { id: container, pins: { totalCount: 0 } },
      });
      expect(await remove()).toMatchObject({ success: false, code: "NOT_FOUND", field: "pinId", container: null });
    },
  },
];
