package tidy

// goMail speaks to mail servers.
const goMail = "github.com/wneessen/go-mail"

// standardWebhooks signs what is told outside.
const standardWebhooks = "github.com/standard-webhooks/standard-webhooks/libraries/go"

// franz speaks to Kafka.
const franz = "github.com/twmb/franz-go/pkg/"

// wallsOfActors are those of actors and the rooms below it.
var wallsOfActors = map[string]wall{
	"actors/machine": {
		Why: "what a shard's pure state is to its writer: every machine imports it, so it may import none",
		Std: pureStd,
	},
	"actors/simtest": {
		Why: "the writers of one section, simulated: its judge knows the log and what changes mean, and shares no " +
			"code with the machine",
		Own: []string{"actors/section", "actors/section/account", // reasons, as the log has them
			"actors/section/order", "actors/section/exchange", "storage"},
		Test: []string{"actors/writer", "actors/planted", "storage/memstore", "storage/faultstore"},
	},
	"actors/simtest/waitingroom": {
		Why: "the writers of one waiting room's log, simulated: its model knows the log and what changes mean, and " +
			"asks neither the machine nor the audit, which judges beside it",
		Test: []string{
			"actors/gate", "actors/gate/audit", "actors/gate/draw", "actors/planted", "actors/simtest", "actors/writer",
			"storage", "storage/memstore", "storage/faultstore",
		},
	},
	"actors/simtest/money": {
		Why: "every interleaving of a booking's money, over the section and the till that serve",
		Test: []string{"actors/booking", "actors/checkout/processor", "actors/checkout/till", "actors/planted",
			"actors/section", "actors/section/account", "actors/section/sales"},
	},
	"actors/simtest/cluster": {
		Why: "whole clusters, simulated: engines are the ones that serve, seen through the seam that actors gives to " +
			"whoever steps one; a simulator inside would copy what Open does",
		Test: []string{
			"storage/onsale",
			"actors/section/account", "actors/section/order", "actors/section/sales",
			"actors/codec", "actors/grant",
			"actors", "actors/coordinator", "actors/machine", "actors/peer/wire", "actors/planted",
			"actors/checkout/processor", "actors/seatmap", "actors/section", "actors/section/account", "actors/shard",
			"actors/simtest", "actors/venue",
			"actors/witness", "actors/writer", "storage", "storage/memstore", protoactor,
			"actors/audit", "actors/gate", "actors/gate/place", // a waiting room's judges, and what buyers show
			"cluster", // the very rules of heartbeats, leases and placement; a twin of them would prove nothing
		},
	},
	"actors/machinetest": {
		Why: "one suite for every machine: it knows the writer, the shard and the replica, which it holds to " +
			"account, and no machine",
		Own: []string{
			"actors/machine", "actors/writer", "actors/shard", "actors/replica", "actors/witness",
			"storage", "storage/memstore", "storage/faultstore",
		},
		Third: []string{protoactor},
	},
	"actors/machinetest/counter": {
		Why:  "a toy machine, as pure as the real ones: what it needs is all that the next machine needs",
		Own:  []string{"actors/machine", "actors/codec"},
		Std:  pureStd,
		Test: []string{"actors/machinetest", "actors/writer", "storage"},
	},
	"actors/codec": {
		Why: "the parts that all durable encodings are made of: whatever is written by it must be read by it for ever",
		Std: pureStd,
	},
	"actors/grant": {
		Why: "what sections take of coordinators and logs prove: replayed for ever, so as pure as a section",
		Own: []string{"actors/machine", "actors/codec"}, Std: pureStd,
	},
	"actors/price": {
		Why: "what seats cost and what goes back is reckoned in one place: all others ask it, and it asks nobody",
		Std: pureStd, Test: []string{rapid},
	},
	"actors/ticket": {
		Why: "what is printed is read by strangers for ever: bytes and keys, and neither a store nor a clock",
		Own: []string{"actors/booking", "actors/section", "actors/section/entry", "storage"},
		Std: append([]string{"crypto/ed25519", "encoding/base32"}, pureStd...),
	},
	"actors/ticketing": {
		Why: "signs, opens and words: whether a ticket opens a door is its home's to say, which it asks through a host",
		Own: []string{
			"actors/section/transfer",
			"actors/booking", "actors/price", "actors/section", "actors/section/account", "actors/section/entry",
			"actors/section/order", "actors/ticket", "actors/trace", "storage",
		},
		Test: []string{"storage/memstore"},
	},
	"actors/orders": {
		Why: "how bookings over several sections are placed and told: it sends commands to sections, and knows the " +
			"engine by its doors only",
		Own: []string{
			"actors/booking", "actors/grant", "actors/request", "actors/section", "actors/section/account",
			"actors/section/order", "actors/trace", "actors/writer", "storage",
		},
	},
	"actors/writer": {
		Why: "makes any machine's decisions durable: it moves bytes, and of sections it knows the tickets that the second guard keeps",
		Own: []string{
			"actors/machine", "actors/section", "actors/witness", "storage",
		}, Test: []string{"storage/memstore", "storage/faultstore"},
	},
	"actors/budget": {
		Why: "counts allocations for the tests of every room, so it may know none of them",
	},
	"actors/planted": {
		Why: "the bugs that a build can have on purpose, and who must catch them: no product file may know of them, only tests do",
	},
	"actors/nesting": {
		Why: "bounds what any parser is given, so every room that parses imports it and it imports none of them",
		Std: pureStd,
	},
	"actors/wallclock": {
		Why: "judges readings of clocks and reads none, so that a test can show it any",
		Std: append([]string{"sync", "sync/atomic", "time"}, pureStd...), Test: []string{rapid},
	},
	"actors/money": {
		Why: "one table of currencies for page, tools and API: an amount must mean the same everywhere and at every time, so nothing outside may move it",
		Std: pureStd, Test: []string{rapid, "golang.org/x/text/currency"},
	},
	"actors/gate": {
		Why: "the waiting room's rules are replayed and recomputed by strangers: same purity as the seats",
		Own: []string{"actors/machine", "actors/codec", "actors/gate/bound", "actors/gate/codebook", "actors/gate/draw"},
		Std: pureStd, Test: []string{"actors/budget", "actors/machinetest", "actors/gate/audit", rapid},
	},
	"actors/gate/audit": {
		Why: "judges a gate's log by rules of its own: the machine's bytes are shared, its mistakes must not be",
		Own: []string{"actors/gate", "actors/gate/codebook", "actors/gate/draw"}, Std: pureStd,
	},
	"actors/gate/place": {
		Why: "tokens that strangers bring: bytes and keys, and of the gate only its numbers",
		Own: []string{"actors/gate"}, Std: pureStd, Test: []string{"actors/budget"},
	},
	"actors/gate/bound": {
		Why: "numbers that the gate keeps in its log: numbers in, numbers out, and below the gate",
		Own: []string{"actors/codec"}, Std: pureStd,
	},
	"actors/gate/codebook": {
		Why: "counts that the gate replays from its log: numbers in, numbers out, and below the gate",
		Own: []string{"actors/codec", "actors/machine"}, Std: pureStd,
	},
	"actors/gate/presale": {
		Why: "codes that strangers type: bytes and a key, and of the gate only its numbers",
		Own: []string{"actors/gate", "actors/gate/codebook", "actors/gate/place"},
		Std: append([]string{"encoding/base32"}, pureStd...),
	},
	"actors/gate/position": {
		Why: "a browser computes the same from public counters, so nothing else may go in",
		Own: []string{"actors/gate", "actors/gate/draw"}, Std: pureStd,
	},
	"actors/waitingroom": {
		Why: "a gate on a node: joins, stock and slots; tokens and the wire stay outside, what sections hold comes in",
		Own: []string{
			"actors/section/sales",
			"actors/gate/bound",
			"actors/machine", "actors/writer", "actors/shard", "actors/witness", "actors/request", "actors/section",
			"actors/cooldown", "actors/gate", "actors/gate/codebook", "actors/gate/draw", "actors/gate/position",
			"actors/replica", "actors/placement", "actors/peer", "actors/peer/wire", "storage",
		}, Test: []string{"storage/memstore"},
	},
	"actors/coordination": {
		Why: "a coordinator on a node: its claims and its fences; what it counts is package coordinator's, and a " +
			"section is something that can be fenced",
		Own: []string{
			"actors/machine", "actors/writer", "actors/shard", "actors/witness", "actors/section", "actors/grant",
			"actors/coordinator", "storage",
		},
	},
	"actors/gate/draw": {
		Why: "a draw that strangers recompute: bytes in, places out, and nothing of the gate",
		Std: pureStd,
	},
	"actors/gate/beacon": {
		Why: "whether a round is the beacon's must be readable alone: nothing of the gate, and no network",
		Std: pureStd, Third: []string{circl},
	},
	"actors/cooldown": {
		Why: "how long who waits is told to buyers and recomputed: numbers in, numbers out", Std: pureStd,
	},
	"actors/venue": {
		Why: "plans are data: parsing them needs the core's types and nothing that runs",
		Own: []string{
			"actors/section", "actors/nesting", "actors/venue/labels", "actors/venue/planreader",
		}, Third: []string{strictJSON, "golang.org/x/text/unicode/norm"},
		Test: []string{"actors/budget", rapid, "github.com/santhosh-tekuri/jsonschema/v6"},
	},
	"actors/venue/labels": {
		Why: "what people can tell apart is the same question at every door: it knows text, and no plan",
		Std: pureStd, Third: []string{"golang.org/x/text/unicode/norm"}, Test: []string{"actors/budget", rapid},
	},
	"actors/venue/planreader": {
		Why: "one pass over JSON that notes what is wrong: it knows what a value is, and no format of plans",
		Own: []string{"actors/venue/labels"}, Third: []string{strictJSON, "golang.org/x/text/unicode/norm"},
	},
	"actors/booking": {
		Why:   "ids and ticket codes are on paper: whatever else changes, they are read and written the same",
		Own:   []string{"actors/section", "storage"},
		Std:   append([]string{"sync", "encoding/base32"}, pureStd...),
		Third: []string{xxhash},
		Test:  []string{"actors/budget"},
	},
	"actors/catalog": {
		Why:  "a sorted list of events that never changes: it is made from what it is given and asks nobody",
		Own:  []string{"actors/section", "storage"},
		Std:  pureStd,
		Test: []string{rapid},
	},
	"actors/pseudonym": {
		Why: "names from a key and a subject, and when a key may go: were a store in reach, a stranger could cost " +
			"a look-up",
		Std: append([]string{"io", "sync", "sync/atomic"}, pureStd...), Own: []string{"actors/section", "storage"},
	},
	"actors/coordinator": {
		Why: "what spans an event's sections: quota, keys, and which views a search may rest on; a rule that waited or " +
			"knew the time could not be simulated",
		Own:  []string{"actors/section", "actors/codec", "actors/grant", "actors/machine", "storage"},
		Std:  append([]string{"sync"}, pureStd...),
		Test: []string{"actors/budget", "actors/machinetest", rapid},
	},
	"actors/placement": {
		Why: "rules and a directory of hearsay; authority is the log's alone, so nothing here may reach it",
		Own: []string{"actors/section", "storage"}, Std: append([]string{"sync/atomic"}, pureStd...),
	},
	"actors/request": {
		Why: "one command on its way and how often it is sent: where its section is stays behind Destination",
		Own: []string{"actors/section", "actors/trace", "actors/writer", "actors/shard", "storage"},
	},
	"actors/peer/wire": {
		Why: "what nodes say to each other: a simulator holds the same conversation in one goroutine, so nothing here " +
			"waits or knows the time",
		Own: []string{"actors/section/transfer", "actors/section/sales", "actors/section/terms",
			"actors/section", "actors/section/account", "actors/gate", "actors/gate/codebook", "actors/grant",
			"actors/codec", "actors/section/entry", "actors/section/order", "actors/section/exchange", "actors/trace",
			"storage",
		},
		Std:  append([]string{"sync"}, pureStd...),
		Test: []string{"actors/budget"},
	},
	"actors/rebalancer": {
		Why: "does what the rule of placement says, section by section: what a section is stays behind its interface",
		Own: []string{"actors/placement", "actors/shard", "storage"},
	},
	"actors/peer": {
		Why: "the one layer between nodes: what varies with the engine stays behind Host, and a local request outside",
		Own: []string{
			"actors/section", "actors/writer", "actors/shard", "actors/request", "actors/coordinator",
			"actors/placement", "actors/witness", "actors/peer/wire", "actors/gate", "actors/trace", "storage",
		},
	},
	"actors/trace": {
		Why: "what a caller says of a trace, in bytes and in a context: wire and adapters share it; it makes no spans",
		Std: append([]string{"context", "sync"}, pureStd...),
	},
	"actors/seatmap": {
		Why: "what the public sees of the seats: it shows durable records and grants nothing, so it knows no engine and no clock",
		Own: []string{"actors/section", "storage"}, Std: append([]string{"sync", "sync/atomic"}, pureStd...),
		Test: []string{"actors/budget"},
	},
	"actors/checkout": {
		Why: "when a booking's money is looked at, and by whom: what is asked and told stays behind one function",
		Own: []string{"actors/booking"}, Test: []string{"actors/section", "actors/section/account",
			"actors/checkout/processor", "actors/checkout/till"},
	},
	"actors/checkout/pending": {
		Why: "what operators see of open money: it reads the list and the bookings, and changes neither",
		Own: []string{
			"actors/booking", "actors/checkout", "actors/checkout/till", "actors/section", "actors/section/account",
			"storage",
		},
	},
	"actors/checkout/till": {
		Why: "the one room that knows bookings and processors: it keeps nothing, and meets both through their ports",
		Own: []string{"actors/booking", "actors/section", "actors/section/account", "actors/checkout/processor"},
	},
	"actors/checkout/processor": {
		Why: "the port to a payment processor: every adapter sees it, and it sees none",
	},
	"actors/checkout/processortest": {
		Why: "the port's rules, for any adapter: it sees the port, and no adapter",
		Own: []string{"actors/checkout/processor"},
	},
	"actors/checkout/sandbox": {
		Why:  "a pretended processor stands outside: it knows the port, and of storage only where books are kept; nothing of seats",
		Own:  []string{"actors/checkout/processor", "actors/nesting", "storage"},
		Test: []string{"actors/budget", "actors/checkout/processortest"},
	},
	"actors/checkout/sandbox/remote": {
		Why:  "the sandbox over HTTP: it sees the port and the sandbox, and neither engine nor store",
		Own:  []string{"actors/checkout/processor", "actors/checkout/sandbox", "actors/checkout/traced"},
		Test: []string{"actors/checkout/processortest", "actors/trace"},
	},
	"actors/checkout/stripe": {
		Why: "the adapter to Stripe: it sees the port and the table of currencies, and no engine",
		Own: []string{"actors/checkout/processor", "actors/checkout/traced", "actors/money"}, Third: []string{stripeGo},
		Test: []string{"actors/checkout/processortest", "actors/checkout/stripe/stripetest", "actors/trace"},
	},
	"actors/checkout/traced": {
		Why: "one header on the way to a processor: it knows neither processors nor who asks",
		Own: []string{"actors/trace"},
	},
	"actors/checkout/stripe/stripetest": {
		Why: "a Stripe with a memory, for tests: it speaks Stripe's wire and knows nothing of the adapter",
	},
	"actors/shard": {
		Why: "runs any machine's writer as an actor: what a section is to an event or to other nodes stays behind its Host",
		Own: []string{"actors/machine", "actors/writer", "actors/witness", "storage"}, Third: []string{protoactor},
		Test: []string{"actors/machinetest/counter", "storage/memstore", "storage/faultstore", rapid},
	},
	"actors/replica": {
		Why:  "follows any machine's log on the nodes that do not serve it: it grants nothing, so it may not know who asks",
		Own:  []string{"actors/machine", "actors/writer", "actors/shard", "actors/witness", "storage"},
		Test: []string{"storage/memstore", "storage/faultstore"},
	},
	"actors/witness": {
		Why: "remembers beside the store what was acknowledged: a store that it knew could take its memory along when it loses records",
		Own: []string{"actors/section", "storage"}, Test: []string{"storage/memstore"},
	},
	"actors/cancellation": {
		Why: "how far the cancelling of an event has come is read in sections' states, and nowhere else",
		Own: []string{"actors/section/sales", "actors/booking", "actors/section", "actors/section/account",
			"actors/section/order", "storage"},
	},
	"actors/bookingsearch": {
		Why: "searches sections' states for people: it sees what it is shown, keeps who has bookings where, and " +
			"changes nothing",
		Own:  []string{"actors/booking", "actors/section", "actors/section/account", "storage"},
		Test: []string{"actors/machine"},
	},
	"actors/audit": {
		Why: "the verifier reads a store through the port; trusting the engine it checks would make it worthless",
		Own: []string{
			"actors/section/transfer",
			"actors/section/account", "actors/section/sales", "actors/section/tariff", "actors/section/order",
			"actors/section/entry", "actors/section/exchange", "actors/gate/draw",
			"actors/section", "actors/money", "actors/venue", "actors/gate", "actors/gate/audit", "actors/gate/beacon",
			"actors/audit/reconcile", "storage",
			"actors/codec", "actors/grant", // grants, who counts a buyer, exclusions; not what a section takes
		}, Test: []string{
			"actors/price", "actors/section/account", "actors/section/terms", "storage/...", rapid, pebble,
		},
	},
	"actors/audit/reconcile": {
		Why: "one booking's money by its log beside the processor's list: pure, and it knows neither who reads nor " +
			"who charges",
		Own: []string{"actors/section", "actors/section/account", "actors/money", "storage"},
	},
	"actors/audit/processorlist": {
		Why: "puts a processor's list into the audit's words, so that neither knows the other",
		Own: []string{"actors/audit", "actors/checkout/processor", "actors/checkout/till"},
		Test: []string{
			"actors/booking", "actors/checkout/sandbox", "actors/checkout/sandbox/remote", "actors/checkout/stripe",
			"actors/checkout/stripe/stripetest", "actors/section", "actors/section/account", "actors/venue", "storage",
			"storage/memstore"},
	},
	"actors/views": {
		Why: "a projection reads the log through the port and writes tables nobody grants from: were the engine in reach, it could be asked",
		Own: []string{
			"actors/section", "actors/venue", "storage", "storage/projection",
		}, Test: []string{"actors/section/account", "actors/section/order", "storage/sqlstore", "storage/sqlstore/pgtest", "github.com/jackc/pgx/v5"},
	},
	"actors/feed/envelope": {
		Why: "what a change is called outside, one for all sinks: a function of the log's words, as lasting as it",
		Own: []string{"actors/booking", "actors/section", "actors/section/account", "actors/section/entry",
			"actors/section/order", "actors/section/sales", "storage"},
		Test: []string{"actors/section/exchange", "actors/section/transfer", "actors/section/tariff",
			"actors/section/terms"},
	},
	"actors/feed/envelope/schema": {
		Why:  "describes events for programs outside: it knows their types, and no log",
		Own:  []string{"actors/feed/envelope"},
		Test: []string{"github.com/santhosh-tekuri/jsonschema/v6"},
	},
	"actors/feed": {
		Why:  "tells what logs say, from the store alone: with the engine in reach a sink could be waited for",
		Own:  []string{"actors/feed/envelope", "actors/section", "actors/venue", "storage"},
		Test: []string{"actors/section/order", "storage/memstore", "storage/faultstore"},
	},
	"actors/feed/mail/letter": {
		Why: "what mails say: a function of public words, that golden files hold", Own: []string{"actors/money"},
	},
	"actors/feed/mail": {
		Why: "finds who is to be told, and when: a library for mails in here would see addresses in its errors",
		Own: []string{"actors/booking", "actors/feed", "actors/feed/envelope", "actors/feed/mail/letter",
			"actors/price", "actors/pseudonym", "actors/section", "storage"},
		Test: []string{"actors/section/account", "actors/venue", "storage/faultstore", "storage/memstore",
			"storage/onsale"},
	},
	"actors/feed/mail/smtp": {
		Why: "hands mails over: knows no booking", Own: []string{"actors/feed/mail"}, Third: []string{goMail},
		Test: []string{"actors/feed/mail/smtptest"},
	},
	"actors/feed/mail/smtptest": {
		Why: "a mail server for tests", Third: []string{"github.com/emersion/go-smtp", "github.com/emersion/go-sasl"},
	},
	"actors/feed/webhook": {
		Why:   "speaks to strangers' addresses: what it knows of a booking is the envelope",
		Own:   []string{"actors/feed", "actors/feed/envelope", "actors/section", "storage"},
		Third: []string{standardWebhooks},
		Test:  []string{"actors/venue", "storage/memstore", "storage/faultstore"},
	},
	"actors/feed/kafka": {
		Why: "speaks to brokers: what it knows of a booking is the envelope",
		Own: []string{"actors/feed", "actors/feed/envelope", "actors/section", "storage"},
		Third: []string{franz + "kadm", franz + "kerr", franz + "kgo", franz + "kmsg", franz + "sasl",
			franz + "sasl/plain", franz + "sasl/scram"},
		Test: []string{"actors/feed/feedtest", "api/consumer", "storage/memstore", "storage/pebblestore",
			franz + "kfake"},
	},
	"actors/feed/redisstream": {
		Why:   "speaks to Redis: what it knows of a booking is the envelope",
		Own:   []string{"actors/feed", "actors/section", "storage"},
		Third: []string{"github.com/redis/go-redis/v9"},
		Test: []string{"actors/feed/feedtest", "actors/feed/redisstream/redistest", "api/consumer", "storage/memstore",
			"storage/pebblestore", "github.com/alicebob/miniredis/v2"},
	},
	"actors/feed/redisstream/redistest": {
		Why: "starts a program for tests: it knows nothing of what is asked there",
	},
	"actors/feed/feedtest": {
		Why: "logs for the tests of sinks",
		Own: []string{"actors/feed", "actors/section", "actors/venue", "storage"},
	},
	"actors/telemetry": {
		Why: "counters and lines of what happens: it decides nothing, so it sees words and reasons, and no engine",
		Own: []string{"actors/gate", "actors/section", "actors/shard", "actors/wallclock", "actors/writer", "storage"},
	},
	"actors/snapshots": {
		Why: "saves what it is given: when a snapshot is due is the shard's to say",
		Own: []string{"storage"},
	},
	"actors/oplog": {
		Why: "turns lines into fewer and better ones for whoever is woken: it knows lines, and nothing of what they are about",
	},
	"actors": {
		Why: "actors say when: they see storage only through its port, and never who serves or who owns",
		Own: []string{
			"actors/section/entry",
			"actors/cancellation", "actors/feed", "actors/section/sales", "storage/onsale", "actors/ticketing",
			"actors/section/tariff", "actors/section/order", "actors/section/exchange", "actors/orders",
			"actors/snapshots", "actors/telemetry",
			"actors/machine", "actors/writer", "actors/shard", "actors/replica", "actors/section", "actors/gate",
			"actors/cooldown", "actors/gate/place", "actors/gate/codebook", "actors/gate/draw", "actors/waitingroom",
			"actors/venue", "actors/checkout", "actors/checkout/processor", "actors/checkout/till",
			"actors/checkout/pending", "actors/bookingsearch",
			"actors/section/account", "actors/coordinator", "actors/coordination", "actors/grant",
			"actors/peer", "actors/peer/wire", "actors/placement", "actors/rebalancer", "actors/request",
			"actors/seatmap", "actors/booking", "actors/catalog", "actors/price",
			"actors/trace", "actors/wallclock", "actors/witness", "actors/pseudonym", "storage",
		},
		Third: []string{protoactor, prometheus},
		Test: []string{
			"actors/section/transfer",
			"actors/budget", "actors/feed/envelope", "actors/planted", "actors/oplog", "actors/ticket",
			"storage/memstore", "storage/faultstore", "storage/pebblestore", "storage/sqlstore", "storage/sqlstore/pgtest", "actors/audit",
			"actors/audit/processorlist",
			"actors/checkout/sandbox", rapid, porcupine, pebble, pgx, toxiproxy, histogram, xxhash,
		},
	},
}
