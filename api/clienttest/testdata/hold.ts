// Sells a seat through the generated client: argument 1 is the server.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.d.ts";

const [, , baseUrl] = process.argv;
const client = createClient<paths>({ baseUrl });
const operator = { Authorization: "Bearer dev" };

function must<T>(what: string, value: T | undefined, error: unknown): T {
  if (value === undefined) throw new Error(`${what}: ${JSON.stringify(error)}`);
  return value;
}

async function makeEvent(): Promise<string> {
  // Only what has no default is given: the compiler must not ask for more.
  const body: components["schemas"]["CreateEvent"] = {
    name: "Generated", starts_at: new Date(Date.now() + 86_400_000).toISOString(), currency: "EUR",
    prices: { standard: { face: 4000, fees: [{ code: "service", amount: 500 }] } },
    plan: { sections: [{ id: "A", rows: [{ label: "1", seats: 9 }] }] },
  };
  const made = await client.POST("/v1/events", {
    params: { header: { "Idempotency-Key": "ts-e" } }, body, headers: operator,
  });
  const event = must("create", made.data, made.error).id;
  const opened = await client.POST("/v1/events/{event}/sale", {
    params: { path: { event }, header: { "Idempotency-Key": "ts-s" } }, body: { state: "open" }, headers: operator,
  });
  must("open", opened.data, opened.error);
  const listed = await client.GET("/v1/events", { params: { query: { limit: 5 } } });
  if (must("list", listed.data, listed.error).events[0].id !== event) throw new Error("the newest event is not first");
  return event;
}

async function streams(event: string): Promise<void> {
  const path = { params: { path: { event } } };
  const live = await client.GET("/v1/events/{event}/availability/stream", { ...path, parseAs: "stream" });
  const reader = must("stream", live.data, live.error)!.getReader();
  if ((await reader.read()).done) throw new Error("the stream ended");
  await reader.cancel();
  const whole = await client.GET("/v1/events/{event}/availability/stream", {
    params: { path: { event }, query: { seconds: 1 } }, parseAs: "text",
  });
  if (!must("bounded stream", whole.data, whole.error).includes("event: snapshot")) throw new Error("no snapshot");
}

async function sell(event: string): Promise<void> {
  const held = await client.POST("/v1/events/{event}/bookings", {
    params: { path: { event }, header: { "Idempotency-Key": "ts-1" } },
    body: { best_available: { quantity: 2 } }, headers: { "X-Buyer": "alice" },
  });
  const hold = must("hold", held.data, held.error);
  const sold = await client.POST("/v1/bookings/{booking}/confirm", {
    params: { path: { booking: hold.id }, header: { "Idempotency-Key": "ts-2" } },
    body: { payment_token: "tok_ok" }, headers: { "X-Buyer": "alice" },
  });
  if (must("confirm", sold.data, sold.error).tickets?.length !== 2) throw new Error("two tickets were due");
  const taken = await client.POST("/v1/events/{event}/bookings", {
    params: { path: { event }, header: { "Idempotency-Key": "ts-3" } },
    body: { seats: hold.seats }, headers: { "X-Buyer": "bob" },
  });
  if (taken.error?.code !== "seat_taken") throw new Error(`refusal: ${JSON.stringify(taken)}`);
}

const event = await makeEvent();
await streams(event);
await sell(event);
console.log("sold");
