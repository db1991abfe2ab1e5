package consumer_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"holdfast/api/consumer"
)

// chain is a shard's log as it is told: records with the number of changes given.
func chain(shard string, changes ...int) (all []consumer.Event) {
	hash := fmt.Sprintf("%064x", 0)
	for i, n := range changes {
		previous := hash
		hash = fmt.Sprintf("%s-%d", shard, i+1)
		for change := range n {
			all = append(all, consumer.Event{ID: fmt.Sprintf("%s/%d/%d", shard, i+1, change), Type: "booking.held",
				Shard: shard, Sequence: uint64(i + 1), Change: change, Changes: n, Hash: hash, PreviousHash: previous})
		}
	}
	return all
}

func without(from, to int) func([]consumer.Event) []consumer.Event {
	return func(all []consumer.Event) []consumer.Event { return slices.Delete(all, from, to) }
}

// judge takes all of them, and goes on behind gaps.
func judge(f *consumer.Follower, events []consumer.Event) (verdicts []consumer.Verdict, faults []string) {
	for i := range events {
		verdict, err := f.Take(&events[i])
		verdicts = append(verdicts, verdict)
		var fault *consumer.Fault
		if errors.As(err, &fault) {
			faults = append(faults, string(fault.Kind)+" "+fault.ID)
			if fault.Kind == consumer.Gap {
				f.Skip(&events[i])
			}
		}
	}
	return verdicts, faults
}

// TestP15AFollowerFindsWhatIsPlanted: what is lost, comes twice, comes too late, or is of another log.
func TestP15AFollowerFindsWhatIsPlanted(t *testing.T) {
	other := chain("e/0", 1, 2, 1, 1)[3]
	other.Hash, other.PreviousHash = "x", "y"
	edited := chain("e/0", 1, 2, 1, 1)[4]
	edited.Hash = "another"
	for name, c := range map[string]struct {
		change func(all []consumer.Event) []consumer.Event
		faults []string
		next   int
	}{
		"nothing":        {func(all []consumer.Event) []consumer.Event { return all }, nil, 5},
		"a change lost":  {without(2, 3), []string{"gap e/0/3/0"}, 3},
		"a record lost":  {without(1, 3), []string{"gap e/0/3/0"}, 2},
		"the first lost": {without(0, 1), []string{"gap e/0/2/0"}, 3},
		"a repeat": {func(all []consumer.Event) []consumer.Event {
			return slices.Insert(all, 4, all[1:4]...)
		}, nil, 5},
		"a swap": {func(all []consumer.Event) []consumer.Event {
			all[3], all[4] = all[4], all[3]
			return all
		}, []string{"gap e/0/4/0", "swap e/0/3/0"}, 3},
		"a swap inside a record": {func(all []consumer.Event) []consumer.Event {
			all[1], all[2] = all[2], all[1]
			return all
		}, []string{"gap e/0/2/1", "swap e/0/2/0"}, 3},
		"another log": {func(all []consumer.Event) []consumer.Event {
			all[3] = other
			return all[:4]
		}, []string{"fork e/0/3/0"}, 3},
		"an edited repeat": {func(all []consumer.Event) []consumer.Event { return append(all, edited) },
			[]string{"fork e/0/4/0"}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			verdicts, faults := judge(consumer.New(nil), c.change(chain("e/0", 1, 2, 1, 1)))
			next := 0
			for _, v := range verdicts {
				if v == consumer.Next {
					next++
				}
			}
			if !slices.Equal(faults, c.faults) || next != c.next {
				t.Errorf("P15: found %q and %d changes in order, want %q and %d", faults, next, c.faults, c.next)
			}
		})
	}
}

// TestP15ASnapshotAndTheTopicMeet: what the snapshot has is before, and the next record is next; a topic that begins
// too late is a gap.
func TestP15ASnapshotAndTheTopicMeet(t *testing.T) {
	events := chain("e/1", 1, 2, 1)
	f := consumer.New(nil)
	f.BeginEvent("e", []uint64{0, 2})
	verdicts, faults := judge(f, events)
	want := []consumer.Verdict{consumer.Before, consumer.Before, consumer.Before, consumer.Next}
	if !slices.Equal(verdicts, want) || faults != nil {
		t.Errorf("P15: %v %v", verdicts, faults)
	}
	late := consumer.New(nil)
	late.BeginEvent("e", []uint64{0, 1})
	if _, faults := judge(late, events[3:]); !slices.Equal(faults, []string{"gap e/1/3/0"}) {
		t.Errorf("P15: a topic that lacks what comes after the snapshot: %v", faults)
	}
	stamp := consumer.Event{ID: "n/0/1", Type: consumer.Complete,
		Data: []byte(`{"node":"n","partition":0,"shards":[{"shard":"e/1","sequence":"00000000000000000004"}]}`)}
	if v, err := f.Take(&stamp); v != consumer.NoChange || err == nil {
		t.Errorf("P15: a stamp of record 4 after record 3 was: %v %v", v, err)
	}
}

// TestP15AFollowerGoesOnFromKeptPositions: wherever a program ends, each change is next exactly once; and a change that
// is left out anywhere is a gap.
func TestP15AFollowerGoesOnFromKeptPositions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(1, 4), 1, 12).Draw(t, "changes of records")
		events := chain("e/0", sizes...)
		var kept map[string]consumer.Position
		used := map[string]int{}
		for from := 0; from < len(events); {
			f := consumer.New(maps.Clone(kept))
			to := rapid.IntRange(from+1, len(events)).Draw(t, "killed after")
			again := rapid.IntRange(0, from).Draw(t, "told again from")
			for i := again; i < to; i++ {
				v, err := f.Take(&events[i])
				if err != nil {
					t.Fatal(err)
				}
				if v == consumer.Next {
					used[events[i].ID]++
				}
			}
			kept, from = f.Positions(), to
		}
		for i := range events {
			if used[events[i].ID] != 1 {
				t.Fatalf("P15: %s was used %d times", events[i].ID, used[events[i].ID])
			}
		}
		if lost := rapid.IntRange(0, len(events)-1).Draw(t, "lost"); lost < len(events)-1 {
			f := consumer.New(nil)
			if _, faults := judge(f, slices.Delete(events, lost, lost+1)); len(faults) == 0 {
				t.Fatalf("P15: change %d was lost and nothing was found", lost)
			}
		}
	})
}

// TestEventsOfBothModesAreTheSame: structured and binary.
func TestEventsOfBothModesAreTheSame(t *testing.T) {
	structured, err := consumer.Structured([]byte(`{"specversion":"1.0","id":"e/0/42/1","source":"/v1/events/e",
		"type":"booking.held","subject":"b","time":"2023-11-14T22:13:20.123Z","datacontenttype":"application/json",
		"partitionkey":"e/0","sequence":"00000000000000000042","change":1,"changes":2,"hash":"cd","previoushash":"ef",
		"data":{"booking":"b"}}`))
	if err != nil {
		t.Fatal(err)
	}
	headers := map[string]string{"ce_specversion": "1.0", "ce_id": "e/0/42/1", "ce_source": "/v1/events/e",
		"ce_type": "booking.held", "ce_subject": "b", "ce_time": "2023-11-14T22:13:20.123Z", "ce_partitionkey": "e/0",
		"ce_sequence": "00000000000000000042", "ce_change": "1", "ce_changes": "2", "ce_hash": "cd",
		"ce_previoushash": "ef"}
	binary, err := consumer.Binary(func(name string) string { return headers[name] }, []byte(`{"booking":"b"}`))
	if err != nil || fmt.Sprintf("%+v", binary) != fmt.Sprintf("%+v", structured) {
		t.Errorf("%v\n%+v\n%+v", err, binary, structured)
	}
	for name, wrong := range map[string]string{"ce_sequence": "x", "ce_change": "2", "ce_changes": "no",
		"ce_specversion": "0.3", "ce_partitionkey": ""} {
		bad := maps.Clone(headers)
		bad[name] = wrong
		if _, err := consumer.Binary(func(name string) string { return bad[name] }, nil); err == nil {
			t.Errorf("%s %q was taken", name, wrong)
		}
	}
}
