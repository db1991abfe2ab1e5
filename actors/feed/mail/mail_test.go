package mail_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/actors/feed"
	"holdfast/actors/feed/mail"
	"holdfast/actors/feed/mail/letter"
	"holdfast/actors/section"
	"holdfast/actors/section/account"
	"holdfast/storage"
)

// settle lets everything happen that is due within a while.
func settle(d time.Duration) {
	<-time.After(d) // virtual: see synctest
	synctest.Wait()
}

// TestBuyersAreTold (P15): whatever becomes of a booking has its mail, in words that fit, to the one who booked.
func TestBuyersAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.contact("alice", "alice@example.com")
		h.contact("bob", "bob@example.com")
		_, stop := h.serve()
		defer stop()
		h.sell(9, "bob", 0, 1, 2)
		settle(5 * time.Second)
		h.want("Your tickets for Rök", "bob@example.com", "A-1-1, A-1-2, A-1-3", "Total: 135.00 EUR",
			"Saturday, 8 May 2027, 20:00 (UTC+02:00)", "https://box.example/#/e/"+h.event.String(), "attached")
		h.refund(9, 2, 4500, account.Requested, 1)
		settle(5 * time.Second)
		h.want("Your refund for Rök", "bob@example.com", "Some of your seats", "45.00 EUR", "A: A-1-2\n", "stay yours")
		h.refund(9, 0, 9000, account.Requested, 0, 2)
		settle(5 * time.Second)
		h.want(
			"Your refund for Rök", "bob@example.com", "Your booking was given back", "90.00 EUR", "A: A-1-1, A-1-3\n",
		)
		h.refund(9, 0, 13500, account.Anomaly)
		settle(5 * time.Second)
		h.want("Your payment for Rök goes back to you", "bob@example.com", "not held for you any more", "135.00 EUR")
		h.sell(10, "alice", 4)
		settle(5 * time.Second)
		h.want("Your tickets for Rök", "alice@example.com", "A-1-5")
		h.cancel("the roof leaks")
		h.refund(10, 0, 4500, account.Requested, 4)
		settle(5 * time.Second)
		h.want("Rök is cancelled", "alice@example.com", "45.00 EUR", "the roof leaks", "A-1-5")
	})
}

// TestMailsAreInTheBuyersLanguage: as far as there are words for it.
func TestMailsAreInTheBuyersLanguage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		_, stop := h.serve()
		defer stop()
		for language, want := range map[string]string{"": "Your tickets for Rök", "de-AT": "Ihre Karten für Rök",
			"fr": "Your tickets for Rök"} {
			if err := h.store.PutContact(t.Context(), "bob", storage.Contact{Email: "b@example.com", Language: language,
				At: 1}); err != nil {
				t.Fatal(err)
			}
			h.sell(section.BookingNo(h.tail.Seq+1), "bob", 0)
			settle(5 * time.Second)
			h.want(want, "b@example.com", "A-1-1")
		}
	})
}

// want takes the one mail that was sent, and looks what it says.
func (h *house) want(subject, to string, words ...string) {
	h.t.Helper()
	sent := h.mails()
	if len(sent) != 1 || sent[0].Subject != subject || sent[0].To != to {
		h.t.Fatalf("not one mail %q to %s: %+v", subject, to, sent)
	}
	for _, word := range words {
		if !strings.Contains(sent[0].Text, word) {
			h.t.Errorf("%q does not say %q:\n%s", subject, word, sent[0].Text)
		}
	}
	if tickets := len(sent[0].Attachments) > 0; tickets != (strings.HasPrefix(subject, "Your tickets") ||
		strings.HasPrefix(subject, "Ihre Karten")) {
		h.t.Errorf("%q has %d attachments", subject, len(sent[0].Attachments))
	}
}

// TestReminders: a hold's buyer hears once, before its end, and not when there is nothing to be reminded of.
func TestReminders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.contact("bob", "bob@example.com")
		_, stop := h.serve()
		defer stop()
		h.write(h.hold(1, "bob", 10*time.Minute, 0))
		settle(8*time.Minute - time.Second)
		if sent := h.mails(); len(sent) != 0 {
			t.Fatalf("too early: %+v", sent)
		}
		settle(5 * time.Second)
		h.want(
			"Your seats for Rök are held until "+time.Now().
				Add(2*time.Minute-4*time.Second).
				In(berlin(t)).
				Format("15:04"),
			"bob@example.com",
			"A-1-1",
			"Total: 45.00 EUR",
		)

		h.write(h.hold(2, "bob", 10*time.Minute, 1)) // paid for
		settle(time.Minute)
		h.stands(2, mail.Standing{State: section.BookingConfirmed})
		h.write(section.Change{Kind: section.PaymentBegun, Booking: 2, Pay: account.Payment{Attempt: 1}},
			section.Change{Kind: section.BookingSold, Booking: 2})
		h.write(h.hold(3, "bob", 10*time.Minute, 2)) // released
		h.write(section.Change{Kind: section.HoldReleased, Booking: 3})
		h.write(h.hold(4, "bob", 4*time.Minute, 3)) // too short to be of use
		settle(10 * time.Minute)
		if sent := h.mails(); len(sent) != 1 || sent[0].Subject != "Your tickets for Rök" {
			t.Fatalf("nobody was to be reminded: %+v", sent)
		}
		extended := h.hold(5, "bob", 10*time.Minute, 4)
		h.write(extended)
		settle(7 * time.Minute)
		ends := time.Now().Add(10 * time.Minute)
		h.stands(5, mail.Standing{State: section.BookingHeld, ExpiresAt: section.Instant(ends.UnixMilli())})
		h.write(section.Change{Kind: section.HoldExtended, Booking: 5, ExpiresAt: section.Instant(ends.UnixMilli())})
		settle(7 * time.Minute)
		if sent := h.mails(); len(sent) != 0 {
			t.Fatalf("it was extended: %+v", sent)
		}
		settle(2 * time.Minute)
		h.want("Your seats for Rök are held until "+ends.In(berlin(t)).Format("15:04"), "bob@example.com")
	})
}

func berlin(t *testing.T) *time.Location {
	zone, err := storage.LoadZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// TestAMailServerThatIsAwayLosesNothing (P15): mails wait, over restarts too, and have the same id whenever they come.
func TestAMailServerThatIsAwayLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.contact("bob", "bob@example.com")
		tries := map[string]int{}
		h.refusing(func(m *mail.Message) error { tries[m.ID]++; return errors.New("away") })
		s, stop := h.serve()
		for no := range section.BookingNo(5) {
			h.sell(no+1, "bob", section.SeatIndex(no))
		}
		settle(10 * time.Minute)
		if s.Status().Queued != 5 || s.Status().Broken == nil {
			t.Errorf("it says of itself %+v", s.Status())
		}
		stop()
		if queued, dead := h.left(); len(queued) != 5 || len(dead) != 0 || len(tries) != 5 {
			t.Fatalf("%d queued, %d dead, %d were tried", len(queued), len(dead), len(tries))
		}
		h.refusing(nil)
		s, stop = h.serve()
		defer stop()
		settle(time.Hour)
		sent := h.mails()
		for _, m := range sent {
			if tries[m.ID] == 0 {
				t.Errorf("a repeat has another id: %s", m.ID)
			}
		}
		if queued, _ := h.left(); len(queued) != 0 || len(sent) != 5 || s.Status().Broken != nil {
			t.Errorf("%d were sent, %d are left: %+v", len(sent), len(queued), s.Status())
		}
	})
}

// TestMailsAreNotTriedForEver: after three days a mail is dead, and listed.
func TestMailsAreNotTriedForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.contact("bob", "bob@example.com")
		tries := 0
		h.refusing(func(*mail.Message) error { tries++; return errors.New("away") })
		s, stop := h.serve()
		defer stop()
		h.sell(1, "bob", 0)
		settle(4 * 24 * time.Hour)
		queued, dead := h.left()
		if len(queued) != 0 || len(dead) != 1 || dead[0].Fault != mail.TooLong || s.Counts().Dead.Load() != 1 {
			t.Errorf("%+v are queued, %+v dead", queued, dead)
		}
		if tries < 15 || tries > 60 {
			t.Errorf("it was tried %d times", tries)
		}
		if err := s.Resend(t.Context(), feed.Ref{}); !errors.Is(err, mail.ErrNotDead) {
			t.Errorf("one that is not dead: %v", err)
		}
		h.refusing(nil)
		if err := s.Resend(t.Context(), dead[0].Ref); err != nil {
			t.Error(err)
		}
		settle(time.Minute)
		h.want("Your tickets for Rök", "bob@example.com")
		if queued, dead = h.left(); len(queued)+len(dead) != 0 {
			t.Errorf("%+v are queued, %+v dead", queued, dead)
		}
	})
}

// TestDeadMailsAreForgotten: the list of the dead is bounded.
func TestDeadMailsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.contact("bob", "bob@example.com")
		h.refusing(func(*mail.Message) error { return mail.ErrRejected })
		_, stop := h.serve()
		h.sell(1, "bob", 0)
		settle(time.Minute)
		stop()
		for _, want := range []int{1, 0} { // after 29 days, and after 31
			settle((29 - 27*time.Duration(1-want)) * 24 * time.Hour)
			_, stop = h.serve()
			settle(10 * time.Minute)
			stop()
			if _, dead := h.left(); len(dead) != want {
				t.Errorf("%d dead mails, not %d", len(dead), want)
			}
		}
	})
}

// TestOldNewsIsNoNews: mails that were off for a month do not begin with what happened meanwhile, nor with what was
// before they were ever on; what happened in a short break is told.
func TestOldNewsIsNoNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.contact("bob", "bob@example.com")
		h.sell(1, "bob", 0)
		settle(time.Second)
		_, stop := h.serve()
		settle(10 * time.Second)
		stop()
		if sent := h.mails(); len(sent) != 0 {
			t.Errorf("what was before: %d mails", len(sent))
		}
		h.sell(2, "bob", 1)
		settle(30 * 24 * time.Hour)
		h.sell(3, "bob", 2)
		settle(24 * time.Hour)
		_, stop = h.serve()
		defer stop()
		settle(10 * time.Second)
		h.want("Your tickets for Rök", "bob@example.com", "A-1-3")
	})
}

// TestARefusedAddressHoldsUpNobody: a mailbox that does not exist is not tried again, and other mails go out.
func TestARefusedAddressHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.contact("bob", "bob@example.com")
		h.contact("eve", "nobody@example.com")
		h.refusing(func(m *mail.Message) error {
			if strings.HasPrefix(m.To, "nobody") {
				return mail.ErrRejected
			}
			return nil
		})
		_, stop := h.serve()
		defer stop()
		for no := range section.BookingNo(6) {
			h.sell(no+1, []string{"eve", "bob"}[no%2], section.SeatIndex(no))
		}
		settle(5 * time.Second)
		queued, dead := h.left()
		if sent := h.mails(); len(sent) != 3 || len(queued) != 0 || len(dead) != 3 || dead[0].Fault != mail.Rejected {
			t.Errorf("%d sent, %+v queued, %+v dead", len(sent), queued, dead)
		}
	})
}

// TestTheForgottenGetNoMail (P14): the queue has no address; whoever is forgotten before a mail goes out gets none, nor
// does one who never left an address.
func TestTheForgottenGetNoMail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.contact("bob", "bob@example.com")
		h.refusing(func(*mail.Message) error { return errors.New("away") })
		s, stop := h.serve()
		defer stop()
		h.sell(1, "bob", 0)
		h.sell(2, "stranger", 1)
		settle(time.Minute)
		err := h.store.FeedItems(t.Context(), nil, nil, 0, func(i storage.FeedItem) error {
			if all := string(i.Key) + string(i.Value); strings.Contains(all, "bob") ||
				strings.Contains(all, "example") {
				t.Errorf("an item names somebody: %q", all)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.store.ForgetContact(t.Context(), "bob"); err != nil {
			t.Fatal(err)
		}
		h.refusing(nil)
		settle(2 * time.Hour)
		queued, dead := h.left()
		if sent := h.mails(); len(sent)+len(queued)+len(dead) != 0 || s.Counts().Nobody.Load() != 2 {
			t.Errorf(
				"%d sent, %d queued, %d dead, %d to nobody", len(sent), len(queued), len(dead),
				s.Counts().Nobody.Load(),
			)
		}
	})
}

// TestTicketsComeOnceTheyAreThere: an order whose last section has not sold yet is confirmed to its buyer when it has.
// One that was given back meanwhile is not confirmed any more.
func TestTicketsComeOnceTheyAreThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.contact("bob", "bob@example.com")
		_, stop := h.serve()
		defer stop()
		h.sell(1, "bob", 0)
		h.sell(2, "bob", 1)
		h.stands(1, mail.Standing{State: section.BookingConfirmed, Confirming: true})
		h.stands(2, mail.Standing{State: section.BookingRefunded})
		settle(10 * time.Second)
		if sent := h.mails(); len(sent) != 0 {
			t.Fatalf("too early: %+v", sent)
		}
		h.stands(1, mail.Standing{State: section.BookingConfirmed,
			Attachments: []mail.Attachment{{Name: "tickets.pdf"}}})
		settle(time.Minute)
		h.want("Your tickets for Rök", "bob@example.com", "A-1-1")
	})
}

// TestEveryConfirmedBookingIsToldOverRestarts (P15): whenever the node ends, and however the store and the mail server
// fail meanwhile, each sale has its mail, under one id.
func TestEveryConfirmedBookingIsToldOverRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.contact("bob", "bob@example.com")
		n := 0
		h.refusing(func(*mail.Message) error {
			if n++; n%3 == 0 {
				return fmt.Errorf("failure %d", n)
			}
			return nil
		})
		const sales = 60
		told := map[string]int{}
		for no := range section.BookingNo(sales) {
			_, stop := h.serve()
			h.sell(no+1, "bob", section.SeatIndex(no%8))
			settle(time.Duration(no*37%1900) * time.Millisecond)
			stop()
			for _, m := range h.mails() {
				told[m.ID]++
			}
		}
		h.refusing(nil)
		_, stop := h.serve()
		settle(24 * time.Hour)
		stop()
		for _, m := range h.mails() {
			told[m.ID]++
		}
		repeats := 0
		for _, times := range told {
			repeats += times - 1
		}
		if queued, dead := h.left(); len(told) != sales || len(queued)+len(dead) != 0 {
			t.Errorf(
				"%d of %d were told, %d times too often; %d queued, %d dead", len(told), sales, repeats, len(queued),
				len(dead),
			)
		}
		if repeats > sales {
			t.Errorf("%d repeats", repeats)
		}
	})
}

// TestQueuedMailsReadBack: the queue's bytes, which stores keep.
func TestQueuedMailsReadBack(t *testing.T) {
	q := mail.Queued{Ref: feed.Ref{Shard: storage.SectionKey{Event: storage.EventID{7}, Section: 3}, Seq: 0x1122, N: 5},
		Kind: letter.Refunded, Attempts: 2, FirstAt: 0x010203, Due: 0x010204, Fault: mail.Rejected}
	item := mail.ItemOf(&q)
	const key = "6d71" + "07000000000000000000000000000000" + "00000003" + "0000000000001122" + "0005"
	const value = "01" + "03" + "0002" + "0000000000010203" + "0000000000010204" + "01"
	if hex.EncodeToString(item.Key) != key || hex.EncodeToString(item.Value) != value {
		t.Errorf("%x\n%x", item.Key, item.Value)
	}
	back, err := mail.DecodeQueued(item)
	if err != nil || back != q {
		t.Errorf("%+v %v", back, err)
	}
	for n := range item.Value {
		if _, err := mail.DecodeQueued(storage.FeedItem{Key: item.Key, Value: item.Value[:n]}); !errors.Is(
			err, storage.ErrFormat,
		) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	longer := storage.FeedItem{Key: item.Key, Value: append(bytes.Clone(item.Value), 0)}
	if _, err := mail.DecodeQueued(longer); err == nil {
		t.Error("a byte too many is taken")
	}
}
