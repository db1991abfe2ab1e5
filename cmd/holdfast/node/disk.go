package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"holdfast/actors/checkout/sandbox"
	"holdfast/actors/oplog"
	"holdfast/api"
	"holdfast/cmd/holdfast/config"
	"holdfast/cmd/holdfast/datafolder"
	"holdfast/storage/pebblestore"
)

// alarmDiskFull is the alarm's stable name.
const alarmDiskFull = "disk_full"

// logSpace is one line when the disk is full and one when there is room again.
func (n *Node) logSpace(s pebblestore.Space) {
	if s.Full {
		n.log.Error("ALARM: the disk is full: nothing is sold until there is room; reads are served", "alarm",
			alarmDiskFull,
			"free_bytes", s.FreeBytes, "needed_bytes", 2*s.LowBytes)
		return
	}
	n.log.Info("there is room on the disk again: selling goes on", "alarm", alarmDiskFull, "free_bytes", s.FreeBytes)
}

// writable says why nothing can be written at the moment; nil: it can.
func (n *Node) writable() error {
	if n.pebble == nil {
		return nil
	}
	if space := n.pebble.Space(); space.Full {
		return space
	}
	return nil
}

// diskMetrics are those of a node on its embedded store.
func diskMetrics(space func() pebblestore.Space) []prometheus.Collector {
	return []prometheus.Collector{
		gauge("store_free_bytes", "Bytes free on the disk below --data.", func() float64 {
			return float64(space().FreeBytes)
		}),
		gauge("store_disk_full", "ALARM at 1: the disk below --data is full; reads are served, and nothing is sold "+
			"until there is room.", func() float64 {
			if space().Full {
				return 1
			}
			return 0
		}),
	}
}

// Pauses between two tries to open a data folder on a full disk.
const (
	reopenMin = 250 * time.Millisecond
	reopenMax = 5 * time.Second
)

// openEmbedded opens the data folder. On a full disk it listens meanwhile, says so on /readyz, and tries again until
// there is room or ctx ends.
func (n *Node) openEmbedded(ctx context.Context, c *config.Config, files int, outside *api.Config) error {
	err := n.openFolder(c, files)
	if !diskFull(err) {
		return err
	}
	n.log.Error("ALARM: the disk is full: the store cannot be opened and is tried again; nothing acknowledged is lost",
		"alarm", alarmDiskFull, "error", err)
	if err := n.listen(c); err != nil {
		return err
	}
	why := atomic.Pointer[error]{}
	why.Store(&err)
	stop := n.answerMeanwhile(outside, func() error { return *why.Load() }, c.Data)
	defer stop()
	for wait := reopenMin; ; wait = min(2*wait, reopenMax) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("stopped while the disk was full: %w", ctx.Err())
		case <-time.After(wait):
		}
		again := n.openFolder(c, files)
		if !diskFull(again) {
			if again == nil {
				n.log.Info("there is room on the disk again: the store is open", "alarm", alarmDiskFull)
			}
			return again
		}
		why.Store(&again)
	}
}

func diskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// exitDiskFailure is the exit status after a disk that failed (EX_IOERR of sysexits.h).
const exitDiskFailure = 74

// endOnDiskFailure ends the process: nothing that it believes about its disk is worth anything any more.
func (n *Node) endOnDiskFailure(message string) {
	n.log.Error("ALARM: "+message, "alarm", "disk_failed")
	if lines, ok := n.log.Handler().(*oplog.Handler); ok {
		lines.Flush()
	}
	if n.exit == nil {
		panic(message)
	}
	n.exit(exitDiskFailure)
}

// openFolder opens store and books of a data folder, or nothing.
func (n *Node) openFolder(c *config.Config, files int) error {
	if c.TestClock {
		if err := datafolder.MarkForTests(c.Data); err != nil {
			return fmt.Errorf("--test-clock: %w", err)
		}
	}
	store, err := datafolder.Open(c.Data, pebblestore.Options{
		OpenFiles: files, FreeMin: uint64(c.DiskFreeMinMiB) << 20, Space: n.logSpace, Fatal: n.endOnDiskFailure,
	}, n.log)
	if err != nil {
		return err
	}
	if err := n.openBooks(c); err != nil {
		return errors.Join(err, store.Close())
	}
	n.store, n.pebble = store, store
	return nil
}

// openBooks opens what a data folder keeps beside the store, or nothing.
func (n *Node) openBooks(c *config.Config) error {
	data := c.Data
	ahead, err := datafolder.TestClock(data)
	switch {
	case err != nil:
		return err
	case ahead != nil && !c.DevAuth:
		return fmt.Errorf("%s was made for tests (--test-clock): it is served with --dev-auth only", data)
	}
	n.ahead = ahead
	if err := n.remember(data); err != nil {
		return err
	}
	err = datafolder.RecordCharges(n.witness, data)
	if err == nil && c.Inside() {
		n.inside, err = sandbox.Open(filepath.Join(data, datafolder.PaymentsFile))
	}
	if err != nil {
		err = errors.Join(fmt.Errorf("payments: %w", err), n.witness.Close())
		n.witness = nil
	}
	return err
}

// answerMeanwhile serves the node's listeners as a server without an engine. stop hands the listeners back as they
// were: nobody who connects meanwhile is turned away.
func (n *Node) answerMeanwhile(outside *api.Config, why func() error, data string) (stop func()) {
	server := api.NewWaiting(why, *outside)
	server.Registry().MustRegister(buildMetric(n.build))
	server.Registry().MustRegister(diskMetrics(func() pebblestore.Space {
		return pebblestore.Space{FreeBytes: freeBytes(data), Full: true}
	})...)
	var serving sync.WaitGroup
	loans := []*lent{{Listener: n.listener}}
	serving.Go(func() { _ = server.Serve(loans[0]) }) // its end is asked for below
	if n.admin != nil {
		admin := &lent{Listener: n.admin}
		loans = append(loans, admin)
		serving.Go(func() { _ = server.ServeAdmin(admin) })
	}
	n.log.Info("listening, and not ready", "address", n.Addr(), "build", n.build.String())
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			n.log.Warn("clients were cut off while the store opened", "error", err)
		}
		serving.Wait()
		for _, l := range loans {
			if err := l.giveBack(); err != nil {
				n.log.Error("the listener does not accept any more", "error", err)
			}
		}
	}
}

// freeBytes asks the file system; 0 when it does not say.
func freeBytes(dir string) uint64 {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0
	}
	return s.Bavail * uint64(s.Bsize)
}

// lent is a listener whose Close ends Accept and leaves the listener open for the next who accepts.
type lent struct {
	net.Listener
	over atomic.Bool
}

// Accept implements net.Listener.
func (l *lent) Accept() (net.Conn, error) {
	if l.over.Load() {
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil && l.over.Load() {
		return nil, net.ErrClosed
	}
	return conn, err
}

// Close implements net.Listener.
func (l *lent) Close() error {
	l.over.Store(true)
	timed, ok := l.Listener.(*net.TCPListener)
	if !ok {
		return nil
	}
	return timed.SetDeadline(time.Now())
}

// giveBack makes the listener accept again.
func (l *lent) giveBack() error {
	timed, ok := l.Listener.(*net.TCPListener)
	if !ok {
		return nil
	}
	return timed.SetDeadline(time.Time{})
}
