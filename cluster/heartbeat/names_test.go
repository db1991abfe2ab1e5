package heartbeat

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/storage"
	"holdfast/storage/memstore"
)

// spoken is what was logged since it was last taken.
type spoken struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write is for a log.
func (s *spoken) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *spoken) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.text.Reset()
	return s.text.String()
}

// Who has gone is told by name, once, and whether it said so: at 3 a.m. "another node has gone" is no news.
func TestNodesThatGoAreNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := memstore.New()
		var out spoken
		watcher, err := Start(t.Context(), Config{Nodes: shared, Writer: storage.WriterID{1}, Name: "n1",
			Logger: slog.New(slog.NewTextHandler(&out, nil))})
		if err != nil {
			t.Fatal(err)
		}
		said := func() string {
			synctest.Wait()
			return out.take()
		}
		leaver, err := Start(t.Context(), Config{Nodes: shared, Writer: storage.WriterID{2}, Name: "n2"})
		if err != nil {
			t.Fatal(err)
		}
		crasher := begin(t, shared, 3) // is called "node"
		<-time.After(3 * time.Second)
		if text := said(); text != "" {
			t.Errorf("all are well, and it says:\n%s", text)
		}
		if err := leaver.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Second)
		if text := said(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "a node has left") ||
			!strings.Contains(text, "node=n2") {
			t.Errorf("n2 has left, and it says:\n%s", text)
		}
		resume := crasher.pause()
		<-time.After(4 * time.Second)
		if text := said(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "without a word") ||
			!strings.Contains(text, "node=node id=03000000") {
			t.Errorf("the third has gone, and it says:\n%s", text)
		}
		if name, ok := watcher.NameOf("02000000"); !ok || name != "n2" {
			t.Errorf("the name of one that has left: %q %v", name, ok)
		}
		resume()
		if err := watcher.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
