package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/api/wire"
	"holdfast/cluster"
	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/clusterctl"
	"holdfast/cmd/holdfast/config"
	"holdfast/cmd/holdfast/testkit"
	"holdfast/storage/sqlstore/pgserver"
)

// drill is a cluster of real processes with keys, as an operator has one. What is done to it in a test is named after
// what must not happen.
type drill struct {
	folder, operator, secret string
	store                    string
	nodes                    []*drilled
	flags                    []string
}

// drilled is one of its processes.
type drilled struct {
	name, api, gossip, peer, keys string

	command *exec.Cmd
	ended   <-chan struct{}
	logFile string
}

// longDrill says that there is time: see make drills.
func longDrill() bool { return os.Getenv("HOLDFAST_DRILL") == "long" }

const drillKey = "the-key-of-the-drill-0123456789"

// newDrill plans a cluster of n1, n2 … on a database; nothing is started yet.
func newDrill(t *testing.T, store string, count int, flags ...string) *drill {
	t.Helper()
	d := &drill{folder: t.TempDir(), store: store, flags: flags}
	d.operator, d.secret = testkit.WriteFile(t, "operators", "drill="+drillKey),
		testkit.WriteFile(t, "secret", strings.Repeat("s", 32))
	var names []string
	for i := range count {
		port := func() string { return fmt.Sprint("127.0.0.1:", pgserver.FreePort()) }
		n := &drilled{name: fmt.Sprint("n", i+1), api: port(), gossip: port(), peer: port()}
		n.keys, n.logFile = filepath.Join(d.folder, n.name), filepath.Join(d.folder, n.name+".log")
		d.nodes, names = append(d.nodes, n), append(names, n.name)
	}
	all := d.makeKeys(t, "keys", names...)
	for _, n := range d.nodes {
		d.giveKeys(t, n, all)
	}
	return d
}

// makeKeys makes an authority of its own for some nodes.
func (d *drill) makeKeys(t *testing.T, folder string, names ...string) string {
	t.Helper()
	folder = filepath.Join(d.folder, folder)
	if err := cluster.MakeKeys(folder, names, time.Hour); err != nil {
		t.Fatal(err)
	}
	return folder
}

// giveKeys copies to a node's folder what is its own, or only some of these files.
func (d *drill) giveKeys(t *testing.T, n *drilled, from string, only ...string) {
	t.Helper()
	if len(only) == 0 {
		only = []string{"ca.pem", "gossip.key", n.name + ".pem", n.name + "-key.pem"}
	}
	if err := os.MkdirAll(n.keys, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range only {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(n.keys, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// start launches a node.
func (d *drill) start(t *testing.T, n *drilled) {
	t.Helper()
	args := []string{
		"serve", "--listen", n.api, "--node-name", n.name, "--gossip-listen", n.gossip, "--peer-listen", n.peer,
		"--cluster-keys", n.keys,
		"--jwt-hs256-secret-file", d.secret, "--operator-keys-file", d.operator, "--drain-wait", "0s",
	}
	for _, other := range d.nodes {
		args = append(args, "--join", other.gossip)
	}
	if _, known := reflect.TypeFor[config.Config]().FieldByName("PretendPayments"); known {
		args = append(args, "--pretend-payments")
	}
	log, err := os.OpenFile(n.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close() // the process keeps its own
	n.command = exec.Command(buildBinary(t), append(args, d.flags...)...)
	n.command.Env, n.command.Stdout, n.command.Stderr = environmentFor(d.store), log, log
	if n.ended, err = pgserver.Launch(n.command); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = n.command.Process.Kill() // it may have ended
		<-n.ended
		if t.Failed() {
			t.Logf("log of %s:\n%s", n.name, n.log())
		}
	})
}

func (n *drilled) log() string {
	text, err := os.ReadFile(n.logFile)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// open starts all nodes, with an event on sale, and waits until buyers may come to each.
func (d *drill) open(t *testing.T) {
	t.Helper()
	d.openSome(t, len(d.nodes))
}

// openSome starts the first nodes only, the first of all alone: it makes the schema.
func (d *drill) openSome(t *testing.T, count int) {
	t.Helper()
	for i, n := range d.nodes[:count] {
		d.start(t, n)
		if i == 0 {
			d.ready(t, n)
			d.importWide(t, n)
		}
	}
	for _, n := range d.nodes[:count] {
		d.ready(t, n)
	}
	for _, n := range d.nodes[:count] { // each has loaded the event and knows that the others have
		testkit.Eventually(t, "every section is served where it belongs, as "+n.name+" sees it", func() bool {
			s := d.seen(t, n)
			return len(s.Nodes) == count && s.Total == wideSections && s.Serving == s.Total && s.Misplaced == 0 &&
				!slices.ContainsFunc(s.Nodes, func(m wire.ClusterNode) bool { return m.State != "serving" })
		})
	}
}

func (d *drill) ready(t *testing.T, n *drilled) {
	t.Helper()
	testkit.Eventually(t, n.name+" is ready", func() bool { status, _ := n.readyz(); return status == http.StatusOK })
}

// readyz is what a balancer hears; 0: no answer.
func (n *drilled) readyz() (status int, text string) {
	client := &http.Client{Timeout: 5 * time.Second}
	response, err := client.Get("http://" + n.api + "/readyz")
	if err != nil {
		return 0, err.Error()
	}
	body, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(body)
}

func (d *drill) client(n *drilled) *client.Client {
	return &client.Client{Base: "http://" + n.api, Key: drillKey, HTTP: &http.Client{Timeout: 10 * time.Second}}
}

func (d *drill) keyFile(t *testing.T) string { return testkit.WriteFile(t, "key", drillKey) }

func (d *drill) importWide(t *testing.T, n *drilled) {
	t.Helper()
	var sections []string
	for i := range wideSections {
		sections = append(sections, fmt.Sprintf(`{"id":"S%d","category":"Stalls","rows":[{"label":"1","seats":%d}]}`, i,
			wideSeats))
	}
	plan := testkit.WriteFile(t, "wide.json", `{"sections":[`+strings.Join(sections, ",")+`]}`)
	code, out := tool(t, "import", "--url", "http://"+n.api, "--operator-key-file", d.keyFile(t), "--name", "May Day",
		"--starts-at", "2030-05-01T20:00:00Z", "--price", "*=2500", "--open", plan)
	if code != exitOK {
		t.Fatalf("import: %d %s", code, out)
	}
}

func (d *drill) seen(t *testing.T, n *drilled) *wire.Cluster {
	t.Helper()
	said := &wire.Cluster{}
	if err := d.client(n).Get(t.Context(), "/v1/cluster", said); err != nil {
		t.Fatal(err)
	}
	return said
}

// statusSaid is what holdfast cluster status said.
type statusSaid struct {
	code     int
	text     string
	Well     bool
	Troubles []clusterctl.Finding
}

func (v statusSaid) has(code string) bool {
	return slices.ContainsFunc(v.Troubles, func(f clusterctl.Finding) bool { return f.Code == code })
}

// status asks one node as an operator's script does.
func (d *drill) status(t *testing.T, i int, flags ...string) (v statusSaid) {
	t.Helper()
	args := append([]string{"cluster", "status", "--json", "--url", "http://" + d.nodes[i].api, "--operator-key-file",
		d.keyFile(t)}, flags...)
	v.code, v.text = tool(t, args...)
	if v.code == exitFailed {
		return v
	}
	if err := json.NewDecoder(bytes.NewBufferString(v.text)).Decode(&v); err != nil {
		t.Fatalf("%v\n%s", err, v.text)
	}
	if (v.code == exitOK) != v.Well || v.Well != (len(v.Troubles) == 0) {
		t.Errorf("exit code %d, and %s", v.code, v.text)
	}
	return v
}

// wants waits until status lists all of these troubles, each with words for people and the name of a node in them or
// beside them.
func (d *drill) wants(t *testing.T, i int, codes ...string) {
	t.Helper()
	var v statusSaid
	defer func() {
		if t.Failed() {
			t.Logf("at %s, last: exit code %d, %s", d.nodes[i].name, v.code, v.text)
		}
	}()
	testkit.Eventually(t, fmt.Sprintf("status at %s tells %v", d.nodes[i].name, codes), func() bool {
		v = d.status(t, i)
		return v.code == exitFindings && !slices.ContainsFunc(codes, func(code string) bool { return !v.has(code) })
	})
	for _, f := range v.Troubles {
		t.Logf("at %s: trouble: %s", d.nodes[i].name, f)
	}
}

// environmentFor is this process's environment without settings of a server, but for the database.
func environmentFor(store string) (all []string) {
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "HOLDFAST_") {
			all = append(all, variable)
		}
	}
	return append(all, "HOLDFAST_STORE="+store)
}
