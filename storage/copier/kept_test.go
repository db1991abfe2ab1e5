package copier_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"holdfast/storage"
	"holdfast/storage/copier"
)

// kept are all places in which a store keeps something, each with the word that its content begins with in inventory,
// which the tests of this package compare on both sides; or, in brackets, why a copy leaves the place out.
var kept = map[string]string{
	// tables
	"section_log": "event ", "tickets": " ticket ", "snapshots": " snapshot ", "snapshot_parts": " snapshot ",
	"events": "event ", "venue_parts": "the venue of ", "store_meta": "secret ", "sandbox_payments": "payment ",
	"operator_keys": "operator's key ", "event_keys": ", key ", "contacts": "contact ", "payment_cursors": "cursor ",
	"feed_items": "item ", "ticket_keys": "ticket key ",
	"nodes":        "[who is alive, and nobody moves along]",
	"people":       "[a projection: holdfast views makes it anew]",
	"schema_steps": "[what the table's own store was migrated by]",

	// key spaces of the embedded store, and its folders
	"prefixLog": "event ", "prefixTicket": " ticket ", "prefixSnapshot": " snapshot ", "prefixEvent": "event ",
	"prefixVenue": "the venue of ", "prefixMeta": "secret ", "prefixOperator": "operator's key ",
	"prefixKeyAge": "operator's key ", "prefixNode": "[who is alive, and nobody moves along]",
	"prefixFeed": "item ", "prefixTicketKey": "ticket key ",
	"eventKeysFolder": ", key ", "contactsFolder": "contact ",

	// a data folder's files
	"StoreFolder": "event ", "PaymentsFile": "payment ", "cursorsFile": "cursor ",
	"TestClockFile": "[a folder for tests is not copied]",

	// what package storage asks of stores
	"Store": "event ", "Log": "event ", "Importer": "event ", "Snapshots": " snapshot ", "Catalog": "event ",
	"Tickets": " ticket ", "EventKeys": ", key ", "Contacts": "contact ", "Payments": "payment ",
	"PaymentCursors": "cursor ", "Feed": "item ", "TicketKeys": "ticket key ",
	"Nodes":  "[who is alive, and nobody moves along]",
	"Frozen": "[reads what others keep]", "Freezer": "[reads what others keep]",
}

// placesIn finds names in files.
func placesIn(t *testing.T, files, pattern string) (names []string) {
	t.Helper()
	paths, err := filepath.Glob(files)
	must(t, err)
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		must(t, err)
		for _, found := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
			names = append(names, found[1])
		}
	}
	if len(names) == 0 {
		t.Fatalf("nothing is kept by %s", files)
	}
	return names
}

// TestEveryPlaceOfAStoreIsCopied: a table, a key space, a folder or a file that somebody adds to a store is copied, or
// named here with the reason why not. Of what is copied, a furnished house has something.
func TestEveryPlaceOfAStoreIsCopied(t *testing.T) {
	from := inMemory(t)
	furnish(t, from)
	stock := inventory(t, from)
	places := placesIn(t, "../sqlstore/schema/*.sql", `CREATE TABLE (?:IF NOT EXISTS )?(\w+)`)
	places = append(places, placesIn(t, "../sqlstore/queries/*.sql", `CREATE TABLE (?:IF NOT EXISTS )?(\w+)`)...)
	places = append(places, placesIn(t, "../*.go", `(?m)^type (\w+) interface`)...)
	places = append(places, placesIn(t, "../pebblestore/keys.go", `(?m)^\t(prefix\w+) +=`)...)
	places = append(places, placesIn(t, "../pebblestore/*.go", `(?m)^\t(?:const )?(\w+Folder) += "`)...)
	places = append(places, placesIn(t, "../../cmd/holdfast/datafolder/*.go", `(?m)^\t(\w+) += "[\w.-]+"`)...)
	for _, place := range places {
		word, named := kept[place]
		switch {
		case !named:
			t.Errorf("%s is kept beside the logs: copy it, and say so in kept, or say there why it stays", place)
		case !strings.HasPrefix(word, "[") && !strings.Contains(stock, word):
			t.Errorf("%s is called copied, and no house of these tests has a %q", place, word)
		}
	}
	for _, place := range slices.Sorted(maps.Keys(kept)) {
		if !slices.Contains(places, place) {
			t.Errorf("%s is nowhere any more", place)
		}
	}
}

// TestCursorsFollowTheirSource guards P6: a copy goes on in a processor's events where its source has stopped, whatever
// it knew before, and a run on a finished copy writes nothing.
func TestCursorsFollowTheirSource(t *testing.T) {
	ctx := context.Background()
	from, to := inMemory(t), onDisk(t)
	furnish(t, from)
	must(t, to.PutPaymentCursor(ctx, storage.PaymentCursor{Account: "stripe", Body: "older"}))
	if report := run(t, from, to); report.Cursors != (copier.Count{All: 2, New: 2}) {
		t.Errorf("the run says %+v", report.Cursors)
	}
	wantSame(t, from, to)
	if report := run(t, from, to); report.Cursors != (copier.Count{All: 2}) || report.Changed() {
		t.Errorf("the second run says %+v", report.Cursors)
	}
	must(t, from.PutPaymentCursor(ctx, storage.PaymentCursor{Account: "stripe", Body: "newer"}))
	if report := run(t, from, to); report.Cursors.New != 1 {
		t.Errorf("the last run says %+v", report.Cursors)
	}
	wantSame(t, from, to)
}
