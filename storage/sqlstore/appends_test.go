package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"holdfast/storage"
	"holdfast/storage/sqlstore/pgtest"
)

// Records are not taken: that is one state from the first refusal on, whatever else the server answers in between, told
// once when it has lasted, and over with the first record that lands.
func TestAppendsHaveTheirOwnHealth(t *testing.T) {
	refused, taken := fmt.Errorf("%w: disk full", storage.ErrUnavailable), error(nil)
	unknown, fenced := fmt.Errorf("%w: no answer", storage.ErrUnknown), error(&storage.FencedError{})
	start := time.Now()
	for name, c := range map[string]struct {
		answers  [][]error // one call a second
		failing  string    // after each: ! failing, . not
		reported int
	}{
		"refused for long": {[][]error{{refused}, {refused}, {refused}, {unknown}, {taken}}, "..!!.",
			2},
		"refused for a second": {[][]error{{refused}, {taken}, {refused}, {taken}}, "....", 0},
		"one of several lands": {[][]error{{refused}, {refused, taken}, {refused}, {refused}, {refused}},
			"....!", 1},
		"the log's own no says nothing": {[][]error{{refused}, {fenced}, {fenced}, {refused}}, "..!!", 1},
		"the log's own no alone": {[][]error{{fenced}, {storage.ErrGap}, {storage.ErrTicketTaken},
			{fenced}}, "....", 0},
		"it stays failing while nobody tries": {[][]error{{refused}, {}, {}, {}, {refused}}, "..!!!", 1},
	} {
		a := appends{patience: 2 * time.Second}
		reported, failing := 0, ""
		for i, answers := range c.answers {
			now := start.Add(time.Duration(i) * time.Second)
			a.judge(answers, now, true, func(Alarm) { reported++ })
			failing += map[bool]string{true: "!", false: "."}[a.failing(now)]
		}
		if failing != c.failing || reported != c.reported {
			t.Errorf("%s: %s and %d lines, want %s and %d", name, failing, reported, c.failing, c.reported)
		}
	}
}

// A server that answers every question and has no room for a record is reachable and not healthy: one alarm, no
// flapping, and it heals by itself.
func TestFullDatabaseIsToldOnce(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	alarmLog := &hearing{}
	address := pgtest.Database(t)
	s := openAt(t, address, Options{Logf: alarmLog.logf, AppendsPatience: 50 * time.Millisecond})
	owner := newFollower(newKey())
	mustClaim(t, s, owner)
	exec := func(statement string) {
		_, err := s.pool.Exec(ctx, statement)
		check(t, err)
	}
	exec(`CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`)
	exec("CREATE TRIGGER no_room BEFORE INSERT ON section_log EXECUTE FUNCTION no_room()")
	for s.Stats().AppendsHealthy() {
		err := s.Commit(ctx, []storage.Append{owner.next(storage.EntryChanges, "x")})[0]
		if !errors.Is(err, storage.ErrUnavailable) {
			t.Fatalf("on a full disk: %v", err)
		}
		check(t, s.Beat(ctx, storage.NodeBeat{Writer: owner.id, At: 1})) // heartbeats land
	}
	for range 3 {
		_ = s.Commit(ctx, []storage.Append{owner.next(storage.EntryChanges, "x")})[0]
		check(t, s.Beat(ctx, storage.NodeBeat{Writer: owner.id, At: 2}))
		if !s.Stats().Reachable() || s.Stats().AppendsHealthy() {
			t.Errorf("reachable %v, appends healthy %v", s.Stats().Reachable(), s.Stats().AppendsHealthy())
		}
	}
	if n := alarmLog.alarms(); n != 1 {
		t.Errorf("%d alarms:\n%s", n, alarmLog)
	}
	exec("DROP TRIGGER no_room ON section_log")
	check(t, s.Commit(ctx, []storage.Append{owner.next(storage.EntryChanges, "x")})[0])
	if !s.Stats().AppendsHealthy() || alarmLog.alarms() != 1 {
		t.Errorf("with room again: healthy %v\n%s", s.Stats().AppendsHealthy(), alarmLog)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A start that changed the schema says so, with the steps; one that found all done says nothing.
func TestOpeningTellsWhichStepsItApplied(t *testing.T) {
	address := pgtest.Database(t)
	var reported [][]string
	o := Options{Migrated: func(steps []string) { reported = append(reported, steps) }}
	openAt(t, address, o)
	openAt(t, address, o)
	if len(reported) != 1 || len(reported[0]) == 0 || reported[0][0] == "" {
		t.Errorf("told %q", reported)
	}
}
