// Package eventctl makes events of seating plans and turns their sales on and off: on a running server, or in a stopped
// one's data. It changes waiting rooms of a running server.
//
//	plan ─▶ ReadPlan ─▶ Plan ─▶ Event ─▶ NewEvent ─┬─▶ CreateOnline ───▶ POST /v1/events
//	        every defect        prices, key        └─▶ CreateOffline ──▶ the data folder's engine
//
// Both ways go through the same body and the same checks, so that what a server would refuse is refused without one.
// The idempotency key is made of everything that was asked for: the same import twice makes one event.
package eventctl
