package tidy

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// wall says what a folder may import. Standard library: everything, unless Std lists what is allowed.
type wall struct {
	Why   string
	Std   []string // nil: all of it
	Own   []string // folders of this module; "x/..." covers everything below
	Third []string // modules, by prefix
	Test  []string // what its tests may import besides: folders and modules
}

// pureStd is what the pure rooms may use: nothing that knows the time, draws lots, blocks, or touches the world.
var pureStd = []string{
	"bytes", "cmp", "container/heap", "crypto/sha256", "crypto/hmac", "crypto/subtle", "encoding/base64", "encoding/binary", "encoding/hex", "errors",
	"fmt", "hash", "hash/crc32", "hash/fnv", "hash/maphash", "iter", "maps", "math", "math/bits", "slices", "sort", "strconv", "strings",
	"unicode", "unicode/utf8",
}

const (
	kong       = "github.com/alecthomas/kong"
	pebble     = "github.com/cockroachdb/pebble/v2"
	compress   = "github.com/klauspost/compress"
	fasthttp   = "github.com/valyala/fasthttp"
	protoactor = "github.com/asynkron/protoactor-go"
	memberlist = "github.com/hashicorp/memberlist"
	grpc       = "google.golang.org/grpc"
	prometheus = "github.com/prometheus/client_golang"
	rapid      = "pgregory.net/rapid"
	porcupine  = "github.com/anishathalye/porcupine"
	chromedp   = "github.com/chromedp"
	openapi    = "github.com/getkin/kin-openapi"
	histogram  = "github.com/HdrHistogram/hdrhistogram-go"
	xxhash     = "github.com/cespare/xxhash/v2"
	strictJSON = "github.com/go-json-experiment/json"
	fastjson   = "github.com/valyala/fastjson"
	pgx        = "github.com/jackc/pgx/v5"
	cockroach  = "github.com/cockroachdb/cockroach-go/v2"
	toxiproxy  = "github.com/Shopify/toxiproxy/v2"
	zerolog    = "github.com/rs/zerolog"
	crdbParser = "github.com/cockroachdb/cockroachdb-parser"
)

// walls is the floor plan. A folder that is not here fails: a new room is a decision, made in this table with its
// reason.
var walls = map[string]wall{
	"actors/machine": {
		Why: "what a shard's pure state is to its writer: every machine imports it, so it may import none",
		Std: pureStd,
	},
	"actors/codec": {
		Why: "the parts that all durable encodings are made of: whatever is written by it must be read by it for ever",
		Std: pureStd,
	},
	"actors/section": {
		Why: "the pure room: replay must give the same seats for ever, so nothing here may know time, chance or the outside",
		Own: []string{"actors/machine", "actors/codec"}, Std: pureStd, Test: []string{"actors/budget", rapid},
	},
	"actors/writer": {
		Why: "makes any machine's decisions durable: it moves bytes, and of sections it knows the tickets that the second guard keeps",
		Own: []string{"actors/machine", "actors/section", "actors/witness", "storage"}, Test: []string{"storage/memstore", "storage/faultstore"},
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
		Std: pureStd, Test: []string{rapid},
	},
	"actors/venue": {
		Why: "plans are data: parsing them needs the core's types and nothing that runs",
		Own: []string{"actors/section", "actors/nesting", "actors/venue/labels", "actors/venue/planreader"}, Third: []string{strictJSON, "golang.org/x/text/unicode/norm"},
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
	"actors/coordinator": {
		Why: "what spans an event's sections: quota, keys, and which views a search may rest on; a rule that waited or " +
			"knew the time could not be simulated",
		Own:  []string{"actors/section", "storage"},
		Std:  append([]string{"sync"}, pureStd...),
		Test: []string{"actors/budget"},
	},
	"actors/placement": {
		Why: "rules and a directory of hearsay; authority is the log's alone, so nothing here may reach it",
		Own: []string{"actors/section", "storage"}, Std: append([]string{"sync/atomic"}, pureStd...),
	},
	"actors/peer": {
		Why: "what nodes say to each other: a simulator holds the same conversation in one goroutine, so nothing here " +
			"waits or knows the time",
		Own:  []string{"actors/section", "storage"},
		Std:  append([]string{"sync"}, pureStd...),
		Test: []string{"actors/budget"},
	},
	"actors/seatmap": {
		Why: "what the public sees of the seats: it shows durable records and grants nothing, so it knows no engine and no clock",
		Own: []string{"actors/section", "storage"}, Std: append([]string{"sync", "sync/atomic"}, pureStd...),
		Test: []string{"actors/budget"},
	},
	"actors/checkout": {
		Why: "payments know bookings and the log's words; they neither store nor serve",
		Own: []string{"actors/section", "storage"}, Test: []string{"storage/memstore", rapid},
	},
	"actors/checkout/sandbox": {
		Why: "a pretended processor stands outside: it knows the gateway port, and of storage only where books are kept; nothing of seats",
		Own: []string{"actors/checkout", "actors/nesting", "storage"}, Test: []string{"actors/budget"},
	},
	"actors/shard": {
		Why: "runs any machine's writer as an actor: what a section is to an event or to other nodes stays behind its Host",
		Own: []string{"actors/machine", "actors/writer", "actors/witness", "storage"}, Third: []string{protoactor},
		Test: []string{"actors/codec", "storage/memstore", "storage/faultstore"},
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
	"actors/audit": {
		Why: "the verifier reads a store through the port; trusting the engine it checks would make it worthless",
		Own: []string{"actors/section", "actors/money", "actors/venue", "storage"}, Test: []string{"storage/...", rapid, pebble},
	},
	"actors/views": {
		Why: "a projection reads the log through the port and writes tables nobody grants from: were the engine in reach, it could be asked",
		Own: []string{"actors/section", "actors/venue", "storage"}, Test: []string{"storage/sqlstore", "storage/sqlstore/pgtest", "github.com/jackc/pgx/v5"},
	},
	"actors/oplog": {
		Why: "turns lines into fewer and better ones for whoever is woken: it knows lines, and nothing of what they are about",
	},
	"actors": {
		Why: "actors say when: they see storage only through its port, and never who serves or who owns",
		Own: []string{
			"actors/machine", "actors/writer", "actors/shard", "actors/replica", "actors/section", "actors/gate", "actors/venue", "actors/checkout", "actors/coordinator", "actors/peer", "actors/placement",
			"actors/seatmap", "actors/booking", "actors/catalog", "actors/wallclock", "actors/witness", "storage",
		},
		Third: []string{protoactor, prometheus},
		Test: []string{
			"actors/budget", "actors/planted", "actors/oplog", "storage/memstore", "storage/faultstore", "storage/pebblestore", "storage/sqlstore", "storage/sqlstore/pgtest", "actors/audit",
			"actors/checkout/sandbox", rapid, porcupine, pebble, pgx, toxiproxy, histogram, xxhash,
			"cluster", // the simulator drives the very rules of hearts, leases and placement; a twin of them would prove nothing
		},
	},
	"storage": {
		Why: "the port speaks the core's words; whoever implements it must not need the engine",
		Own: []string{"actors/section", "actors/codec", "actors/gate", "actors/nesting"}, Third: []string{compress}, Test: []string{"actors/budget", rapid},
	},
	"storage/memstore": {
		Why: "the fake that everyone tests with: it must stay dumber than what it stands for",
		Own: []string{"actors/section", "storage"}, Test: []string{"actors/budget", "storage/storetest"},
	},
	"storage/faultstore": {
		Why: "wraps any store, so it may know none",
		Own: []string{"actors/section", "storage"}, Test: []string{"storage/storetest", "storage/memstore"},
	},
	"storage/pebblestore": {
		Why: "concrete stores never import each other: each must be replaceable alone",
		Own: []string{"actors/section", "storage"}, Third: []string{pebble, compress, prometheus}, Test: []string{"actors/budget", "storage/storetest", "storage/faultstore", rapid},
	},
	"storage/sqlstore": {
		Why: "concrete stores never import each other: each must be replaceable alone",
		Own: []string{"actors/section", "storage"}, Third: []string{pgx, cockroach, compress},
		Test: []string{"storage/storetest", "storage/faultstore", "storage/sqlstore/pgtest", toxiproxy, zerolog, prometheus, rapid},
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
		Own: []string{"actors/section", "storage"}, Third: []string{"golang.org/x/sync/errgroup"},
		Test: []string{"storage/memstore", "storage/pebblestore", "storage/sqlstore", "storage/sqlstore/pgtest"},
	},
	"storage/sqlstore/grammar": {
		Why:   "a module of its own, for CockroachDB's parser brings sixty modules along: it reads the store's .sql files and none of its code",
		Third: []string{crdbParser},
	},
	"storage/storetest": {
		Why: "one suite for every store: it sees the port only",
		Own: []string{"actors/section", "storage"}, Third: []string{rapid}, Test: []string{"storage/memstore", "storage/faultstore"},
	},
	"cluster": {
		Why:   "placement proposes, the log decides: the cluster needs section ids and peers, no seats",
		Own:   []string{"actors/section", "storage", "cluster/netlimit", "cluster/heartbeat", "cluster/keys", "cluster/refusal", "cluster/peerlink"},
		Third: []string{memberlist},
		Test:  []string{"actors/budget", "storage/memstore", "storage/faultstore", "storage/sqlstore", "storage/sqlstore/pgtest", toxiproxy, rapid},
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
		Why:   "ties the rooms of HTTP together: it calls an interface of its own and never a concrete store, so that a handler cannot reach past the engine",
		Own:   []string{"actors", "actors/venue", "storage", "api/...", "cluster/netlimit"},
		Third: []string{fasthttp, prometheus, "github.com/prometheus/common", "github.com/prometheus/client_model", openapi},
		Test: []string{
			"actors/budget", "actors/section", "actors/checkout/sandbox", "storage/memstore", "storage/pebblestore", rapid, chromedp,
			"github.com/golang-jwt/jwt/v5", "golang.org/x/text/unicode/norm", compress,
		},
	},
	"api/problem": {
		Why: "the one table of codes stands below all rooms that say no: it knows the engine's conditions and no handler",
		Own: []string{"actors", "actors/section", "actors/venue", "api/document", "api/wire"}, Third: []string{fasthttp},
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
		Why:   "who a caller is, told from two headers: were a whole request in reach, a body could say so too",
		Own:   []string{"actors", "actors/section", "actors/venue", "api/card", "api/problem", "api/token", "api/wire"},
		Third: []string{"github.com/golang-jwt/jwt/v5"},
	},
	"api/call": {
		Why:   "one call as every handler gets it: it serves handlers and knows none of them",
		Own:   []string{"actors", "actors/section", "actors/venue", "storage", "api/auth", "api/card", "api/document", "api/problem", "api/wire"},
		Third: []string{fasthttp, xxhash, strictJSON},
	},
	"api/listen": {
		Why: "connections and the heads of requests, before anybody knows what is asked for or who asks",
		Own: []string{"api/problem", "cluster/netlimit"}, Third: []string{fasthttp, prometheus},
	},
	"api/limit": {
		Why: "counts calls by whose they are: what a call does is its handler's business",
		Own: []string{"api/auth", "api/call", "api/listen", "api/problem", "api/wire"}, Third: []string{fasthttp},
	},
	"api/live": {
		Why:   "browsing shares nothing with booking but the projection, so that no reader slows a buyer (P9)",
		Own:   []string{"actors", "actors/section", "storage", "api/call", "api/document", "api/limit", "api/problem", "api/wire"},
		Third: []string{fasthttp, prometheus}, Test: []string{"actors/budget", "api/live/livetest"},
	},
	"api/live/livetest": {
		Why: "a client of streams for tests: it knows the wire only, so that it proves what a client could",
		Own: []string{"api/wire"},
	},
	"api/catalog": {
		Why: "events and plans: it browses and makes them, and books nothing",
		Own: []string{
			"actors", "actors/money", "actors/section", "actors/venue", "storage", "api/call", "api/card", "api/document", "api/problem", "api/wire",
		},
		Third: []string{fasthttp},
	},
	"api/booking": {
		Why: "the hot calls: a room so small that what a booking costs can be read in one sitting",
		Own: []string{"actors", "actors/section", "api/auth", "api/call", "api/card", "api/document", "api/problem", "api/wire"},
	},
	"api/operate": {
		Why:   "operators' calls about nodes and seats, and the log of who made them: nodes are seen through an interface of its own",
		Own:   []string{"actors", "storage", "api/call", "api/card", "api/problem", "api/wire", "cluster/netlimit"},
		Third: []string{fasthttp, prometheus},
	},
	"api/clienttest": {
		Why:   "a module of its own: generators of clients, and what they bring along; it knows the API by its document only",
		Third: []string{"github.com/oapi-codegen/runtime"},
	},
	"api/wire": {
		Why:   "what clients and the bench share: types and their JSON, nothing of the server",
		Own:   []string{"actors/nesting"},
		Third: []string{strictJSON, fastjson}, Test: []string{"actors/budget", rapid},
	},
	"api/token": {
		Why:   "who a token is believed to be from: it must be readable alone, for whoever gets past it is a buyer",
		Third: []string{strictJSON, "github.com/golang-jwt/jwt/v5"},
	},
	"api/web": {
		Why: "pages are files in the binary", Test: []string{"api", "api/wire", "actors/...", "storage/...", "actors", "storage", chromedp, fasthttp},
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
		Own: []string{"api/wire", "bench/check/history"}, Third: []string{porcupine}, Test: []string{"actors/budget", rapid},
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
		Own: []string{"api/wire", "bench/load", "bench/check/history", "bench/buyers"}, Third: []string{fasthttp},
		Test: []string{"bench/lab/labtest"},
	},
	"bench/lab/labtest": {
		Why: "servers in a test's own process, for the rooms above lab", Own: []string{"bench/lab", "bench/baselines"}, Third: []string{fasthttp},
	},
	"bench/run": {
		Why:  "scenarios in rounds: it sees a server's wire and its processes, and nothing that the server is made of",
		Own:  []string{"api/wire", "bench/load", "bench/check", "bench/check/history", "bench/report", "bench/buyers", "bench/lab"},
		Test: []string{"bench/lab/labtest", fasthttp},
	},
	"bench/rig": {
		Why:  "one kind of request beside a server that repeats its answer: it knows the wire and no scenario",
		Own:  []string{"api/wire", "bench/load", "bench/report", "bench/lab"},
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
		Why:  "breaks real servers under buyers, and judges: it knows the wire and who judges; were the server in reach, it could be believed",
		Own:  []string{"api/wire", "bench/check", "bench/check/history", "bench/buyers", "bench/load", "bench/lab", "bench/chaos/testbed"},
		Test: []string{"actors/planted", "storage/sqlstore/pgserver", rapid},
	},
	"bench/chaos/testbed": {
		Why: "starts, kills, stops and cuts: it knows processes and how to start a database, and no seat",
		Own: []string{"bench/buyers", "bench/lab", "storage/sqlstore/pgserver"},
	},
	"cmd/holdfast-bench": {
		Why: "flags in, report out",
		Own: []string{"bench", "bench/...", "api/wire", "storage/sqlstore/pgserver"}, Third: []string{kong, "github.com/schollz/progressbar/v3", "golang.org/x/term"},
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

func covers(pattern, target string) bool {
	if folder, deep := strings.CutSuffix(pattern, "/..."); deep {
		return strings.HasPrefix(target, folder+"/")
	}
	return pattern == target
}

func coversModule(pattern, target string) bool {
	return target == pattern || strings.HasPrefix(target, pattern+"/")
}

func allowed(w wall, test bool, target string) bool {
	if own, ours := strings.CutPrefix(target, module+"/"); ours {
		return slices.ContainsFunc(w.Own, func(p string) bool { return covers(p, own) }) ||
			test && slices.ContainsFunc(w.Test, func(p string) bool { return covers(p, own) })
	}
	if first, _, _ := strings.Cut(target, "/"); !strings.Contains(first, ".") {
		return w.Std == nil || test || slices.Contains(w.Std, target)
	}
	return slices.ContainsFunc(w.Third, func(p string) bool { return coversModule(p, target) }) ||
		test && slices.ContainsFunc(w.Test, func(p string) bool { return coversModule(p, target) })
}

func checkWalls(sources []*source) []string {
	var findings []string
	for _, s := range sources {
		w, known := walls[s.Folder]
		if !known {
			findings = append(findings, fmt.Sprintf("%s: folder %q is not on the floor plan; add it to walls with its reason, or put the file where it belongs", s.Path, s.Folder))
			continue
		}
		for target, pos := range s.imports() {
			own := strings.TrimPrefix(target, module+"/")
			external := s.Test && strings.HasSuffix(s.File.Name.Name, "_test") && own == s.Folder
			if !external && !allowed(w, s.Test, target) {
				findings = append(findings, fmt.Sprintf("%s: %s may not import %s: %s", s.at(pos), s.Folder, target, w.Why))
			}
		}
	}
	return findings
}

func TestFloorPlan(t *testing.T) {
	report(t, checkWalls(checkout(t)))
}

// topLevel is fixed: a stranger guesses the folders.
var topLevel = []string{"actors", "api", "bench", "cluster", "cmd", "storage", "go.mod", "go.sum", "Makefile", "README.md", "LICENSE"}

func TestTopLevelIsFixed(t *testing.T) {
	walkFiles(t, func(file string) {
		first, _, _ := strings.Cut(file, "/")
		if !strings.HasPrefix(first, ".") && !slices.Contains(topLevel, first) {
			t.Errorf("%s: %q does not belong at the top level", file, first)
		}
	})
}

func TestEveryWallHasAReason(t *testing.T) {
	for folder, w := range walls {
		if len(w.Why) < 20 {
			t.Errorf("wall of %s gives no reason", folder)
		}
		for _, own := range w.Own {
			if strings.HasPrefix(own, "cmd") && !strings.HasPrefix(folder, "cmd/holdfast") {
				t.Errorf("wall of %s allows %s: cmd is imported by nobody else", folder, own)
			}
		}
	}
}

func TestConcreteStoresStayApart(t *testing.T) {
	concrete := []string{"storage/memstore", "storage/pebblestore", "storage/sqlstore"}
	for _, folder := range concrete {
		for _, other := range concrete {
			if folder != other && allowed(walls[folder], false, path.Join(module, other)) {
				t.Errorf("%s may import %s", folder, other)
			}
		}
	}
}

func TestWallsFindPlantedViolations(t *testing.T) {
	runPlanted(t, []planted{
		{"clock in the core", "actors/section/a.go", "package section\nimport _ \"time\"\n", "may not import time"},
		{"chance in the core", "actors/section/a.go", "package section\nimport _ \"math/rand/v2\"\n", "may not import math/rand"},
		{"lock in the core", "actors/section/a.go", "package section\nimport _ \"sync\"\n", "may not import sync"},
		{"core uses library", "actors/section/a.go", "package section\nimport _ \"pgregory.net/rapid\"\n", "may not import pgregory"},
		{"core test may use it", "actors/section/a_test.go", "package section\nimport _ \"pgregory.net/rapid\"\n", ""},
		{"storage looks up", "storage/a.go", "package storage\nimport _ \"holdfast/actors\"\n", "may not import holdfast/actors"},
		{"store imports store", "storage/memstore/a.go", "package memstore\nimport _ \"holdfast/storage/pebblestore\"\n", "may not import holdfast/storage/pebblestore"},
		{"api reaches a store", "api/a.go", "package api\nimport _ \"holdfast/storage/pebblestore\"\n", "never a concrete store"},
		{"actors serve", "actors/a.go", "package actors\nimport _ \"github.com/valyala/fasthttp\"\n", "may not import github.com/valyala"},
		{"bench knows server", "bench/run/a.go", "package run\nimport _ \"holdfast/api\"\n", "may not import holdfast/api"},
		{"cmd imported", "api/a.go", "package api\nimport _ \"holdfast/cmd/holdfast\"\n", "may not import holdfast/cmd"},
		{"node reaches up", "cmd/holdfast/node/a.go", "package node\nimport _ \"holdfast/cmd/holdfast/clusterctl\"\n", "may not import holdfast/cmd/holdfast/clusterctl"},
		{"unknown folder", "utils/a.go", "package utils\n", "not on the floor plan"},
		{"name that only begins alike", "api/a.go", "package api\nimport _ \"github.com/valyala/fasthttpproxy\"\n", "may not import"},
		{"clean", "api/a.go", "package api\nimport (\n_ \"holdfast/actors\"\n_ \"net/http\"\n)\n", ""},
	}, checkWalls)
}
