package machinetest

import (
	"bytes"
	"slices"
	"sync/atomic"
	"testing"

	"holdfast/actors/machine"
	"holdfast/actors/writer"
	"holdfast/storage"
	"holdfast/storage/memstore"
)

// Subject is a machine, and what the suite has to know of its commands. Command and Refused make a new one at each
// call.
type Subject struct {
	Kind machine.Kind
	// Command gives the n-th of commands that a new machine accepts all, in any order.
	Command func(n int) any
	// Refused gives a command that is refused because of what Command(n) did, and accepted once that has lapsed.
	Refused func(n int) any
	// Accepted says whether the answer that Decide left is a yes.
	Accepted func(command any) bool
	// Many is a number of commands that fit neither in one record nor, when they lapse, in one piece of timers. No
	// greater n is asked for.
	Many int
	// Timer is how long after Command's instant what it did lapses. 0: the machine has no timers.
	Timer machine.Millis
}

// Run runs the whole suite, one subtest for each thing that must not happen.
func Run(t *testing.T, s Subject) {
	t.Helper()
	for _, c := range slices.Concat(writerCases, shardCases) {
		t.Run(c.name, func(t *testing.T) {
			c.test(newBench(t, s))
		})
	}
}

type testCase struct {
	name string
	test func(*bench)
}

var writerCases = []testCase{
	{"P2_an_answer_before_its_record_is_durable", answerBeforeRecord},
	{"P2_a_refusal_before_what_it_rests_on_is_durable", refusalBeforeCause},
	{"P7_a_refusal_that_waits_for_a_write", refusalThatWaits},
	{"P3_S6_other_bytes_are_sent_after_a_doubt", otherBytesAfterDoubt},
	{"P3_a_doubt_is_told", doubtIsAnswered},
	{"P3_who_waits_for_room_is_judged_in_a_doubt", decidedInDoubt},
	{"P3_a_life_goes_on_past_a_fence", lifePastFence},
	{"P3_what_was_never_durable_outlives_its_life", speculationOutlives},
	{"a_request_is_lost_behind_a_full_record", lostBehindFullRecord},
	{"P4_a_command_is_judged_before_what_has_lapsed", decidedBeforeLapsed},
	{"P4_timers_run_in_a_doubt_or_without_room", timersWithoutRoom},
	{"P4_a_wave_of_timers_fits_in_no_record", waveTooLarge},
	{"P10_a_replay_differs_from_the_live_machine", replayDiffers},
	{"P10_a_snapshot_is_of_another_moment", snapshotOfAnotherMoment},
	{"P10_an_edited_log_is_loaded", editedLogLoaded},
	{"P3_a_log_that_went_on_to_a_snapshot_is_taken_for_damage", wentOnToASnapshot},
	{"P10_impossible_bytes_are_applied", impossibleBytes},
	{"P3_a_log_is_taken_from_a_living_writer", takenFromTheLiving},
	{"P2_a_log_that_lost_records_is_claimed", lostRecordsClaimed},
	{"P3_something_is_judged_after_a_release", decidedAfterRelease},
}

// bench is one case's log, clock and machine.
type bench struct {
	*testing.T
	Subject
	key     storage.SectionKey
	store   *memstore.Store
	clock   atomic.Int64 // milliseconds since the epoch; only the case moves it
	writers byte
}

// newBench begins in the days of real claims, where numbers that are drawn from the clock are large.
func newBench(t *testing.T, s Subject) *bench {
	b := &bench{T: t, Subject: s, key: storage.SectionKey{Event: storage.EventID{7}, Section: 3}, store: memstore.New()}
	b.clock.Store(1_800_000_000_000)
	return b
}

// anotherLog has the case go on with a log that is empty.
func (b *bench) anotherLog() { b.key.Section++ }

// needTimers ends a case that a machine without timers cannot fail.
func (b *bench) needTimers() {
	if b.Timer == 0 {
		b.Skip("the machine has no timers: nothing can lapse")
	}
}

func (b *bench) now() machine.Instant { return machine.Instant(b.clock.Load()) }

func (b *bench) pass(d machine.Millis) { b.clock.Add(int64(d)) }

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// accepted says that a request was told yes.
func (b *bench) accepted(r *writer.Request) bool { return r.Err == nil && b.Accepted(r.Payload) }

// refused says that it was told no, which is an answer.
func (b *bench) refused(r *writer.Request) bool { return r.Err == nil && !b.Accepted(r.Payload) }

// tail is where the log ends.
func (b *bench) tail() storage.Tail {
	b.Helper()
	tail, err := b.store.Tail(b.Context(), b.key)
	b.must(err)
	return tail
}

// entries gives the log's records, with bodies that may be kept.
func (b *bench) entries() (all []storage.Entry) {
	b.Helper()
	b.must(b.store.Read(b.Context(), b.key, 0, func(e *storage.Entry, _ storage.Hash) error {
		kept := *e
		kept.Body = bytes.Clone(e.Body)
		all = append(all, kept)
		return nil
	}))
	return all
}

// stateAt gives a machine's state as it stands before record next, without touching the machine.
func (b *bench) stateAt(m machine.Machine, next machine.Seq) []byte {
	b.Helper()
	twin, err := b.Kind.Restore(m.AppendSnapshot(nil))
	b.must(err)
	twin.Begin(next)
	return twin.AppendSnapshot(nil)
}
