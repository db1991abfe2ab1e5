package pebblestore

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"holdfast/actors/section"
	"holdfast/storage"
)

// rotten is a directory of a process that was killed after so many commits, as its disk holds it.
func rotten(t *testing.T, commits int, stopped bool) *vfs.MemFS {
	t.Helper()
	mem := vfs.NewCrashableMem()
	s := open(t, "d", Options{FS: mem})
	c := newChain(0)
	for range commits {
		a := c.next(make([]byte, 200))
		if err := s.Commit(ctx, []storage.Append{a})[0]; err != nil {
			t.Fatal(err)
		}
		c.advance(&a)
	}
	if stopped {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return mem.CrashClone(vfs.CrashCloneCfg{})
	}
	after := mem.CrashClone(vfs.CrashCloneCfg{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return after
}

// newestLog is the log that is being written, and where it ends.
func newestLog(t *testing.T, fs vfs.FS) (path string, scan walScan) {
	t.Helper()
	names, err := fs.List("d")
	if err != nil {
		t.Fatal(err)
	}
	newest := uint32(0)
	for _, name := range names {
		if number, ok := walNumber(name); ok && number >= newest {
			newest, path = number, fs.PathJoin("d", name)
		}
	}
	if scan, err = scanFile(fs, path, newest); err != nil {
		t.Fatal(err)
	}
	return path, scan
}

func rot(t *testing.T, fs vfs.FS, path string, at int64, with byte) {
	t.Helper()
	file, err := fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	if _, err := file.ReadAt(b, at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= with
	if _, err := file.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		t.Fatal(err)
	}
}

// lastSeq opens the directory and tells where its one log ends.
func lastSeq(fs vfs.FS) (section.Seq, error) {
	s, err := Open("d", Options{FS: fs, Logf: func(string, ...any) {}})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	return readAll(s, newChain(0).key, 0)
}

// TestBitRotInTheLogsEndIsNoTornTail guards P2: whichever byte of the log is wrong after a crash, the store either has
// all that was acknowledged or refuses, and never sells on without it. Only damage of the newest record, or of the one
// before (what a chunk says was synced may be a sync old), is a torn end to whoever has nothing but the log, so nothing
// but that may be lost before it is marked; after a graceful stop not even that.
func TestBitRotInTheLogsEndIsNoTornTail(t *testing.T) {
	const commits = 60
	for _, stopped := range []bool{false, true} {
		rng, refused := rand.New(rand.NewPCG(6, 6)), 0
		for round := range 150 {
			fs := rotten(t, commits, stopped)
			path, scan := newestLog(t, fs)
			at := scan.record * int64(round) / 150
			rot(t, fs, path, at, 1<<rng.IntN(8))
			seq, err := lastSeq(fs)
			var lost *LostError
			switch {
			case errors.As(err, &lost):
				refused++
				if len(lost.Files) != 1 || lost.Files[0].From > at ||
					!strings.Contains(err.Error(), "acknowledged data is lost") {
					t.Errorf("byte %d: %v", at, err)
				}
			case err != nil:
				t.Errorf("byte %d: %v", at, err)
			case seq < commits-2 || stopped && seq < commits:
				t.Fatalf(
					"byte %d of %d is wrong: the store opens with %d of %d acknowledged records (P2)", at, scan.record,
					seq, commits,
				)
			}
		}
		if refused < 135 {
			t.Errorf("refused %d of 150: the bytes that were flipped were not those of the log", refused)
		}
	}
}

// TestMarksTellOfALostEndThatTheLogCannot guards P2: the log alone cannot tell damage of its newest record, or a file
// cut short, from a crash. The marks beside it can.
func TestMarksTellOfALostEndThatTheLogCannot(t *testing.T) {
	for name, damage := range map[string]func(fs vfs.FS, path string, scan walScan){
		"newest record": func(fs vfs.FS, path string, scan walScan) { rot(t, fs, path, scan.record-1, 1) },
		"zeroed end":    func(fs vfs.FS, path string, scan walScan) { leave(t, fs, path, scan.record-1000, 1000) },
		"cut short":     func(fs vfs.FS, path string, scan walScan) { leave(t, fs, path, scan.record-1000, 0) },
		"emptied":       func(fs vfs.FS, path string, _ walScan) { leave(t, fs, path, 0, 0) },
	} {
		fs := rotten(t, 20, true)
		path, scan := newestLog(t, fs)
		damage(fs, path, scan)
		var lost *LostError
		if _, err := lastSeq(fs); !errors.As(err, &lost) {
			t.Errorf("%s: opened with %v", name, err)
		}
		// Planted: without the marks the same damage is taken for a torn end, which is what they are there for.
		if err := fs.Remove("d/" + marksFile); err != nil {
			t.Fatal(err)
		}
		if seq, err := lastSeq(fs); err != nil || seq == 20 {
			t.Errorf("%s: without marks: record %d, %v: nothing was damaged, so the test shows nothing", name, seq, err)
		}
	}
}

// rewrite leaves of a file its first bytes, and zeros behind them.
func leave(t *testing.T, fs vfs.FS, path string, keep int64, zeros int) {
	t.Helper()
	in, err := fs.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	head, err := io.ReadAll(io.NewSectionReader(in, 0, keep))
	if err = errors.Join(err, in.Close()); err != nil {
		t.Fatal(err)
	}
	out, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	_, err = out.Write(append(head, make([]byte, zeros)...))
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestDirectoriesWithoutMarksOpen: those of earlier builds have none, and unknown is no contradiction. One that cannot
// be read is none either, and is told of.
func TestDirectoriesWithoutMarksOpen(t *testing.T) {
	for _, garbage := range []string{"", "neither magic nor sum"} {
		fs := rotten(t, 20, true)
		leave(t, fs, "d/"+marksFile, 0, 0)
		if garbage != "" {
			out, err := fs.Create("d/"+marksFile, vfs.WriteCategoryUnspecified)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := out.Write([]byte(garbage)); err != nil {
				t.Fatal(err)
			}
			_ = out.Close()
		}
		told := ""
		s, err := Open("d", Options{FS: fs, Logf: func(f string, args ...any) { told += fmt.Sprintf(f, args...) }})
		if err != nil {
			t.Fatal(err)
		}
		if seq, err := readAll(s, newChain(0).key, 0); err != nil || seq != 20 {
			t.Errorf("record %d: %v", seq, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if !strings.Contains(told, marksFile+" cannot be read") {
			t.Errorf("told %q", told)
		}
	}
}

// TestLossIsAcceptedOnceAndKeptAside: an operator can see and open what is left, wherever in the log the damage is; the
// damaged log stays where it can be looked at, and the next opening asks nobody.
func TestLossIsAcceptedOnceAndKeptAside(t *testing.T) {
	for _, commits := range []int{60, 600} {
		fs := rotten(t, commits, false)
		path, scan := newestLog(t, fs)
		rot(t, fs, path, scan.record/2, 1)
		var left section.Seq
		for _, o := range []Options{{FS: fs, ReadOnly: true}, {FS: fs, AcceptLoss: true}} {
			s, err := Open("d", o)
			if err != nil {
				t.Fatal(err)
			}
			if s.Lost() == nil {
				t.Errorf("read-only %v: not a word of what is lost", o.ReadOnly)
			}
			if left, err = readAll(s, newChain(0).key, 0); err != nil || left < section.Seq(commits/3) ||
				left > section.Seq(commits*2/3) {
				t.Errorf("read-only %v: %d of %d records are left: %v", o.ReadOnly, left, commits, err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := fs.Stat("d/damaged-" + fs.PathBase(path)); err != nil {
			t.Error(err)
		}
		for range 2 {
			if seq, err := lastSeq(fs); err != nil || seq != left {
				t.Errorf("record %d: %v", seq, err)
			}
		}
	}
}
