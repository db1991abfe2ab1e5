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

	"holdfast/storage"
)

// announced are the refusals that README's block says it will meet.
var announced = []string{"/bookings 409", "/v1/cluster/rebalance 409"}

// Kind: commands in the documentation that fail, or that fail when they are pasted again. The block runs twice against
// the demonstration.
func TestReadmeBlockRunsTwice(t *testing.T) {
	for _, program := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("README'S COMMANDS ARE NOT TESTED: there is no %s here: %v", program, err)
		}
	}
	node := openNode(t, filepath.Join(t.TempDir(), "d"))
	defer closeNode(t, node)
	demo, err := startDemo(t.Context(), node.Engine(), 0, quietLog())
	if err != nil {
		t.Fatal(err)
	}
	defer demo.stop()
	block := readmeBlock(t)
	for pass := range 2 {
		statuses := runBlock(t, block, "http://"+node.Addr())
		var refused []string
		for _, s := range statuses {
			if !strings.Contains(s, " 2") {
				refused = append(refused, s)
			}
		}
		if len(statuses) < 20 || !slices.Equal(refused, announced) {
			t.Errorf("pass %d: %d requests, refused %q, want %q", pass+1, len(statuses), refused, announced)
		}
	}
	if event, err := node.Engine().Event(demo.event); err != nil || event.Sale != storage.SaleOpen {
		t.Errorf("the demonstration is left %v, %v", event.Sale, err)
	}
}

// readmeBlock is the block of commands under "The API in five minutes".
func readmeBlock(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "## The API in five minutes")
	_, after, found := strings.Cut(after, "```sh\n")
	block, _, closed := strings.Cut(after, "```\n")
	if !found || !closed {
		t.Fatal("README has no block of commands there")
	}
	return block
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
