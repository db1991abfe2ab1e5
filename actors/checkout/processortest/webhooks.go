package processortest

import (
	"time"

	"holdfast/actors/checkout/processor"
)

func webhooks(s *scene) {
	s.need("webhooks", s.b.Sign != nil)
	a, now := attempt(1), time.Now()
	ref := s.charged(a, s.b.Captured, processor.Captured)
	verify := func(header processor.Header, body []byte) (processor.Hint, error) {
		return s.p.Verify(header, body, now)
	}
	var ids []string
	for _, secret := range []int{0, 1} { // a secret is being replaced
		for _, away := range []time.Duration{0, -4 * time.Minute, 4 * time.Minute} {
			hint, err := verify(s.b.Sign(s.t, secret, a, ref, now.Add(away)))
			if err != nil || hint.Attempt != a || hint.Kind != processor.HintPayment || hint.ID == "" {
				s.t.Errorf("secret %d, %v away: %+v, %v", secret, away, hint, err)
			}
			ids = append(ids, hint.ID)
		}
	}
	refused := func(what string, header processor.Header, body []byte) {
		s.t.Helper()
		if hint, err := verify(header, body); err == nil || hint != (processor.Hint{}) {
			s.t.Errorf("%s: %+v, %v", what, hint, err)
		}
	}
	sign := func(secret int, away time.Duration) (processor.Header, []byte) {
		return s.b.Sign(s.t, secret, a, ref, now.Add(away))
	}
	header, body := sign(2, 0)
	refused("another secret", header, body)
	header, body = sign(0, -6*time.Minute)
	refused("an old one", header, body)
	header, body = sign(0, 6*time.Minute)
	refused("one of the future", header, body)
	header, body = sign(0, 0)
	refused("no header", func(string) string { return "" }, body)
	refused("a torn body", header, body[:len(body)-1])
	refused("a longer body", header, append(append([]byte(nil), body...), ' '))
	refused("no body", header, nil)
	for cut := range 40 { // every beginning and every changed byte of the signature
		refused("a torn signature", func(name string) string {
			value := header(name)
			return value[:max(0, len(value)-1-cut)]
		}, body)
		refused("a changed signature", func(name string) string { return flipped(header(name), cut) }, body)
	}
	if ids[0] != ids[len(ids)-1] {
		s.t.Logf("each webhook of this bank is a message of its own: %v", ids)
	}
}

// flipped changes the byte at a distance from the end.
func flipped(text string, cut int) string {
	at := len(text) - 1 - cut
	if at < 0 {
		return ""
	}
	changed := byte('0')
	if text[at] == changed {
		changed = '1'
	}
	return text[:at] + string(changed) + text[at+1:]
}
