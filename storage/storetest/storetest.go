package storetest

import (
	"context"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage"
)

// Factory makes the stores one test works with.
type Factory struct {
	// Open opens a store. It is called once per Factory.
	Open func(t *testing.T) storage.Store
	// Reopen closes s and opens the same data again, as a restarted process would.
	Reopen func(t *testing.T, s storage.Store) storage.Store
	// Damage changes a byte of the stored entry behind the store's back; nil if this store cannot be damaged from here.
	Damage func(t *testing.T, s storage.Store, key storage.SectionKey, seq section.Seq)
}

// promises are the suite: a test for each.
var promises = []struct {
	name string
	test func(*bench)
}{
	{"S1_an_append_is_atomic", atomicAppend},
	{"S2_nil_means_durable", durable},
	{"S3_seq_is_never_shared", fenced},
	{"S3_many_writers_race", race},
	{"S4_a_resent_append_changes_nothing", resend},
	{"S4_resend_after_takeover", resendAfterTakeover},
	{"S5_a_log_has_no_gaps", gaps},
	{"S5_epochs_rise_by_claims_only", epochs},
	{"S6_not_written_is_not_there", cancelled},
	{"S7_a_ticket_exists_once", tickets},
	{"S7_refund_and_sell_in_one_append", refundAndSell},
	{"S8_read_is_in_order", readInOrder},
	{"S8_damage_is_named", damage},
	{"S9_failures_are_separate", separate},
	{"the_store_keeps_nothing_of_the_caller", noAliasing},
	{"bodies_up_to_the_limit", bodySize},
	{"sections_are_listed_in_order", sections},
	{"a_gates_log_and_its_large_snapshot_are_kept", gates},
	{"tickets_are_listed_in_order", ticketOrder},
	{"snapshots", snapshots},
	{"catalog", catalog},
	{"catalog_lists_in_order", catalogOrder},
	{"P5_an_operators_key_switches_once", switchOnce},
	{"P5_two_nodes_never_both_have_a_key", switchRace},
	{"P5_a_switch_refused_leaves_no_key", switchRefused},
	{"operators_keys_are_kept_and_bounded", keysBounded},
	{"a_deleted_event_stays_deleted", deletedForEver},
	{"a_cancelled_event_stays_cancelled", offForEver},
	{"edits_name_the_version_they_are_about", editsByVersion},
	{"P14_an_events_key_never_changes_and_is_never_printed", eventKeys},
	{"P14_nothing_is_left_of_a_forgotten_events_key", forgotten},
	{"P14_what_is_on_sale_is_not_forgotten", forgettingRefused},
	{"P14_a_contact_is_kept_until_it_is_forgotten", contacts},
	{"P14_a_contact_is_never_printed", contactsUnprinted},
	{"P15_a_feeds_items_are_kept_in_order", feedItems},
	{"P15_a_feeds_items_are_saved_all_or_none", feedBounds},
	{"the_secret_never_changes", secret},
	{"keys_of_tickets_never_change_and_are_never_printed", ticketKeys},
	{"two_nodes_never_make_one_key_of_tickets", ticketKeyRace},
	{"nodes", nodes},
	{"a_forgotten_node_is_gone", forget},
	{"an_imported_log_is_the_same_log", imported},
	{"an_import_that_does_not_continue_is_refused", importRefused},
	{"an_import_continues_own_appends", importAfterAppends},
	{"imported_tickets_replace", importTickets},
	{"an_imported_secret_never_replaces", importSecret},
	{"close_answers_later_calls", closed},
}

// Run runs the whole suite, one subtest a promise; newFactory is called once for each.
func Run(t *testing.T, newFactory func(t *testing.T) Factory) {
	t.Helper()
	for _, c := range promises {
		t.Run(c.name, func(t *testing.T) {
			f := newFactory(t)
			b := &bench{T: t, factory: f, store: f.Open(t)}
			t.Cleanup(func() { _ = b.store.Close() })
			c.test(b)
		})
	}
}

// bench is one test's store and short words for what is done with it.
type bench struct {
	*testing.T
	factory Factory
	store   storage.Store
}

func (b *bench) reopen() {
	b.Helper()
	b.store = b.factory.Reopen(b.T, b.store)
}

func newKey() storage.SectionKey { return storage.SectionKey{Event: storage.NewEventID(), Section: 3} }

// writer follows one log as an honest owner does.
type writer struct {
	key  storage.SectionKey
	id   storage.WriterID
	tail storage.Tail
}

// claim takes the section over at its present tail.
func (b *bench) claim(key storage.SectionKey) *writer {
	b.Helper()
	tail, err := b.store.Tail(context.Background(), key)
	b.must(err)
	w := &writer{key: key, id: storage.NewWriterID(), tail: tail}
	a := w.next(storage.EntryClaim, "owner")
	b.must(b.commit(a))
	w.advance(a)
	return w
}

// next makes the append that follows the writer's tail; it does not send it.
func (w *writer) next(kind storage.EntryKind, body string) storage.Append {
	epoch := w.tail.Epoch
	if kind == storage.EntryClaim {
		epoch++
	}
	return storage.Append{Section: w.key, Entry: storage.Entry{
		Kind: kind, Seq: w.tail.Seq + 1, Epoch: epoch, Writer: w.id, Batch: storage.NewBatchID(),
		At: section.Instant(1_700_000_000_000 + int64(w.tail.Seq)), Prev: w.tail.Hash, Body: []byte(body),
	}}
}

// advance moves the writer's tail over a durable append.
func (w *writer) advance(a storage.Append) { w.tail = a.Entry.After(storage.HashEntry(&a.Entry)) }

// write appends a body and returns the append.
func (b *bench) write(w *writer, body string) storage.Append {
	b.Helper()
	a := w.next(storage.EntryChanges, body)
	b.must(b.commit(a))
	w.advance(a)
	return a
}

func (b *bench) commit(a storage.Append) error {
	return b.store.Commit(context.Background(), []storage.Append{a})[0]
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// bodies reads a log from after and returns the bodies it saw.
func (b *bench) bodies(key storage.SectionKey, after section.Seq) (bodies []string) {
	b.Helper()
	b.must(b.store.Read(context.Background(), key, after, func(e *storage.Entry, hash storage.Hash) error {
		if hash != storage.HashEntry(e) {
			b.Errorf("S8: record %d comes with another hash than its own", e.Seq)
		}
		bodies = append(bodies, string(e.Body))
		return nil
	}))
	return bodies
}

// wantLog checks the whole log and its tail.
func (b *bench) wantLog(w *writer, bodies ...string) {
	b.Helper()
	got := b.bodies(w.key, 0)
	if len(got) != len(bodies) {
		b.Fatalf("log is %q, want %q", got, bodies)
	}
	for i := range got {
		if got[i] != bodies[i] {
			b.Fatalf("log is %q, want %q", got, bodies)
		}
	}
	tail, err := b.store.Tail(context.Background(), w.key)
	b.must(err)
	if tail != w.tail {
		b.Fatalf("tail is %+v, want %+v", tail, w.tail)
	}
}

func (b *bench) tickets(key storage.SectionKey) (rows []section.Ticket) {
	b.Helper()
	b.must(b.store.Tickets(context.Background(), key, func(row section.Ticket) error {
		rows = append(rows, row)
		return nil
	}))
	return rows
}

func (b *bench) wantTickets(key storage.SectionKey, want ...section.Ticket) {
	b.Helper()
	got := b.tickets(key)
	if len(got) != len(want) {
		b.Fatalf("tickets are %v, want %v", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			b.Fatalf("tickets are %v, want %v", got, want)
		}
	}
}
