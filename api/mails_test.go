package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"holdfast/actors/feed"
	"holdfast/actors/feed/mail"
	"holdfast/actors/feed/mail/letter"
	"holdfast/actors/section"
	"holdfast/api/wire/mails"
	"holdfast/storage"
)

// fakeMails has five dead mails.
type fakeMails struct {
	dead   []mail.Queued
	resent int
	fail   error
}

func (f *fakeMails) Status() mail.Status {
	return mail.Status{Queued: 3 + f.resent, Broken: errors.New("no route to it")}
}

func (f *fakeMails) Dead(_ context.Context, after *feed.Ref, limit int) (page []mail.Queued, err error) {
	for i := range f.dead {
		if (after == nil || f.dead[i].Ref.Seq > after.Seq) && len(page) < limit {
			page = append(page, f.dead[i])
		}
	}
	return page, f.fail
}

func (f *fakeMails) Resend(_ context.Context, ref feed.Ref) error {
	i := slices.IndexFunc(f.dead, func(q mail.Queued) bool { return q.Ref == ref })
	if i < 0 || f.fail != nil {
		return errors.Join(mail.ErrNotDead, f.fail)
	}
	f.dead, f.resent = slices.Delete(f.dead, i, i+1), f.resent+1
	return nil
}

// TestOperatorsSeeAndResendMails: what was given up is listed page by page, and sent once more, once under one key;
// buyers have no business there.
func TestOperatorsSeeAndResendMails(t *testing.T) {
	service := &fakeMails{}
	for i := range 5 {
		service.dead = append(service.dead, mail.Queued{Kind: letter.Confirmed, Fault: mail.Rejected, Attempts: 2,
			Due: 9, Ref: feed.Ref{Shard: storage.SectionKey{Event: storage.EventID{7}}, Seq: section.Seq(10 + i),
				N: 1}})
	}
	h := open(t, func(c *Config) { c.Mails = service })
	var all []mails.Dead
	for cursor := ""; ; {
		var page mails.Status
		h.do("GET", "/v1/mails?limit=2"+cursor, operator, "").want(200, "").into(&page)
		if !page.Sending || page.Queued != 3 || page.Failing == nil || *page.Failing != "no route to it" {
			t.Errorf("it is told %+v", page)
		}
		if all = append(all, page.Dead...); page.NextCursor == nil {
			break
		}
		cursor = "&cursor=" + *page.NextCursor
	}
	if len(all) != 5 || all[4].Kind != "confirmed" || all[4].Reason != "rejected" || all[4].Attempts != 2 {
		t.Fatalf("listed: %+v", all)
	}
	path := "/v1/mails/" + all[1].ID + "/resend"
	for range 2 {
		h.do("POST", path, keyed("again"), "").want(202, "")
	}
	h.do("POST", path, operator, "").want(404, "not_found")
	if service.resent != 1 || len(service.dead) != 4 {
		t.Errorf("%d were resent, %d are left", service.resent, len(service.dead))
	}
	for path, field := range map[string]string{"/v1/mails?limit=0": "limit", "/v1/mails?limit=501": "limit",
		"/v1/mails?cursor=x": "cursor", "/v1/mails?buyer=bob": "buyer"} {
		if a := h.do("GET", path, operator, "").want(400, "bad_request"); a.problem.Field != field {
			t.Errorf("%s names %q", path, a.problem.Field)
		}
	}
	h.do("POST", "/v1/mails/nonsense/resend", operator, "").want(404, "not_found")
	h.do("GET", "/v1/mails", alice, "").want(403, "forbidden")
	h.do("POST", path, alice, "").want(403, "forbidden")
	service.fail = fmt.Errorf("disk: %w", storage.ErrUnavailable)
	h.do("GET", "/v1/mails", operator, "").want(503, "unavailable")
}

// TestAServerWithoutAMailServerSaysSo: nothing is sent, and nothing is there to be sent again.
func TestAServerWithoutAMailServerSaysSo(t *testing.T) {
	h := open(t, nil)
	var status mails.Status
	h.do("GET", "/v1/mails", operator, "").want(200, "").into(&status)
	if status.Sending || status.Queued != 0 || len(status.Dead) != 0 {
		t.Errorf("it is told %+v", status)
	}
	h.do("POST", "/v1/mails/x/resend", operator, "").want(404, "not_found")
}
