package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"holdfast/cmd/holdfast/demo"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"

	"holdfast/storage"
)

// announced are the refusals that a document says its commands will meet.
var announced = map[string][]string{"api/README.md": {"/bookings 409", "/v1/cluster/rebalance 409"}}

// Kind: commands in the documentation that fail, or that fail when they are pasted again. Every shell block of every
// README runs twice against the demonstration, unless its first line says what it needs besides.
func TestReadmeBlocksRunTwice(t *testing.T) {
	for _, program := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("README'S COMMANDS ARE NOT TESTED: there is no %s here: %v", program, err)
		}
	}
	node := nodetest.Open(t, filepath.Join(t.TempDir(), "d"))
	defer nodetest.Close(t, node)
	shoppers, err := demo.Start(t.Context(), node.Engine(), 0, testkit.QuietLog())
	if err != nil {
		t.Fatal(err)
	}
	defer shoppers.Stop()
	show := node.Engine().Events()[0].ID
	ran := 0
	for _, b := range shellBlocks(t) {
		for pass := range 2 {
			statuses := runBlock(t, b.commands, "http://"+node.Addr())
			ran += len(statuses)
			var refused []string
			for _, s := range statuses {
				if !strings.Contains(s, " 2") {
					refused = append(refused, s)
				}
			}
			if len(statuses) == 0 || !slices.Equal(refused, announced[b.file]) {
				t.Errorf("%s, pass %d: %d requests, refused %q, want %q", b.file, pass+1, len(statuses), refused,
					announced[b.file])
			}
		}
	}
	if ran < 2*22 {
		t.Errorf("only %d requests: blocks have gone", ran)
	}
	if event, err := node.Engine().Event(show); err != nil || event.Sale != storage.SaleOpen {
		t.Errorf("the demonstration is left %v, %v", event.Sale, err)
	}
}

// shellBlock is a block of commands in a document.
type shellBlock struct{ file, commands string }

// needsMore begins a block that a test cannot run: what it needs follows.
const needsMore = "# needs "

var shellFence = regexp.MustCompile("(?ms)^```sh\n(.*?)^```")

// shellBlocks are those of all READMEs that need nothing but a server in dev mode.
func shellBlocks(t *testing.T) (blocks []shellBlock) {
	t.Helper()
	root := filepath.Join("..", "..")
	files, err := filepath.Glob(filepath.Join(root, "*", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range shellFence.FindAllStringSubmatch(string(text), -1) {
			needs, marked := strings.CutPrefix(found[1], needsMore)
			if line, _, _ := strings.Cut(needs, "\n"); marked && len(line) < 10 {
				t.Errorf("%s: a block is marked %q and does not say what it needs", name, needsMore+line)
			}
			if !marked {
				blocks = append(blocks, shellBlock{name, found[1]})
			}
		}
	}
	if len(blocks) < 2 {
		t.Fatalf("only %d blocks of commands", len(blocks))
	}
	return blocks
}

var eventInPath = regexp.MustCompile(`/v1/(events/[0-9a-f-]{36}|bookings/[a-z0-9]+)`)

// runBlock runs the commands as they stand and answers "path status" of each request, ids cut out.
func runBlock(t *testing.T, block, base string) (statuses []string) {
	t.Helper()
	const tell = "curl() { command curl -w '%{stderr}SAID %{url_effective} %{http_code}\\n' \"$@\"; }\n"
	command := exec.CommandContext(t.Context(), "bash", "-c", tell+block)
	command.Env = append(os.Environ(), "BASE="+base, "no_proxy=*")
	var out, said bytes.Buffer
	command.Stdout, command.Stderr = &out, &said
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%s\n%.2000s", err, &said, &out)
	}
	for line := range strings.Lines(said.String()) {
		text, found := strings.CutPrefix(strings.TrimSpace(line), "SAID "+base)
		if !found {
			t.Fatalf("bash says: %s", line)
		}
		statuses = append(statuses, eventInPath.ReplaceAllString(text, ""))
	}
	return statuses
}
