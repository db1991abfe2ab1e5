package feeding_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"holdfast/actors/feed/feedtest"
	"holdfast/api/consumer"
	"holdfast/cmd/holdfast/feeding"
	"holdfast/cmd/holdfast/terminal"
	"holdfast/storage"
	"holdfast/storage/sqlstore"
	"holdfast/storage/sqlstore/pgtest"
)

// Environment of a process that is killed: the test's own program, as holdfast feed.
const childStore, childTo = "HOLDFAST_TEST_FEED_STORE", "HOLDFAST_TEST_FEED_TO"

func TestMain(m *testing.M) {
	if os.Getenv(childTo) == "" {
		m.Run()
		return
	}
	f := feeding.Command{Store: os.Getenv(childStore), To: []string{os.Getenv(childTo)},
		Interval: 20 * time.Millisecond, LogFormat: "text"}
	if err := f.Run(&terminal.Console{Context: context.Background(), Out: io.Discard, Err: os.Stderr}); err != nil {
		panic(err)
	}
}

const patience = time.Minute

// topic is what a consumer knows of one.
type topic struct {
	*consumer.Follower
	t        *testing.T
	client   *kgo.Client
	verdicts map[consumer.Verdict]int
}

func broker(t *testing.T) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(5, "seats"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func read(t *testing.T, c *kfake.Cluster) *topic {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics("seats"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return &topic{Follower: consumer.New(nil), t: t, client: client, verdicts: map[consumer.Verdict]int{}}
}

// event is a record as consumers read it.
func event(t *testing.T, r *kgo.Record) consumer.Event {
	t.Helper()
	e, err := consumer.Binary(func(name string) string {
		for i := range r.Headers {
			if r.Headers[i].Key == name {
				return string(r.Headers[i].Value)
			}
		}
		return ""
	}, r.Value)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// until reads until enough is there. A fault ends the test.
func (r *topic) until(what string, enough func() bool) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	for !enough() {
		fetched := r.client.PollFetches(ctx)
		if ctx.Err() != nil {
			r.t.Fatalf("P15: never came: %s; %v", what, r.verdicts)
		}
		fetched.EachRecord(func(record *kgo.Record) {
			e := event(r.t, record)
			verdict, err := r.Take(&e)
			if err != nil {
				r.t.Fatalf("P15: %v", err)
			}
			r.verdicts[verdict]++
		})
	}
}

func (r *topic) all(h *feedtest.Logs) bool {
	for _, shard := range h.Shards() {
		tail, at := h.Tail(shard), r.Positions()[fmt.Sprintf("%v/%d", shard.Event, shard.Section)]
		if at.Sequence != uint64(tail.Seq) || at.Taken != at.Changes || at.Hash != hex.EncodeToString(tail.Hash[:]) {
			return false
		}
	}
	return true
}

func shard(no storage.SectionNo) storage.SectionKey {
	return storage.SectionKey{Event: storage.EventID{1}, Section: no}
}

// kills is how often the feeder is killed: few here, HOLDFAST_FEED_KILLS=100 for a proof.
func kills(t *testing.T) int {
	t.Helper()
	n := 6
	if text := os.Getenv("HOLDFAST_FEED_KILLS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// database is a store in PostgreSQL with an event, and its address.
func database(t *testing.T, sections int) (*feedtest.Logs, string) {
	t.Helper()
	address := pgtest.Database(t)
	store, err := sqlstore.Open(t.Context(), address, sqlstore.Options{Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	h := feedtest.New(t, store)
	h.Open(storage.EventID{1}, sections)
	return h, address
}

// TestP15AFeederThatIsKilledLeavesNothingOut: kill -9 at random moments while records are written; every sequence
// comes, in order, and only repeats besides.
func TestP15AFeederThatIsKilledLeavesNothingOut(t *testing.T) {
	const sections = 5
	h, address := database(t, sections)
	c := broker(t)
	r := read(t, c)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	chance := rand.New(rand.NewPCG(1, 2))
	var child *exec.Cmd
	var errs words
	start := func() {
		child = exec.CommandContext(t.Context(), program)
		child.Env = append(os.Environ(), childStore+"="+address, childTo+"=kafka://"+c.ListenAddrs()[0]+"/seats")
		child.Stderr = &errs
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
	}
	for range kills(t) {
		start()
		moment := time.After(200*time.Millisecond + time.Duration(chance.IntN(1500))*time.Millisecond)
		for killed := false; !killed; {
			h.Story(shard(storage.SectionNo(chance.IntN(sections))), 1, 1000)
			select {
			case <-moment:
				killed = true
			default:
			}
		}
		_ = child.Process.Kill() // it is there
		_ = child.Wait()         // killed
	}
	start()
	r.until("everything\n"+errs.String(), func() bool { return r.all(h) })
	_ = child.Process.Kill() // it is there
	_ = child.Wait()         // killed
	t.Logf("%d changes, %d repeats", r.verdicts[consumer.Next], r.verdicts[consumer.Repeated])
}

// TestFeedOnceTellsAllAndEnds, on a database and of a stopped server's folder.
func TestFeedOnceTellsAllAndEnds(t *testing.T) {
	h, address := database(t, 2)
	h.Story(shard(0), 10, 1000)
	h.Story(shard(1), 10, 1000)
	c := broker(t)
	once := func(to string) error {
		f := feeding.Command{Store: address, To: []string{to}, Interval: 20 * time.Millisecond, Once: true,
			LogFormat: "text"}
		var errs bytes.Buffer
		err := f.Run(&terminal.Console{Context: t.Context(), Out: io.Discard, Err: &errs})
		if strings.Contains(errs.String(), "cannot") {
			t.Log(errs.String())
		}
		return err
	}
	if err := once("kafka://" + c.ListenAddrs()[0] + "/seats"); err != nil {
		t.Fatal(err)
	}
	r := read(t, c)
	r.until("everything", func() bool { return r.all(h) })
	if err := once("kafka://" + c.ListenAddrs()[0] + "/seats?speed=1"); err == nil ||
		!strings.Contains(err.Error(), "speed") {
		t.Errorf("a parameter that nobody knows: %v", err)
	}
	if err := once("ftp://somewhere"); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("an address of nothing: %v", err)
	}
}

// words are what a child says, read while it speaks.
type words struct {
	mu   sync.Mutex
	said bytes.Buffer
}

// Write implements io.Writer.
func (w *words) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.said.Write(p)
}

func (w *words) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.said.String()
}
