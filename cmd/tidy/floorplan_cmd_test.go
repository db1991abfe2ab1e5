package tidy

// commandWalls are those of the server's command and of the rooms below it, a part of walls.
var commandWalls = map[string]wall{
	"cmd/holdfast": {
		Why: "cmd ties the knot: flags in, a room called, words out; it is imported by nobody",
		Own: []string{
			"api/wire/calledoff",
			"cmd/holdfast/...", "actors", "actors/audit", "actors/audit/reconcile", "actors/money", "actors/price",
			"actors/pseudonym", "actors/section", "actors/venue", "cluster", "storage", "storage/copier",
			"storage/sqlstore", "api/wire", "api/wire/drawproof", "api/wire/pricing", "api/wire/roomrules",
			"api/wire/waitingroom",
		},
		Third: []string{kong, "github.com/schollz/progressbar/v3"},
		Test: []string{
			"actors/...", "api/consumer", "api/proofofwork", "api/wire", "api/wire/bookinglist", "api/wire/pay",
			"storage/...",
			fasthttp, chromedp, pgx, toxiproxy, standardWebhooks,
			franz + "kfake", franz + "kgo",
			"golang.org/x/sys/unix",
		},
	},
	"cmd/holdfast/node": {
		Why: "a server as a value, which a test starts and stops: were it to know commands, it could not be had " +
			"without them",
		Own: []string{
			"cmd/holdfast/boundedjson", "cmd/holdfast/config", "cmd/holdfast/datafolder", "cmd/holdfast/feeding",
			"cmd/holdfast/keyfile", "cmd/holdfast/mailing", "cmd/holdfast/payment",
			"cmd/holdfast/terminal", "actors/...", "actors", "storage/...", "storage", "api/...", "api", "cluster",
			"cluster/netlimit",
		},
		Third: []string{prometheus, "github.com/KimMachineGun/automemlimit/memlimit"},
		Test: []string{
			"cmd/holdfast/client", "cmd/holdfast/nodetest", "cmd/holdfast/testkit", "go.yaml.in/yaml/v3", fasthttp,
		},
	},
	"cmd/holdfast/clusterctl": {
		Why: "looks at nodes from outside, as operators do: one that had a node in reach could ask what nobody else " +
			"can",
		Own: []string{
			"cmd/holdfast/client", "cmd/holdfast/config", "cmd/holdfast/pause", "cmd/holdfast/terminal", "api/wire",
			"storage/sqlstore", "storage/sqlstore/pgserver",
		},
	},
	"cmd/holdfast/storectl": {
		Why: "works on what is kept while nothing runs, or beside what runs: a node in reach would be trusted " +
			"instead of the logs",
		Own: []string{
			"cmd/holdfast/datafolder", "cmd/holdfast/keyfile", "cmd/holdfast/pause", "cmd/holdfast/terminal",
			"actors/...",
			"actors", "storage/...", "storage", "api/wire", "api/wire/waitingroom",
		},
		Test: []string{"cmd/holdfast/testkit"},
	},
	"cmd/holdfast/mailctl": {
		Why: "asks a server about mails: a store in reach would be read beside it",
		Own: []string{"cmd/holdfast/client", "cmd/holdfast/terminal", "api/wire/mails"},
	},
	"cmd/holdfast/mailing": {
		Why: "joins engine, mail server and mails: no other room sees all three",
		Own: []string{"actors", "actors/booking", "actors/feed", "actors/feed/mail", "actors/feed/mail/smtp",
			"actors/pseudonym", "actors/section", "actors/ticketing", "api/tickets/files", "cmd/holdfast/config",
			"cmd/holdfast/keyfile", "storage"},
		Third: []string{"github.com/prometheus/client_golang"},
		Test:  []string{"actors/feed/mail/smtptest", "cmd/holdfast/nodetest", "cmd/holdfast/testkit"},
	},
	"cmd/holdfast/feeding": {
		Why: "opens topics and streams by addresses, in a node or beside it: an engine in reach could be waited for",
		Own: []string{"actors/feed", "actors/feed/kafka", "actors/feed/redisstream", "actors/section",
			"cmd/holdfast/datafolder", "cmd/holdfast/keyfile", "cmd/holdfast/terminal", "storage",
			"storage/pebblestore", "storage/sqlstore"},
		Test: []string{"actors/feed/feedtest", "api/consumer", "api/wire", "cmd/holdfast/nodetest",
			"cmd/holdfast/testkit", "storage/sqlstore/pgtest", franz + "kfake", franz + "kgo"},
	},
	"cmd/holdfast/hooksctl": {
		Why: "asks a server about webhooks and changes, and brings them to this machine: a store in reach would be " +
			"read beside it",
		Own: []string{
			"cmd/holdfast/client", "cmd/holdfast/terminal", "api/wire", "api/wire/hooks", "api/wire/testclock",
		},
		Third: []string{standardWebhooks},
	},
	"cmd/holdfast/paymentsctl": {
		Why: "shows what a server or a log says of money: a processor in reach could be asked beside it, and nobody " +
			"would log the answer",
		Own: []string{
			"cmd/holdfast/client", "cmd/holdfast/storectl", "cmd/holdfast/terminal", "actors/checkout/pending",
			"actors/money", "api/payments", "api/wire/pay",
		},
	},
	"cmd/holdfast/deskctl": {
		Why: "shows what a running server finds: a store in reach would be searched beside it, and say something else",
		Own: []string{
			"cmd/holdfast/client", "cmd/holdfast/flagvalue", "cmd/holdfast/terminal", "actors/money", "api/catalog",
			"api/wire", "api/wire/bookinglist",
		},
	},
	"cmd/holdfast/ticketsctl": {
		Why: "asks a running server about tickets: a store in reach could be asked for its keys instead",
		Own: []string{
			"cmd/holdfast/client", "cmd/holdfast/terminal", "api/wire", "api/wire/ticketing",
		},
	},
	"cmd/holdfast/drawctl": {
		Why: "checks a draw as a stranger would: a store or a server in reach could be believed instead",
		Own: []string{
			"cmd/holdfast/terminal", "actors/gate", "actors/gate/audit", "actors/gate/beacon", "actors/gate/draw",
			"api/wire", "api/wire/drawproof", "storage",
		},
	},
	"cmd/holdfast/eventctl": {
		Why: "what a server would refuse is refused without one: it needs the API's rules and an engine, and no node",
		Own: []string{
			"api/wire/calledoff",
			"cmd/holdfast/client", "cmd/holdfast/datafolder", "cmd/holdfast/terminal", "actors", "actors/section",
			"actors/price", "actors/pseudonym", "api/call", "api/card", "api/catalog", "api/contact",
			"api/wire/pricing", "api/wire/roomrules", "api/wire/waitingroom", "actors/venue", "api", "storage",
			"storage/pebblestore",
		},
	},
	"cmd/holdfast/config": {
		Why: "what can be set, and what cannot work: it opens nothing, so that a mistake is told before anything " +
			"has begun",
		Own: []string{"cmd/holdfast/keyfile", "cmd/holdfast/terminal", "actors/feed/kafka", "actors/feed/redisstream",
			"actors/nesting", "api", "api/limit",
			"api/limit/redislimit", "cluster"},
		Third: []string{kong, "go.yaml.in/yaml/v3"}, Test: []string{"actors/budget"},
	},
	"cmd/holdfast/demo": {
		Why: "simulated buyers call the engine; they know neither the node nor the API, and measure nothing",
		Own: []string{
			"cmd/holdfast/pause", "actors", "actors/gate", "actors/gate/place", "actors/price", "actors/section",
			"actors/venue", "storage",
		},
		Test: []string{"cmd/holdfast/node", "cmd/holdfast/nodetest", "cmd/holdfast/testkit"},
	},
	"cmd/holdfast/client": {
		Why: "speaks to a server as anybody could: it knows the wire, and nothing of what a server is made of",
		Own: []string{"cmd/holdfast/boundedjson", "cmd/holdfast/keyfile"},
	},
	"cmd/holdfast/datafolder": {
		Why: "node and commands open one folder by one rule: it may know neither",
		Own: []string{
			"cmd/holdfast/terminal", "actors", "actors/checkout/sandbox", "actors/wallclock", "actors/witness",
			"storage", "storage/pebblestore",
		},
	},
	"cmd/holdfast/flagvalue": {
		Why: "values of flags that kong does not know: it reads texts, and knows no command", Third: []string{kong},
	},
	"cmd/holdfast/keyfile": {
		Why: "reads secrets, and is to be read alone: whoever gets past it is an operator, a buyer or a node",
		Own: []string{"actors/venue"}, Test: []string{"cmd/holdfast/testkit"},
	},
	"cmd/holdfast/payment": {
		Why: "opens the processor that was chosen, and takes its webhooks: it knows every adapter, and no engine but its ids",
		Own: []string{
			"actors", "actors/checkout/processor", "actors/checkout/sandbox", "actors/checkout/sandbox/remote",
			"actors/checkout/stripe", "api", "api/webhook", "cmd/holdfast/config", "cmd/holdfast/datafolder",
			"cmd/holdfast/keyfile", "cmd/holdfast/sandboxd", "storage",
		},
		Test: []string{"cmd/holdfast/testkit", "storage"},
	},
	"cmd/holdfast/sandboxd": {
		Why:  "the sandbox as a process, and the page that a server shows of its own: it knows no engine",
		Own:  []string{"actors/checkout/sandbox", "actors/checkout/sandbox/remote", "cmd/holdfast/keyfile"},
		Test: []string{"actors/checkout/processor", "cmd/holdfast/testkit"},
	},
	"cmd/holdfast/terminal": {
		Why:   "words for people: it knows how they are written and not what they are about",
		Own:   []string{"actors/oplog", "storage"},
		Third: []string{"github.com/schollz/progressbar/v3", "golang.org/x/term"},
	},
	"cmd/holdfast/boundedjson": {
		Why: "bounds what any process is told by another, so it may know none of them",
		Own: []string{"actors/nesting"},
	},
	"cmd/holdfast/pause": {
		Why: "waits, for whomever: it knows nothing but the time",
	},
	"cmd/holdfast/nodetest": {
		Why: "opens nodes for tests, and is no part of what is shipped",
		Own: []string{
			"cmd/holdfast/config", "cmd/holdfast/demo", "cmd/holdfast/node", "cmd/holdfast/testkit",
		},
	},
	"cmd/holdfast/testkit": {
		Why: "files, requests and waiting, for the tests of every room here, so it may know none of them",
		Own: []string{"storage/sqlstore/pgserver"},
	},
}
