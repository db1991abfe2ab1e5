package faultstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"sync"

	"holdfast/actors/section"
	"holdfast/storage"
)

// Store is a storage.Store that hands calls to another one unless a rule says otherwise.
type Store struct {
	inner storage.Store

	mu      sync.Mutex // guards all below; never held while the inner store or a hook runs
	rules   []*armed
	chance  *rand.Rand
	crashed bool
	late    []storage.Append
	calls   [opEnd]int
	claims  uint64 // makes foreign ids differ from claim to claim, and equal from run to run
}

var _ storage.Store = (*Store)(nil)

// Wrap makes a store without rules: it behaves as inner does. seed decides every rule's Chance.
func Wrap(inner storage.Store, seed uint64) *Store {
	return &Store{inner: inner, chance: rand.New(rand.NewPCG(seed, 0x68f1))}
}

// Add appends rules; earlier ones win. Each starts counting now.
func (s *Store) Add(rules ...Rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rules {
		s.rules = append(s.rules, &armed{Rule: r})
	}
}

// Heal drops all rules. Late appends stay on their way.
func (s *Store) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
}

// Crash makes every call fail until Restart: on Commit with ErrUnknown, elsewhere with ErrUnavailable.
func (s *Store) Crash() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.crashed = true
}

// Restart ends a crash. What was on its way and not delivered is gone, as with a process that died.
func (s *Store) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.crashed, s.late = false, nil
}

// Crashed tells whether a rule or Crash has stopped the store.
func (s *Store) Crashed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.crashed
}

// Calls tells how often op was called (for OpCommit: how many appends).
func (s *Store) Calls(op Op) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[op]
}

// Deliver hands all late appends to the inner store, in the order they were sent, and returns its answers. No rule
// applies.
func (s *Store) Deliver(ctx context.Context) []error {
	s.mu.Lock()
	late := s.late
	s.late = nil
	s.mu.Unlock()
	var errs []error
	for i := range late { // one by one: several may be of one section
		errs = append(errs, s.inner.Commit(ctx, late[i:i+1])...)
	}
	return errs
}

// decide counts the call and returns the rule that fires on it, if any.
func (s *Store) decide(c call) (rule Rule, crashed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[c.op]++
	if s.crashed {
		return Rule{}, true
	}
	for _, r := range s.rules {
		if r.matches(c, s.chance.Float64) {
			return r.Rule, false
		}
	}
	return Rule{}, false
}

// guard lets a call other than Commit through, or answers for it.
func (s *Store) guard(ctx context.Context, c call) error {
	rule, crashed := s.decide(c)
	if crashed {
		return storage.ErrUnavailable
	}
	if rule.Hook != nil {
		rule.Hook(ctx)
	}
	switch rule.Do {
	case Pass:
		return nil
	case CrashBefore, CrashAfter:
		s.Crash()
		return storage.ErrUnavailable
	default:
		return rule.err()
	}
}

func (r *Rule) err() error {
	if r.Err != nil {
		return r.Err
	}
	return storage.ErrUnavailable
}

// Commit implements storage.Log. Appends that no rule touches go to the inner store in one call.
func (s *Store) Commit(ctx context.Context, appends []storage.Append) []error {
	errs := make([]error, len(appends))
	pass := make([]storage.Append, 0, len(appends))
	at := make([]int, 0, len(appends)) // pass[i] is appends[at[i]]
	unknown := make([]bool, len(appends))
	crash := false
	for i := range appends {
		a := &appends[i]
		action, err := s.strike(ctx, a, crash)
		errs[i] = err
		switch action {
		case KeepUnknown, CrashAfter:
			unknown[i] = true
			fallthrough
		case Pass, Fence:
			pass, at = append(pass, *a), append(at, i)
		}
		crash = crash || action == CrashBefore
		if action == CrashAfter {
			crash = true
		}
	}
	if len(pass) > 0 {
		for i, err := range s.inner.Commit(ctx, pass) {
			errs[at[i]] = err
		}
	}
	for i := range errs {
		if unknown[i] || crash && errs[i] == nil {
			errs[i] = storage.ErrUnknown // whoever crashes hears nothing
		}
	}
	return errs
}

// strike applies the rules to one append: what to do with it, and the answer if it is not handed on.
func (s *Store) strike(ctx context.Context, a *storage.Append, crash bool) (Action, error) {
	c := sectionCall(OpCommit, a.Section)
	c.kind = a.Entry.Kind
	rule, crashed := s.decide(c)
	if crashed || crash {
		return LoseUnknown, storage.ErrUnknown
	}
	if rule.Hook != nil {
		rule.Hook(ctx)
	}
	switch rule.Do {
	case Lose, Fail:
		return Lose, rule.err()
	case LoseUnknown:
		return LoseUnknown, storage.ErrUnknown
	case Late:
		s.mu.Lock()
		s.late = append(s.late, clone(a))
		s.mu.Unlock()
		return Late, storage.ErrUnknown
	case Fence:
		return Fence, s.claim(ctx, a.Section)
	case CrashBefore, CrashAfter:
		s.Crash()
		if rule.Do == CrashBefore {
			return CrashBefore, storage.ErrUnknown
		}
	}
	return rule.Do, nil
}

func clone(a *storage.Append) storage.Append {
	c := *a
	c.Entry.Body = bytes.Clone(a.Entry.Body)
	c.Sell = slices.Clone(a.Sell)
	c.Refund = slices.Clone(a.Refund)
	return c
}

// claim appends a takeover by a writer nobody knows, as a rival node would.
func (s *Store) claim(ctx context.Context, key storage.SectionKey) error {
	tail, err := s.inner.Tail(ctx, key)
	if err != nil {
		return err
	}
	entry := storage.Entry{
		Kind:  storage.EntryClaim,
		Seq:   tail.Seq + 1,
		Epoch: tail.Epoch + 1,
		Prev:  tail.Hash,
		Body:  []byte("faultstore"),
	}
	s.mu.Lock()
	s.claims++
	n := s.claims
	s.mu.Unlock()
	copy(entry.Writer[:], "foreign")
	binary.BigEndian.PutUint64(entry.Writer[8:], n)
	entry.Batch = storage.BatchID(entry.Writer)
	return s.inner.Commit(ctx, []storage.Append{{Section: key, Entry: entry}})[0]
}

// Tail implements storage.Log.
func (s *Store) Tail(ctx context.Context, key storage.SectionKey) (storage.Tail, error) {
	if err := s.guard(ctx, sectionCall(OpTail, key)); err != nil {
		return storage.Tail{}, err
	}
	return s.inner.Tail(ctx, key)
}

// Read implements storage.Log.
func (s *Store) Read(
	ctx context.Context, key storage.SectionKey, after section.Seq, visit func(*storage.Entry, storage.Hash) error,
) error {
	if err := s.guard(ctx, sectionCall(OpRead, key)); err != nil {
		return err
	}
	return s.inner.Read(ctx, key, after, visit)
}
