package peerlink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// session is one stream to one peer, from the hellos to the end. One goroutine reads and calls the handler, one writes.
//
//	outbox ──▶ write ──▶ stream ══▶ the peer's read ──▶ PeerUp, Received …, PeerDown
//	                        ▲
//	     ctx ends: read, write and stream end, whichever side or clock has ended it
type session struct {
	link     *Link
	peer     *peer
	stream   stream
	number   uint64 // of the peer's streams
	protocol uint8
	out      *outbox
	ctx      context.Context
	cancel   context.CancelCauseFunc

	// Moments on the link's clock, for the watch; zero: no.
	waiting atomic.Int64 // since when the reader waits for the peer
	writing atomic.Int64 // since when the writer waits for the stream
}

// stream is what both ends of gRPC's have in common.
type stream interface {
	SendMsg(m any) error
	RecvMsg(m any) error
}

var errEnded = errors.New("the peer ended the session, or its connection broke")

// errHandler ends a session whose handler panicked: the rest of the frame is lost, which no session survives.
var errHandler = errors.New("the handler panicked")

// end gives the session its end. The first reason counts.
func (s *session) end(why error) { s.cancel(why) }

// run is the session's life on its reader's goroutine. The caller has taken the peer's turn, which ends here.
func (s *session) run() {
	p, handler := s.peer, s.link.opts.Handler
	defer func() { <-p.turn.held }()
	s.out = newOutbox(s.link.opts.OutboxBytes, s.link.now)
	if s.ctx.Err() != nil || p.ctx.Err() != nil || !s.link.spawn(s.write) {
		s.end(errRemoved)
		return
	}
	p.sessions.Add(1)
	p.current.Store(s)
	if s.number != p.newest.Load() { // a newer stream came before it could see this one
		s.end(errReplaced)
	}
	defer context.AfterFunc(s.ctx, s.close)() // at once, also while the handler is at work
	log := s.link.opts.Logger.With("peer", p.name, "address", p.at())
	log.Info("link up", "session", p.sessions.Load(), "protocol", s.protocol)
	s.guard(func() error { handler.PeerUp(p.id); return nil })
	s.guard(s.read)
	s.close()
	log.Info("link down", "why", s.why())
	s.guard(func() error { handler.PeerDown(p.id); return nil })
}

// close has Up and Send say no.
func (s *session) close() {
	s.peer.current.CompareAndSwap(s, nil)
	s.out.close()
}

// why is the reason of the session's end, for people.
func (s *session) why() string {
	why := context.Cause(s.ctx)
	if why == context.Canceled { // gRPC's, at the acceptor's end
		return errEnded.Error()
	}
	return status.Convert(why).Message()
}

// guard ends the session when work fails or panics, and never the process.
func (s *session) guard(work func() error) {
	defer func() {
		if r := recover(); r != nil {
			s.waiting.Store(0)
			s.link.opts.Logger.Error("a message from a peer made its handler panic", "peer", s.peer.name, "panic", r,
				"stack", string(debug.Stack()))
			s.end(errHandler)
		}
	}()
	if err := work(); err != nil {
		s.end(err)
	}
}

// read hands over what the peer says until the stream ends.
func (s *session) read() error {
	var in incoming
	for s.ctx.Err() == nil {
		s.waiting.Store(s.link.now())
		err := s.stream.RecvMsg(&in)
		s.waiting.Store(0)
		if status.Code(err) == codes.ResourceExhausted { // longer than any frame: gRPC has not read it
			return s.malformed(err)
		}
		if err != nil {
			return ended(err)
		}
		if s.ctx.Err() == nil { // nothing of a session is told after its end
			err = s.take(in.bytes())
		}
		in.free()
		if err != nil {
			return err
		}
	}
	return nil
}

// take hands over the messages of one frame.
func (s *session) take(b []byte) error {
	p := s.peer
	h, packed, messages, err := parseFrame(b, s.protocol)
	if err != nil {
		return s.malformed(err)
	}
	p.received.frames.Add(1)
	p.received.messages.Add(uint64(messages))
	p.received.bytes.Add(uint64(len(b)))
	s.out.received(h)
	for len(packed) > 0 {
		var message []byte
		message, packed, _ = cutMessage(packed) // checked before
		if err := s.link.opts.Handler.Received(p.id, message); err != nil {
			return s.malformed(err)
		}
	}
	return nil
}

// malformed counts and tells what no node says, and words it for the peer.
func (s *session) malformed(err error) error {
	s.link.malformed.Add(1)
	s.link.noteFrame(s, err)
	return status.Error(codes.InvalidArgument, err.Error())
}

// write sends what the outbox has until the session ends.
func (s *session) write() {
	p := s.peer
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.out.wake:
		}
		// who can run now may add a message first: more share the frame, and nobody waits when nobody runs
		runtime.Gosched()
		for s.ctx.Err() == nil {
			f, ok := s.out.take()
			if !ok {
				break
			}
			size := len(*f.data)
			s.writing.Store(s.link.now())
			err := s.stream.SendMsg(&outgoing{f.data})
			s.writing.Store(0)
			if err != nil {
				if !errors.Is(err, io.EOF) { // the reader hears why the stream ended
					s.end(ended(err))
				}
				return
			}
			p.sent.frames.Add(1)
			p.sent.messages.Add(uint64(f.messages))
			p.sent.bytes.Add(uint64(size))
		}
	}
}

// watch ends a session whose peer is silent or does not read, and keeps this side from being silent.
func (s *session) watch() {
	o, now := &s.link.opts, s.link.now()
	if since := s.waiting.Load(); since != 0 && now-since > int64(o.DownAfter) {
		s.end(fmt.Errorf("nothing was heard for %v", time.Duration(now-since).Round(time.Millisecond)))
	}
	if since := s.writing.Load(); since != 0 && now-since > int64(o.WriteTimeout) {
		s.end(fmt.Errorf("a write has been stuck for %v: the peer does not read",
			time.Duration(now-since).Round(time.Millisecond)))
	}
	s.out.beatAfter(o.KeepAlive)
}

// ended words what gRPC says of a stream that is over.
func ended(err error) error {
	switch status.Code(err) {
	case codes.Canceled:
		return errEnded
	case codes.Unavailable:
		return fmt.Errorf("the connection broke: %s", status.Convert(err).Message())
	}
	if errors.Is(err, io.EOF) {
		return errors.New("the peer ended the session")
	}
	return fmt.Errorf("the peer ended the session: %s", status.Convert(err).Message())
}
