package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/cmd/holdfast/testkit"
)

// What a settings file says counts or is an error that names the setting: nothing is ignored, nothing is guessed.
func TestSettingsThatWouldBeGuessedAreRefused(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"null", "data:\n", "data is null"}, {"null by word", "data: null\n", "data is null"},
		{"null by sign", "data: ~\n", "data is null"},
		{"null in JSON", `{"request-timeout":null}`, "request-timeout is null"},
		{"null for a switch", "dev_auth:\n", "dev-auth is null"},
		{"twice", "inflight: 3\ninflight: 4\n", "inflight"},
		{"twice, spelt in two ways", "dev_auth: true\ndev-auth: false\n", "dev-auth is set twice"},
		{"twice in JSON", `{"inflight":1,"inflight":2}`, "inflight"},
		{"unknown", "requset_timeout: 3s\n", "did you mean request-timeout"},
		{"of another case", "Inflight: 3\n", "did you mean inflight"},
		{"a number for a folder", "data: 5\n", "data must not be a number"},
		{"a switch for a folder", "data: true\n", "data must be text"},
		{"a folder of two values", "data: [a, b]\n", "data must be one value"},
		{"an object for a folder", "data: {a: b}\n", "data must be one value"},
		{"words for a number", "inflight: many\n", "inflight"},
		{"a fraction for a whole number", "inflight: 1.5\n", "inflight"},
		{"a switch for a number", "inflight: true\n", "inflight"},
		{"a number for a switch", "dev_auth: 1\n", "dev-auth must not be a number"},
		{"words for a switch", "dev_auth: perhaps\n", "dev-auth"},
		{"no unit of time", "request_timeout: 5\n", "request-timeout"},
		{"words for a time", "request_timeout: soon\n", "request-timeout"},
		{"a word outside the list", "log-format: xml\n", "log-format"},
		{"an empty list", "join: []\n", "join is an empty list"}, {"a list of numbers", "join: [1]\n", "list of texts"},
		{"a list with a comma in it", "join: ['a:1,b:2']\n", "list of texts"},
		{"null in a list", "join: [null]\n", "list of texts"},
		{"an alias", "data: &a x\nstore: *a\n", "one value"}, {"a merge", "base: &b {data: x}\n<<: *b\n", "one word"},
		{"a list of settings", "- data: x\n", "one object"}, {"a word", "data\n", "one object"},
		{"two documents", "data: a\n---\ndata: b\n", "two documents"},
		{"endless", strings.Repeat("# much\n", 64<<10/7+1), "longer than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			into, err := parse(t, "serve", "--config", testkit.WriteFile(t, "f.yaml", c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("want %q, got %v (data %q)", c.want, err, into.Serve.Data)
			}
		})
	}
}

// What is meant is taken: quotes, comments, lists, JSON, numbers in their forms, and nothing at all.
func TestSettingsThatAreMeantCount(t *testing.T) {
	file := testkit.WriteFile(t, "f.yaml", "# a comment\ndata: '5'\ninflight: 0x10\ndev_auth: True\njoin: ['a:1', "+
		"'b:2']\njwt-issuer: box\ndrain_wait: 0s\nnode-name: 2030-01-01\n")
	into, err := parse(t, "serve", "--config", file)
	got := into.Serve.Config
	if err != nil || got.Data != "5" || got.Inflight != 16 || !got.DevAuth ||
		strings.Join(got.Join, " ") != "a:1 b:2" || got.JWTIssuer[0] != "box" ||
		got.DrainWait != 0 || got.NodeName != "2030-01-01" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, nothing := range []string{"", "# nothing\n", "{}"} {
		if _, err := parse(t, "serve", "--config", testkit.WriteFile(t, "f.yaml", nothing)); err != nil {
			t.Errorf("%q: %v", nothing, err)
		}
	}
}

// A settings file with a password is a secret's file.
func TestSettingsWithAPasswordAreHidden(t *testing.T) {
	for text, fine := range map[string]bool{"store: postgres://u:geheim@db/x\n": false,
		"store: postgres://u@db/x?password=geheim\n": false,
		"store: postgres://u@db/x\n":                 true, "data: x\n": true} {
		file := testkit.WriteFile(t, "f.yaml", text)
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := parse(t, "serve", "--config", file)
		if (err == nil) != fine || err != nil && (strings.Contains(err.Error(), "geheim") ||
			!strings.Contains(err.Error(), "chmod")) {
			t.Errorf("%s%v", text, err)
		}
	}
}

// A variable that no setting reads is an error that names the nearest one; what Kubernetes and the tests set is
// nobody's setting.
func TestUnknownVariablesAreRefused(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"HOLDFAST_INFLIHGT", "did you mean HOLDFAST_INFLIGHT"}, {"HOLDFAST_DEVAUTH", "did you mean HOLDFAST_DEV_AUTH"},
		{"HOLDFAST_JWT_SECRET_FILE", "did you mean HOLDFAST_JWT_HS256_SECRET_FILE"},
		{"HOLDFAST_XYZZY", "no setting is called HOLDFAST_XYZZY"},
		{"HOLDFAST_data", "no setting"}, {"HOLDFAST_", "no setting"},
		{"HOLDFAST_SERVICE_HOST", ""}, {"HOLDFAST_PORT", ""}, {"HOLDFAST_PORT_8080_TCP", ""},
		{"HOLDFAST_PORT_8080_TCP_ADDR", ""},
		{"HOLDFAST_SERVICE_PORT_HTTP", ""}, {"HOLDFAST_GOSSIP_PORT_7946_UDP_PROTO", ""}, {"HOLDFAST_SIM_SEED", ""},
		{"HOLDFAST_CRASH_SEED", ""},
		{"HOLDFAST", ""}, {"HOLDFASTER_X", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(c.name, "geheim")
			code, out := tool(t, "serve") // refused in any case, for want of a place
			if strings.Contains(out, "geheim") || code != exitFailed {
				t.Fatalf("%d %s", code, out)
			}
			if c.want == "" && !strings.Contains(out, "--data DIR or --store URL") || !strings.Contains(out, c.want) {
				t.Errorf("want %q, got %s", c.want, out)
			}
		})
	}
	t.Setenv("HOLDFAST_XYZZY", "1")
	if code, out := tool(t, "version"); code != exitOK {
		t.Errorf("version: %d %s", code, out)
	}
}

// A server for everybody who asks is reached by this machine only, unless somebody says that in so many words.
func TestDevAuthStaysOnThisMachine(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--listen", "127.0.0.1:0"}, ""}, {[]string{"--listen", "localhost:0"}, ""},
		{[]string{"--listen", "[::1]:0"}, ""},
		{[]string{"--listen", "0.0.0.0:0"}, "--dev-auth-anywhere"}, {[]string{"--listen", ":0"}, "--dev-auth-anywhere"},
		{[]string{"--listen", "10.1.2.3:80"}, "--dev-auth-anywhere"},
		{[]string{"--listen", "[::]:0", "--demo"}, "--dev-auth-anywhere"},
		{[]string{"--listen", "0.0.0.0:0", "--dev-auth-anywhere"}, ""},
	} {
		args := append([]string{"serve", "--data", filepath.Join(t.TempDir(), "d"), "--dev-auth"}, c.args...)
		into, err := parse(t, args...)
		if err == nil {
			err = into.Serve.Check()
		}
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: want %q, got %v", c.args, c.want, err)
		}
	}
}
