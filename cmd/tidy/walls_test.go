package tidy

import "maps"

// walls is the floor plan. A folder that is not here fails: a new room is a decision, made in this table with its
// reason.
var walls = func() map[string]wall {
	all := maps.Clone(wallsOfActors)
	maps.Copy(all, wallsAround)
	return all
}()

// wallsAround are those of everything but actors.
var wallsAround = map[string]wall{
	"storage": {
		Why: "the port speaks the core's words; whoever implements it must not need the engine",
		Own: []string{"actors/section/sales", "actors/section/terms", "storage/onsale",
			"actors/gate/bound",
			"actors/section", "actors/codec", "actors/gate", "actors/nesting", "actors/price",
		}, Third: []string{compress}, Test: []string{"actors/section/tariff", "actors/budget", "actors/grant", rapid},
	},
	"storage/onsale": {
		Why: "the words of an event's sale switch: every store keeps them, and none gives them a meaning",
		Own: []string{"actors/machine", "actors/section"},
	},
	"storage/memstore": {
		Why:  "the fake that everyone tests with: it must stay dumber than what it stands for",
		Own:  []string{"storage/onsale", "actors/section", "storage"},
		Test: []string{"actors/budget", "storage/storetest"},
	},
	"storage/faultstore": {
		Why:  "wraps any store, so it may know none",
		Own:  []string{"storage/onsale", "actors/section", "storage"},
		Test: []string{"storage/storetest", "storage/memstore"},
	},
	"storage/pebblestore": {
		Why: "concrete stores never import each other: each must be replaceable alone",
		Own: []string{"storage/onsale",
			"actors/section", "storage",
		}, Third: []string{pebble, compress, prometheus}, Test: []string{"actors/budget", "storage/storetest", "storage/faultstore", rapid},
	},
	"storage/projection": {
		Why: "tables that people read, as a port beside the store's: who fills them and who keeps them meet here",
		Own: []string{"actors/section", "storage"},
	},
	"storage/sqlstore": {
		Why:   "concrete stores never import each other: each must be replaceable alone",
		Own:   []string{"actors/section", "storage", "storage/onsale", "storage/projection"},
		Third: []string{pgx, cockroach, compress},
		Test: []string{
			"storage/storetest", "storage/faultstore", "storage/sqlstore/pgtest", toxiproxy, zerolog, prometheus, rapid,
		},
	},
	"storage/sqlstore/pgserver": {
		Why:   "starts and stops a real PostgreSQL, for tests and for comparisons: it knows nothing of what is put into it",
		Third: []string{pgx},
	},
	"storage/sqlstore/pgtest": {
		Why: "a real server for whoever's tests want one: it knows nothing of what they put into it",
		Own: []string{"storage/sqlstore/pgserver"}, Third: []string{pgx},
	},
	"storage/copier": {
		Why: "moves a house between any two stores: one that knew them would believe them, and its verdict rests on not doing so",
		Own: []string{"storage/onsale", "actors/section", "storage"}, Third: []string{"golang.org/x/sync/errgroup"},
		Test: []string{"storage/memstore", "storage/pebblestore", "storage/sqlstore", "storage/sqlstore/pgtest"},
	},
	"storage/sqlstore/grammar": {
		Why:   "a module of its own, for CockroachDB's parser brings sixty modules along: it reads the store's .sql files and none of its code",
		Third: []string{crdbParser},
	},
	"storage/storetest": {
		Why: "one suite for every store: it sees the port only",
		Own: []string{"storage/onsale",
			"actors/price", "actors/section", "storage",
		}, Third: []string{rapid}, Test: []string{"storage/memstore", "storage/faultstore"},
	},
	"cluster": {
		Why: "placement proposes, the log decides: the cluster needs section ids and peers, no seats",
		Own: []string{
			"actors/section", "storage", "cluster/netlimit", "cluster/heartbeat", "cluster/keys", "cluster/refusal",
			"cluster/peerlink",
		},
		Third: []string{memberlist},
		Test: []string{
			"actors/budget", "storage/memstore", "storage/faultstore", "storage/sqlstore", "storage/sqlstore/pgtest",
			toxiproxy, rapid,
		},
	},
	"cluster/heartbeat": {
		Why:  "rows in the store say who is alive: whom gossip or a link knows must not count here",
		Own:  []string{"actors/section", "storage"},
		Test: []string{"storage/memstore", "storage/faultstore", rapid},
	},
	"cluster/peerlink": {
		Why: "carries bytes between nodes it is told of: who they are and what the bytes mean is decided above",
		Own: []string{"storage", "cluster/netlimit", "cluster/keys", "cluster/refusal"}, Third: []string{grpc},
		Test: []string{"actors/budget", rapid},
	},
	"cluster/keys": {
		Why:   "files and certificates; the ring of the gossip's keys is memberlist's type, and nothing else of it is known here",
		Third: []string{memberlist},
	},
	"cluster/refusal": {
		Why: "names what fails between nodes; what fails is the business of the rooms that note it",
		Own: []string{"cluster/keys", "cluster/netlimit"},
	},
	"cluster/netlimit": {
		Why: "stands before every port, the cluster's and the public one: it knows connections, and nothing of what is said on them",
	},
	"api": {
		Why: "ties the rooms of HTTP together: it calls an interface of its own and never a concrete store, so that a handler cannot reach past the engine",
		Own: []string{"actors", "actors/venue", "storage", "api/...", "cluster/netlimit"},
		Third: []string{
			fasthttp, prometheus, "github.com/prometheus/common", "github.com/prometheus/client_model", openapi,
		},
		Test: []string{
			"storage/onsale",
			"actors/bookingsearch", "actors/cancellation", "actors/feed", "actors/feed/mail",
			"actors/feed/mail/letter", "actors/feed/webhook",
			"actors/gate/bound", "actors/ticket", "actors/ticketing",
			"actors/budget", "actors/gate", "actors/gate/codebook", "actors/gate/draw", "actors/gate/place",
			"actors/pseudonym",
			"actors/section", "actors/checkout/sandbox", "storage/faultstore", "storage/memstore",
			"storage/pebblestore", rapid, chromedp,
			"actors/checkout/pending",
			"github.com/golang-jwt/jwt/v5", "golang.org/x/text/unicode/norm", compress,
			"github.com/alicebob/miniredis/v2",
		},
	},
	"api/problem": {
		Why: "the one table of codes stands below all rooms that say no: it knows the engine's conditions and no handler",
		Own: []string{
			"actors", "actors/gate", "actors/pseudonym", "actors/section", "actors/venue", "api/document", "api/wire",
			"storage", "storage/onsale",
		}, Third: []string{fasthttp},
		Test: []string{"actors/budget"},
	},
	"api/document": {
		Why:   "answers that many callers share: bytes, tags and caches, and nothing of what the bytes mean",
		Third: []string{fasthttp, compress},
	},
	"api/card": {
		Why: "what looks like a card's number must be judged alike at the server's door and in an import without a server",
		Own: []string{"api/problem", "api/wire"}, Third: []string{strictJSON}, Test: []string{"actors/budget", rapid},
	},
	"api/auth": {
		Why: "who a caller is, told from two headers: were a whole request in reach, a body could say so too",
		Own: []string{
			"actors/pseudonym", "actors/venue", "storage", "api/card", "api/problem", "api/token", "api/wire",
		},
		Third: []string{"github.com/golang-jwt/jwt/v5"},
	},
	"api/call": {
		Why: "one call as every handler gets it: it serves handlers and knows none of them",
		Own: []string{
			"actors", "actors/gate/place", "actors/price", "actors/pseudonym", "actors/section", "actors/trace",
			"actors/venue",
			"storage", "api/auth", "api/card", "api/document",
			"api/problem", "api/wire", "api/wire/pricing",
		},
		Third: []string{fasthttp, xxhash, strictJSON},
	},
	"api/listen": {
		Why: "connections and the heads of requests, before anybody knows what is asked for or who asks",
		Own: []string{"api/problem", "cluster/netlimit"}, Third: []string{fasthttp, prometheus},
	},
	"api/limit": {
		Why: "counts calls by whose they are: what a call does is its handler's business",
		Own: []string{"api/auth", "api/call", "api/listen", "api/problem", "api/wire"}, Third: []string{fasthttp},
		Test: []string{rapid},
	},
	"api/limit/redislimit": {
		Why: "the one place that knows a Redis: it is handed buckets, and never learns whose, or what for",
		Own: []string{"api/limit"}, Third: []string{"github.com/redis/go-redis/v9", prometheus},
		Test: []string{"actors/feed/redisstream/redistest", "github.com/alicebob/miniredis/v2"},
	},
	"api/proofofwork": {
		Why: "a puzzle and its proof: bytes, keys and numbers; the time and chance come in, and nothing is kept",
		Std: append([]string{"embed", "sync"}, pureStd...), Third: []string{fastjson},
	},
	"api/captcha": {
		Why: "asks strangers on the network about strangers: were the engine in reach, a slow answer could hold it up",
	},
	"api/wire/feeds": {Why: "types of how far those are who are told, for whoever speaks the API"},
	"api/wire/testclock": {
		Why: "types of the clock for tests, for whoever speaks the API", Own: []string{"api/wire"},
	},
	"api/wire/mails": {
		Why: "types of mails to buyers, for whoever speaks the API", Own: []string{"api/wire"},
	},
	"api/mails": {
		Why: "mails for operators: what is sent, and to whom, is the feed's",
		Own: []string{"actors", "actors/feed", "actors/feed/mail", "storage", "api/call", "api/problem", "api/wire",
			"api/wire/mails"},
	},
	"api/wire/hooks": {
		Why: "types of webhooks out, for whoever speaks the API", Own: []string{"api/wire"},
	},
	"api/hooks": {
		Why: "webhooks and changes for operators: what is told, and to whom, is the feed's",
		Own: []string{"actors", "actors/feed", "actors/feed/envelope", "actors/feed/webhook", "actors/section",
			"storage", "api/call", "api/problem", "api/wire", "api/wire/hooks"},
	},
	"api/contact": {
		Why: "how buyers are reached goes from the call into the store and back: it logs nothing, and knows no booking",
		Own: []string{"actors", "storage", "api/auth", "api/call", "api/catalog", "api/problem", "api/wire"},
	},
	"api/tickets/files": {
		Why:   "tickets as files, which the API and mails send: a function of tickets, without clock or chance",
		Own:   []string{"actors/money", "actors/ticketing", "storage"},
		Third: []string{qrcode, fpdf, golangICal, liberation},
		Test:  []string{"actors/booking", "actors/price", "storage/onsale"},
	},
	"api/tickets": {
		Why: "tickets are shown and scanned here; what one is worth is the engine's to say",
		Own: []string{
			"actors", "actors/money", "actors/section", "actors/section/entry", "actors/ticket", "actors/ticketing",
			"storage", "api/call", "api/document", "api/problem", "api/tickets/files", "api/wire", "api/wire/pricing",
			"api/wire/ticketing",
		},
		Third: []string{fasthttp},
	},
	"api/webhook": {
		Why: "takes signed hints of payment processors: who proves them, and what becomes of them, is behind an interface",
		Own: []string{"api/call", "api/limit", "api/problem"}, Third: []string{prometheus},
	},
	"api/meter": {
		Why:   "counts what was answered, and knows neither what was asked nor who asked: only its price matters",
		Third: []string{prometheus}, Test: []string{"github.com/prometheus/common"},
	},
	"api/live": {
		Why: "browsing shares nothing with booking but the projection, so that no reader slows a buyer (P9)",
		Own: []string{
			"actors", "actors/section", "storage", "api/call", "api/document", "api/limit", "api/problem", "api/wire",
			"api/live/fanout", "api/live/sse",
		},
		Third: []string{fasthttp, prometheus}, Test: []string{"actors/budget", "api/live/livetest", rapid},
	},
	"api/queue": {
		Why: "whoever waits is told, and signed for: nothing is decided here, and nobody is looked up for a poll",
		Own: []string{
			"actors/gate/bound",
			"actors", "actors/gate", "actors/gate/beacon", "actors/gate/codebook", "actors/gate/draw",
			"actors/gate/place", "actors/gate/position", "actors/gate/presale", "actors/section", "actors/venue",
			"storage", "api/call", "api/captcha", "api/catalog", "api/document", "api/limit", "api/live/fanout",
			"api/live/sse", "api/problem", "api/proofofwork", "api/queue/entry", "api/wire", "api/wire/drawproof",
			"api/wire/roomrules", "api/wire/waitingroom",
		},
		Third: []string{fasthttp, prometheus}, Test: []string{"actors/budget", rapid},
	},
	"api/wire/bookinglist": {
		Why: "the JSON of searches for bookings: a client needs it and no server", Own: []string{"api/wire"},
	},
	"api/wire/calledoff": {
		Why: "the JSON of events that are called off or put off: clients share it, and it knows nothing else",
		Own: []string{"api/wire/pay"},
	},
	"api/wire/pay": {
		Why: "the JSON of what goes back and of what a buyer has to do: clients share it, and it knows nothing else",
	},
	"api/wire/ticketing": {
		Why: "the JSON of tickets: clients and pages' tests share it, and it knows nothing else",
		Own: []string{"api/wire", "api/wire/pricing"}, Std: []string{},
	},
	"api/wire/pricing": {
		Why: "what prices are made of, in words: events and bookings hold these, so package wire stands above",
		Std: []string{"errors", "strconv"}, Third: []string{strictJSON},
	},
	"api/wire/roomrules": {
		Why: "what an event asks of joins, in words: events hold these, so package wire stands above",
		Std: []string{},
	},
	"api/queue/entry": {
		Why: "what a join must bring is judged before the gate is asked: events and bytes, and neither engine nor call",
		Own: []string{
			"actors/gate", "actors/gate/codebook", "actors/gate/place", "actors/gate/presale", "actors/section",
			"storage", "api/captcha", "api/problem", "api/proofofwork", "api/wire", "api/wire/waitingroom",
		},
		Third: []string{prometheus},
	},
	"api/live/fanout": {
		Why:   "tells thousands one thing: it knows connections and the processors' time, and no seat",
		Third: []string{compress, "golang.org/x/sys/unix"}, Test: []string{"actors/budget", rapid},
	},
	"api/live/sse": {
		Why: "how a request becomes a viewer of any stream: it knows limits and connections, no maps, no queues",
		Own: []string{
			"api/call", "api/document", "api/limit", "api/live/fanout", "api/problem", "api/wire", "storage",
		},
		Third: []string{fasthttp},
	},
	"api/live/livetest": {
		Why: "a client of streams for tests: it knows the wire only, so that it proves what a client could",
		Own: []string{"api/wire"},
	},
	"api/catalog": {
		Why: "events and plans: it browses and makes them, and books nothing",
		Own: []string{"api/wire/calledoff", "api/wire/pay", "storage/onsale",
			"actors/gate/bound",
			"actors", "actors/cancellation", "actors/money", "actors/price", "actors/pseudonym", "actors/section",
			"actors/venue", "storage",
			"api/call", "api/card", "api/document", "api/problem", "api/wire",
			"api/wire/pricing", "api/wire/roomrules",
		},
		Third: []string{fasthttp},
	},
	"api/booking": {
		Why: "the hot calls: a room so small that what a booking costs can be read in one sitting",
		Own: []string{
			"api/wire/pay",
			"actors", "actors/gate/place", "actors/section", "storage",
			"api/auth", "api/call", "api/card", "api/document", "api/problem", "api/wire",
			"api/wire/pay",
		},
		Test: []string{"actors/section/account"},
	},
	"api/payments": {
		Why: "operators' calls about open money: shown and asked again, and never set",
		Own: []string{
			"actors", "actors/checkout/pending", "actors/section", "actors/section/account", "api/call", "api/problem",
			"api/wire", "api/wire/pay",
		},
		Third: []string{fasthttp},
	},
	"api/bookinglist": {
		Why: "the calls of people who look for bookings: parameters in, a page out, and no search of its own",
		Own: []string{
			"actors", "actors/bookingsearch", "actors/section", "storage", "api/auth", "api/booking", "api/call",
			"api/document", "api/problem", "api/wire",
		},
		Third: []string{fasthttp},
	},
	"api/operate": {
		Why: "operators' calls about nodes and seats, and the log of who made them: nodes are seen through an " +
			"interface of its own",
		Own: []string{"actors", "actors/section", "actors/wallclock", "storage", "api/call", "api/card", "api/problem",
			"api/wire", "api/wire/feeds", "api/wire/testclock", "cluster/netlimit"},
		Third: []string{fasthttp, prometheus},
	},
	"api/consumer": {
		Why:  "what a shop's program takes events with, in its own module: the standard library and nothing of ours",
		Test: []string{rapid},
	},
	"api/clienttest": {
		Why:   "a module of its own: generators of clients, and what they bring along; it knows the API by its document only",
		Third: []string{"github.com/oapi-codegen/runtime"},
	},
	"api/wire": {
		Why: "what clients and the bench share: types and their JSON, nothing of the server",
		Own: []string{
			"api/wire/calledoff", "api/wire/feeds", "actors/nesting", "api/wire/pay", "api/wire/pricing",
			"api/wire/roomrules",
		},
		Third: []string{strictJSON, fastjson}, Test: []string{"actors/budget", rapid},
	},
	"api/wire/drawproof": {
		Why:  "what a stranger checks a draw with: a document and the draw's hashes, and nothing of who made it",
		Own:  []string{"actors/gate", "actors/gate/draw", "api/wire"},
		Test: []string{"github.com/santhosh-tekuri/jsonschema/v6"},
	},
	"api/wire/waitingroom": {
		Why: "what clients of waiting rooms and the bench share: types and their JSON, nothing of the server",
		Own: []string{"api/wire", "api/wire/roomrules"}, Test: []string{rapid},
	},
	"api/token": {
		Why:   "who a token is believed to be from: it must be readable alone, for whoever gets past it is a buyer",
		Third: []string{strictJSON, "github.com/golang-jwt/jwt/v5"},
	},
	"api/web": {
		Why: "pages are files in the binary",
		Test: []string{
			"api", "api/proofofwork", "api/wire", "api/wire/drawproof", "api/wire/pay", "api/wire/waitingroom",
			"api/wire/ticketing", "actors/...",
			"storage/...", "actors", "storage", chromedp, fasthttp, qrcode,
		},
	},
	"bench": {
		Why: "a map of the rooms, and no code: a load tool that imported the server would measure what it knows instead of what it sees",
	},
	"bench/load": {
		Why:   "sends bytes at moments and takes the time: what they mean is its caller's business",
		Third: []string{histogram, "golang.org/x/sys/unix"}, Test: []string{"actors/budget", fasthttp, rapid},
	},
	"bench/check/history": {
		Why:  "what was asked and answered, and what an answer is worth: who records must not need the judge, nor the judge who records",
		Test: []string{"actors/budget", rapid},
	},
	"bench/check": {
		Why: "judges what was recorded: a checker that knew the server or the load would believe one of them",
		Own: []string{
			"api/wire", "bench/check/history",
		}, Third: []string{porcupine}, Test: []string{"actors/budget", rapid},
	},
	"bench/check/admission": {
		Why: "judges waiting rooms from answers and logs: a rule shared with the gate would share its mistakes",
		Own: []string{"api/wire", "api/wire/waitingroom", "bench/check", "bench/check/history"},
	},
	"bench/report": {
		Why:   "figures in, pages out: it measures nothing",
		Third: []string{"gonum.org/v1/plot"}, Test: []string{rapid, chromedp, "codeberg.org/go-fonts/liberation"},
	},
	"bench/buyers": {
		Why: "buyers know the wire and what they were told; what a server is made of they never learn",
		Own: []string{"api/wire", "bench/load", "bench/check/history"}, Third: []string{"github.com/golang-jwt/jwt/v5"},
		Test: []string{rapid, fasthttp},
	},
	"bench/baselines": {
		Why:   "what we are compared with: baselines share the wire and none of our engine",
		Own:   []string{"api/wire", "storage/sqlstore/pgserver"},
		Third: []string{fasthttp, pgx, "github.com/redis/go-redis/v9", "golang.org/x/sync/errgroup"},
		Test:  []string{"bench/lab", "bench/load", "bench/check", "bench/check/history", rapid},
	},
	"bench/lab": {
		Why: "starts servers and talks to them by the wire: a server in reach could be believed instead of measured",
		Own: []string{
			"api/wire",
			"api/wire/roomrules",
			"bench/load",
			"bench/check/history",
			"bench/buyers",
		}, Third: []string{fasthttp},
		Test: []string{"bench/lab/labtest"},
	},
	"bench/lab/labtest": {
		Why: "servers in a test's own process, for the rooms above lab", Own: []string{"bench/lab", "bench/baselines"}, Third: []string{fasthttp},
	},
	"bench/run": {
		Why: "scenarios in rounds: it sees a server's wire and its processes, and nothing that the server is made of",
		Own: []string{
			"api/wire", "api/wire/waitingroom", "bench/load", "bench/check", "bench/check/admission",
			"bench/check/history", "bench/report", "bench/buyers", "bench/lab",
		},
		Test: []string{"bench/lab/labtest", fasthttp},
	},
	"bench/rig": {
		Why:  "one kind of request beside a server that repeats its answer: it knows the wire and no scenario",
		Own:  []string{"api/wire", "api/wire/waitingroom", "bench/load", "bench/report", "bench/lab"},
		Test: []string{"bench/lab/labtest", fasthttp},
	},
	"bench/capacity": {
		Why:  "a search over rounds of a run; what it searches in, it does not know",
		Own:  []string{"bench/load", "bench/report", "bench/buyers", "bench/lab", "bench/run"},
		Test: []string{"bench/lab/labtest", fasthttp, rapid},
	},
	"bench/growth": {
		Why:  "points of a curve, each a run of its own; neither knows what a server is made of",
		Own:  []string{"api/wire", "bench/load", "bench/report", "bench/buyers", "bench/lab", "bench/run"},
		Test: []string{"bench/lab/labtest"},
	},
	"bench/chaos": {
		Why: "breaks real servers under buyers, and judges: it knows the wire and who judges; were the server in reach, it could be believed",
		Own: []string{
			"api/wire", "bench/check", "bench/check/history", "bench/buyers", "bench/load", "bench/lab",
			"bench/chaos/testbed",
		},
		Test: []string{"actors/planted", "storage/sqlstore/pgserver", rapid},
	},
	"bench/chaos/testbed": {
		Why: "starts, kills, stops and cuts: it knows processes and how to start a database, and no seat",
		Own: []string{"bench/buyers", "bench/lab", "storage/sqlstore/pgserver"},
	},
	"cmd/holdfast-bench": {
		Why: "flags in, report out",
		Own: []string{
			"bench", "bench/...", "api/wire", "storage/sqlstore/pgserver",
		}, Third: []string{kong, "github.com/schollz/progressbar/v3", "golang.org/x/term"},
		Test: []string{"actors/planted"},
	},
	"cmd/planted": {
		Why: "writes what a build with planted bugs needs: it knows the patches, and nothing of what they break",
		Own: []string{"actors/planted"},
	},
	"cmd/tidy/testlog": {
		Why: "reads what tests say of themselves: were it one of them, it could not tell that they never began",
	},
	"cmd/tidy/vulnlog": {
		Why: "reads what the scanner says and knows nothing of what was scanned",
	},
	"cmd/tidy": {
		Why: "the housekeeper depends on nothing it checks",
	},
}

func init() { maps.Copy(walls, commandWalls) }
