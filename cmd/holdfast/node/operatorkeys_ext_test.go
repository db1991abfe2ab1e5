package node_test

import (
	"net/http"
	"os"
	"testing"

	"holdfast/cmd/holdfast/client"
	"holdfast/cmd/holdfast/node"
	"holdfast/cmd/holdfast/nodetest"
	"holdfast/cmd/holdfast/testkit"
)

// TestAnOperatorsNewKeyCountsAtOnce on a server: it and the old one side by side, then it alone.
func TestAnOperatorsNewKeyCountsAtOnce(t *testing.T) {
	file := testkit.WriteFile(t, "operators", "ann=key-of-ann-0123456789")
	c := nodetest.Config(t.TempDir())
	c.OperatorKeysFile = file
	c.ScannersKeysFile = testkit.WriteFile(t, "scanners", "north=key-of-north-0123456789")
	node, err := node.Open(t.Context(), c, testkit.QuietLog(), node.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer nodetest.Close(t, node)
	may := func(key string) bool {
		return (&client.Client{Base: "http://" + node.Addr(), Key: key, HTTP: http.DefaultClient}).Get(t.Context(),
			"/v1/cluster", &struct{}{}) == nil
	}
	scanner := &client.Client{Base: "http://" + node.Addr(), Key: "key-of-north-0123456789", HTTP: http.DefaultClient}
	if err := scanner.Get(t.Context(), "/v1/tickets/keys", &struct{}{}); err != nil {
		t.Errorf("a scanner's key: %v", err)
	}
	if !may("key-of-ann-0123456789") || may("key-of-bob-0123456789") || may("dev") || may(scanner.Key) {
		t.Error("other keys count than those of the file")
	}
	for _, step := range []struct {
		text     string
		ann, bob bool
	}{
		{"ann=key-of-ann-0123456789\nbob=key-of-bob-0123456789", true, true},
		{"bob=key-of-bob-0123456789", false, true},
	} {
		if err := os.WriteFile(file, []byte(step.text), 0o600); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, "the new keys count", func() bool {
			return may("key-of-ann-0123456789") == step.ann && may("key-of-bob-0123456789") == step.bob
		})
	}
}
