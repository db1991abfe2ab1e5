package actors

// dispatcher runs actors' mailboxes on goroutines that it keeps. The library's own starts a new goroutine whenever a mailbox turns
// from empty to not: with a few requests per section in flight that is for every record, and each new goroutine grows its
// stack by copying on its way into the section core, which cost a tenth of all processor time. A kept one has grown already.
type dispatcher struct {
	idle chan func()   // handed to a waiting goroutine; unbuffered, so nothing ever waits in it
	quit chan struct{} // closed at the end: idle goroutines leave, later mailboxes get goroutines of their own
}

// dispatcherBatch is how many messages a mailbox may handle before it lets others run.
const dispatcherBatch = 300

func newDispatcher() *dispatcher {
	return &dispatcher{idle: make(chan func()), quit: make(chan struct{})}
}

// Schedule runs a mailbox on an idle goroutine, or on a new one when none is idle: it never waits.
func (d *dispatcher) Schedule(run func()) {
	select {
	case d.idle <- run:
	default:
		go d.work(run)
	}
}

// Throughput implements the library's interface.
func (d *dispatcher) Throughput() int { return dispatcherBatch }

// work runs one mailbox after the other, until close. There are never more goroutines than mailboxes that were busy at once.
func (d *dispatcher) work(run func()) {
	for {
		run()
		select {
		case run = <-d.idle:
		case <-d.quit:
			return
		}
	}
}

func (d *dispatcher) close() { close(d.quit) }
