package writer

import (
	"holdfast/actors/witness"
	"holdfast/storage"
	"testing"
)

// TestLifecycle compares every pair of states with the drawing.
func TestLifecycle(t *testing.T) {
	allowed := map[[2]Phase]bool{
		{Stopped, Acquiring}: true, {Acquiring, Loading}: true, {Acquiring, Stopped}: true, {Acquiring, Condemned}: true,
		{Loading, Serving}: true, {Loading, Stopped}: true, {Loading, Condemned}: true, {Serving, Draining}: true,
		{Serving, Stopped}: true, {Serving, Condemned}: true, {Draining, Stopped}: true, {Draining, Condemned}: true,
		{Stopped, Condemned}: true,
	}
	for from := Stopped; from <= Condemned; from++ {
		for to := Stopped; to <= Condemned; to++ {
			if got := may(from, to); got != allowed[[2]Phase{from, to}] {
				t.Errorf("%v to %v: %v", from, to, got)
			}
		}
	}
}

func may(from, to Phase) (ok bool) {
	defer func() { ok = recover() == nil }()
	return transition(from, to) == to
}

func TestAfterStop(t *testing.T) {
	for _, row := range []struct {
		why  error
		want Phase
	}{
		{&storage.CorruptError{}, Condemned}, {&witness.LostError{}, Condemned}, {storage.ErrTicketTaken, Condemned}, {storage.ErrGap, Condemned}, {&storage.FencedError{}, Stopped},
		{storage.ErrUnavailable, Stopped}, {nil, Stopped},
	} {
		if got := AfterStop(row.why); got != row.want {
			t.Errorf("%v: %v, want %v", row.why, got, row.want)
		}
	}
}

func TestActivationDelay(t *testing.T) {
	if activationDelay(1).Milliseconds() != 50 || activationDelay(99).Milliseconds() != 800 {
		t.Errorf("activation: %v %v", activationDelay(1), activationDelay(99))
	}
}

func TestResendDelay(t *testing.T) {
	if ResendDelay(0).Milliseconds() != 10 || ResendDelay(3).Milliseconds() != 80 || ResendDelay(99).Seconds() != 1 {
		t.Errorf("resend: %v %v %v", ResendDelay(0), ResendDelay(3), ResendDelay(99))
	}
}
