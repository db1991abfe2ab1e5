package webhook

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"holdfast/actors/feed"
	"holdfast/actors/feed/envelope"
	"holdfast/actors/section"
	"holdfast/storage"
)

// inNode verifies with the reference library for JavaScript, which make packages installs.
const inNode = `
const { Webhook } = require(process.argv[1]);
const message = JSON.parse(require('fs').readFileSync(0));
for (const secret of message.secrets) {
  let said = 'yes';
  try { new Webhook(secret).verify(message.body, message.headers); } catch (e) { said = 'no'; }
  console.log(said);
}`

// inPython verifies by the specification, with nothing but Python's own library.
const inPython = `
import base64, hashlib, hmac, json, sys, time
message = json.load(sys.stdin)
head = {name.lower(): value for name, value in message["headers"].items()}
for secret in message["secrets"]:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = head["webhook-id"] + "." + head["webhook-timestamp"] + "." + message["body"]
    mac = base64.b64encode(hmac.new(key, signed.encode(), hashlib.sha256).digest()).decode()
    near = abs(time.time() - int(head["webhook-timestamp"])) < 300
    said = head["webhook-signature"].split()
    print("yes" if near and any(hmac.compare_digest(one, "v1," + mac) for one in said) else "no")
`

// TestSignaturesAreVerifiedInOtherLanguages: what receivers have is not our library.
func TestSignaturesAreVerifiedInOtherLanguages(t *testing.T) {
	library, err := filepath.Abs("../../../cmd/tools/npm/node_modules/standardwebhooks")
	if err != nil {
		t.Fatal(err)
	}
	for program, arguments := range map[string][]string{
		"node": {"-e", inNode, "--", library}, "python3": {"-c", inPython},
	} {
		t.Run(program, func(t *testing.T) {
			path, err := exec.LookPath(program)
			if err == nil && program == "node" {
				_, err = os.Stat(library)
			}
			if err != nil && os.Getenv("CI") == "" {
				t.Skipf("SIGNATURES ARE NOT VERIFIED IN %s (make packages): %v", program, err)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := verified(t, path, arguments, ""); got != "yes yes no" {
				t.Errorf("the new secret, the old one and a stranger's: %s", got)
			}
			if got := verified(t, path, arguments, "x"); got != "no no no" {
				t.Errorf("with another body: %s", got)
			}
		})
	}
}

// verified asks a program about a message, with something added to its body.
func verified(t *testing.T, path string, arguments []string, more string) string {
	t.Helper()
	fresh, old := secretOf([32]byte{1}, EndpointID{2}, 1), secretOf([32]byte{1}, EndpointID{2}, 0)
	record := envelope.Record{Key: storage.SectionKey{Event: storage.EventID{1}}, Kind: storage.EntryChanges, Seq: 4,
		At: section.Instant(time.Now().UnixMilli()), Changes: 1}
	e := envelope.Of(&record, 0, &section.Change{Kind: section.SeatsBlocked, Seats: []section.SeatIndex{0}}, nil,
		&envelope.Names{Sections: []string{"Ä"}, Seats: [][]string{{"Ä-1-1"}}})
	body := e.Append(nil)
	header := http.Header{}
	if err := sign(header, [][]byte{fresh, old}, e.ID, time.Now(), body); err != nil {
		t.Fatal(err)
	}
	flat := map[string]string{}
	for _, name := range []string{standardwebhooks.HeaderWebhookID, standardwebhooks.HeaderWebhookTimestamp,
		standardwebhooks.HeaderWebhookSignature} {
		flat[name] = header.Get(name)
	}
	message, err := json.Marshal(map[string]any{"body": string(body) + more, "headers": flat,
		"secrets": []string{SecretText(fresh), SecretText(old), SecretText([]byte("a stranger's secret"))}})
	if err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), path, arguments...)
	run.Stdin = bytes.NewReader(message)
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

var _ feed.Sink = (*target)(nil)
