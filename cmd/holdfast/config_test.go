package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"holdfast/cmd/holdfast/testkit"
)

// parse runs the command line up to, and without, the command itself.
func parse(t *testing.T, args ...string) (*commands, error) {
	t.Helper()
	var into commands
	parser, err := newParser(&into, &bytes.Buffer{}, &bytes.Buffer{}, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(args)
	return &into, err
}

func TestFlagWinsOverEnvironmentOverFileOverDefault(t *testing.T) {
	file := testkit.WriteFile(t, "holdfast.yaml", "listen: 127.0.0.1:1\nrequest_timeout: 1s\nlog-level: "+
		"warn\ninflight: 7\ndev-auth: true\n")
	t.Setenv("HOLDFAST_LISTEN", "127.0.0.1:2")
	t.Setenv("HOLDFAST_REQUEST_TIMEOUT", "2s")
	into, err := parse(t, "serve", "--config", file, "--listen", "127.0.0.1:3")
	if err != nil {
		t.Fatal(err)
	}
	got := into.Serve.Config
	if got.Listen != "127.0.0.1:3" {
		t.Errorf("flag lost: %s", got.Listen)
	}
	if got.RequestTimeout != 2*time.Second {
		t.Errorf("environment lost: %s", got.RequestTimeout)
	}
	if got.LogLevel != "warn" || got.Inflight != 7 || !got.DevAuth {
		t.Errorf("file lost: %+v", got)
	}
	if got.LogFormat != "text" || got.ShutdownTimeout != 25*time.Second || got.DrainWait != 300*time.Millisecond {
		t.Errorf("default lost: %+v", got)
	}
}

func TestSettingsFileMayBeJSON(t *testing.T) {
	file := testkit.WriteFile(t, "holdfast.json", `{"inflight": 9, "data": "somewhere"}`)
	into, err := parse(t, "serve", "--config", file)
	if err != nil || into.Serve.Inflight != 9 || into.Serve.Data != "somewhere" {
		t.Errorf("%+v, %v", into.Serve.Config, err)
	}
}

func TestSettingsFileFromTheEnvironment(t *testing.T) {
	t.Setenv("HOLDFAST_CONFIG", testkit.WriteFile(t, "holdfast.yaml", "inflight: 11\n"))
	into, err := parse(t, "serve")
	if err != nil || into.Serve.Inflight != 11 {
		t.Errorf("inflight %d, %v", into.Serve.Inflight, err)
	}
}

func TestBadSettingsAreRefused(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown", "inflihgt: 3\n", `no setting "inflihgt"`},
		{"list", "inflight: [1, 2]\n", "one value"},
		{"wrong type", "inflight: many\n", "inflight"},
		{"no YAML", "{{{\n", "neither JSON nor YAML"},
		{"deep", "a: " + strings.Repeat("[", 17), "deeper than 16 levels, at byte 19"},
		{"long", "# " + strings.Repeat("x", 64<<10), "longer than 65536 bytes"},
		{"aliases of aliases", "a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c " +
			"[*b,*b,*b,*b,*b,*b,*b,*b,*b]\n" +
			"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
			`no setting "a"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(t, "serve", "--config", testkit.WriteFile(t, "f.yaml", c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("want %q, got %v", c.want, err)
			}
		})
	}
}

// cannotWork are settings that contradict each other, or lack something, and some that are fine.
var cannotWork = []struct {
	name string
	args []string
	want string // empty: fine
}{
	{"nothing", nil, "--data DIR or --store URL is needed"},
	{"a database", []string{"--store", "postgres://holdfast@db/holdfast", "--dev-auth"}, ""},
	{"a database by its other name", []string{"--store", "postgresql://holdfast@db/holdfast", "--dev-auth"}, ""},
	{"demonstration on a database", []string{"--store", "postgres://db/holdfast", "--demo"}, ""},
	{"two places", []string{"--store", "postgres://db/holdfast", "--data", "d", "--dev-auth"},
		"exclude each other: bookings are kept in one place"},
	{"a database in the place of a folder", []string{"--data", "postgres://u:p@db/holdfast", "--dev-auth"},
		"goes into --store"},
	{"another kind of store", []string{"--store", "mysql://x", "--dev-auth"}, "must begin with postgres://"},
	{"no connections", []string{"--store", "postgres://db/h", "--dev-auth", "--store-connections", "-1"},
		"--store-connections"},
	{"no time for the database", []string{"--store", "postgres://db/h", "--dev-auth", "--store-timeout", "1ms"},
		"--store-timeout"},
	{"no authentication", []string{"--data", "d"}, "who may buy is not configured"},
	{"dev", []string{"--data", "d", "--dev-auth"}, ""},
	{"payments pretended without a word", []string{"--data", "d", "--jwt-hs256-secret-file", "f"},
		"say --pretend-payments"},
	{"payments pretended on a database", []string{"--store", "postgres://db/h", "--jwt-jwks-file", "f"},
		"say --pretend-payments"},
	{"payments pretended, said so", []string{"--data", "d", "--jwt-hs256-secret-file", "f", "--pretend-payments"},
		""},
	{"dev in a cluster with keys", []string{"--store", "postgres://db/h", "--dev-auth", "--join", "a:1",
		"--cluster-keys", "k"},
		"--dev-auth in a cluster with keys"},
	{"dev anywhere in a cluster with keys", []string{"--store", "postgres://db/h", "--dev-auth",
		"--dev-auth-anywhere", "--gossip-listen", "127.0.0.1:0",
		"--cluster-keys", "k"}, "--dev-auth in a cluster with keys"},
	{"a demonstration in a cluster with keys", []string{"--store", "postgres://db/h", "--demo", "--join", "a:1",
		"--cluster-keys", "k"},
		"--dev-auth in a cluster with keys"},
	{"demo implies dev", []string{"--demo"}, ""},
	{"real and dev", []string{"--data", "d", "--dev-auth", "--jwt-hs256-secret-file", "f"}, "exclude each other"},
	{"a cluster on the embedded store", []string{"--data", "d", "--dev-auth", "--join", "a:1"},
		"a cluster needs a database that all nodes share"},
	{"a cluster without keys", []string{"--store", "postgres://db/h", "--dev-auth", "--join", "a:1"},
		"--cluster-keys DIR is needed"},
	{"a cluster to try out", []string{"--store", "postgres://db/h", "--dev-auth", "--join", "127.0.0.1:1",
		"--insecure"}, ""},
	{"a node's name that clears the screen", []string{"--data", "d", "--dev-auth", "--node-name", "n\x1b[2J"},
		"--node-name"},
	{"limits in a Redis", []string{"--data", "d", "--dev-auth", "--redis", "redis://a"}, ""},
	{"limits in something else", []string{"--data", "d", "--dev-auth", "--redis", "mysql://u:geheim@a"},
		"--redis: is no"},
	{"less than a call a week", []string{"--data", "d", "--dev-auth", "--event-rate", "1e-9"},
		"--event-rate must be 0"},
	{"a proxy by the flag's other name", []string{"--data", "d", "--dev-auth", "--trusted-proxy", "10.0.0.0/8,proxy"},
		"--trusted-proxies"},
	{"no room", []string{"--data", "d", "--dev-auth", "--inflight", "0"}, "--inflight"},
	{"no time", []string{"--data", "d", "--dev-auth", "--request-timeout", "1ms"}, "--request-timeout"},
	{"fewer processors than none", []string{"--data", "d", "--dev-auth", "--processors=-1"}, "--processors must be 1"},
	{"more processors than there are anywhere", []string{"--data", "d", "--dev-auth", "--processors", "1025"},
		"--processors must be 1"},
	{"processors as Go finds them", []string{"--data", "d", "--dev-auth", "--processors", "0"}, ""},
	{"the most processors", []string{"--data", "d", "--dev-auth", "--processors", "1024"}, ""},
	{"drain as long as the stop", []string{"--data", "d", "--dev-auth", "--drain-wait", "25s"},
		"--shutdown-timeout (25s)"},
	{"drain of no length", []string{"--data", "d", "--dev-auth", "--drain-wait", "-1s"}, "--drain-wait"},
	{"simulated buyers in real life", []string{"--data", "d", "--dev-auth", "--demo-buyers", "3"},
		"--demo-buyers needs --demo"},
	{"no limits", []string{"--data", "d", "--dev-auth", "--buyer-rate", "0", "--address-rate", "0",
		"--streams-per-address", "0"}, ""},
	{"a rate below nothing", []string{"--data", "d", "--dev-auth", "--buyer-rate", "-1"}, "--buyer-rate"},
	{"a rate that is none", []string{"--data", "d", "--dev-auth", "--global-rate", "NaN"}, "--global-rate"},
	{"a proxy by name", []string{"--data", "d", "--dev-auth", "--trusted-proxies", "10.0.0.0/8,proxy"},
		"--trusted-proxies"},
	{"an address for a network", []string{"--data", "d", "--dev-auth", "--trusted-proxies",
		"10.0.0.1,2001:db8::/32"}, ""},
	{"nothing uncounted", []string{"--data", "d", "--dev-auth", "--uncounted-addresses", "none"}, ""},
	{"polls of nobody", []string{"--data", "d", "--dev-auth", "--queue-polls-per-second", "0"},
		"--queue-polls-per-second"},
	{"no port", []string{"--data", "d", "--dev-auth", "--listen", "127.0.0.1"}, "--listen"},
}

func TestServeSaysWhatCannotWork(t *testing.T) {
	for _, c := range cannotWork {
		t.Run(c.name, func(t *testing.T) {
			into, err := parse(t, append([]string{"serve"}, c.args...)...)
			if err == nil {
				err = into.Serve.Check()
			}
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("want %q, got %v", c.want, err)
			}
		})
	}
}

// TestAddressesAreNeverRepeated: an address may hold a password, and errors end up in logs.
func TestAddressesAreNeverRepeated(t *testing.T) {
	for _, address := range []string{"mysql://u:geheim@db/x", "postgres://u:geheim@db:notaport/x",
		"postgres://u:geheim@127.0.0.1:1/x", "postgres://u:ge heim@/%zz"} {
		code, out := tool(t, "serve", "--dev-auth", "--listen", "127.0.0.1:0", "--store", address)
		if code != exitFailed || strings.Contains(out, "heim") {
			t.Errorf("%s: %d %s", address, code, out)
		}
	}
	for _, args := range [][]string{{"--redis", "redis://u:geheim@db:notaport/"}, {"--redis", "redis://u:geheim@[::1"},
		{"--redis", "redis://u:geheim@db/zehn"}, {"--data", "postgres://u:geheim@db/x"}} {
		if code, out := tool(t, append([]string{"serve", "--dev-auth", "--listen", "127.0.0.1:0"},
			args...)...); code != exitFailed || strings.Contains(out, "heim") {
			t.Errorf("%v: %d %s", args, code, out)
		}
	}
}

func TestTheDatabaseMayComeFromTheEnvironment(t *testing.T) {
	t.Setenv("HOLDFAST_STORE", "postgres://holdfast@db/holdfast")
	into, err := parse(t, "serve", "--demo", "--no-migrate", "--store-connections", "7")
	if err == nil {
		err = into.Serve.Check()
	}
	got := into.Serve.Config
	if err != nil || got.Store != "postgres://holdfast@db/holdfast" || got.Data != "" || got.Migrate ||
		got.StoreConnections != 7 || got.StoreTimeout != 2*time.Second {
		t.Errorf("%+v, %v", got, err)
	}
	if into, err = parse(t, "serve", "--demo"); err != nil || !into.Serve.Migrate {
		t.Errorf("the schema is migrated unless told otherwise: %+v, %v", into.Serve.Config, err)
	}
}

func TestDemoDoesNotWeakenRealAuthentication(t *testing.T) {
	into, err := parse(t, "serve", "--demo", "--jwt-hs256-secret-file", "f")
	if err != nil {
		t.Fatal(err)
	}
	if err := into.Serve.Check(); err != nil || into.Serve.DevAuth {
		t.Errorf("dev-auth %v, %v", into.Serve.DevAuth, err)
	}
}

func TestAStrayAddressIsToldWithoutItsPassword(t *testing.T) {
	for _, args := range [][]string{
		{"serve", "postgres://holdfast:s3cret@db.example/seats"},
		{"views", "--strange=postgres://holdfast:s3cret@db.example/seats"},
		{"postgres://holdfast:s3cret@db.example/seats?sslmode=verify-full"},
		{"copy", "--from", "pebble:x", "postgres://db.example/seats?password=s3cret"},
	} {
		if code, out := tool(t, args...); code != exitFailed || strings.Contains(out, "s3cret") {
			t.Errorf("%q: %d %s", args, code, out)
		}
	}
}
