package storage

import (
	"errors"
	"reflect"
	"testing"

	"holdfast/actors/section"
	"holdfast/storage/onsale"
)

func madeEvent() *Event {
	return &Event{Name: "Night", StartsAt: 1000, SaleEndsAt: 1000, Currency: "EUR", Sale: SaleOpen, SaleNo: 3,
		Rules: section.Rules{HoldTTL: 600_000, HoldCeiling: 900_000, SeatsPerBookingMax: 8, SeatsPerBuyerMax: 8}}
}

// Kind: an edit that takes back another's, or one that nobody can follow. Each names the version that it is about, is a
// turn of the switch to where that stands, keeps what the event was made with, and goes over to copies.
func TestEditsNameTheVersionThatTheyAreAbout(t *testing.T) {
	e := madeEvent()
	made := e.Rules
	name, fewer, ttl := "Another night", uint32(4), section.Millis(60_000)
	edit := onsale.Edit{Version: 3, At: 7, By: "anna", Reason: "typo", Name: &name, SeatsPerBuyerMax: &fewer,
		Starts: &onsale.Start{At: 2000, Minutes: 60}}
	if err := e.Switch(onsale.Change{Edit: &edit}); err != nil {
		t.Fatal(err)
	}
	if e.Name != name || e.Version() != 4 || e.Sale != SaleOpen || e.StartsAt != 2000 || e.SaleEndsAt != 2000 ||
		e.Rules.SeatsPerBuyerMax != 4 || e.Rules.HoldTTL != made.HoldTTL || e.FirstRules() != made {
		t.Errorf("edited: %+v", e)
	}
	if got := e.Terms(); got == nil || got.No != 4 || got.SeatsPerBuyerMax != 4 || !got.Sound() {
		t.Errorf("terms %+v", got)
	}
	var changed *onsale.VersionError
	before := e.Clone()
	if err := e.Switch(onsale.Change{Edit: &edit}); !errors.As(err, &changed) || changed.Now != 4 {
		t.Errorf("an edit of an older version: %v", err)
	}
	long := section.Millis(901_000)
	if err := e.Switch(onsale.Change{Edit: &onsale.Edit{Version: 4, HoldTTL: &long}}); !errors.Is(err, ErrTerms) {
		t.Errorf("a hold above its ceiling: %v", err)
	}
	if !reflect.DeepEqual(e, before) {
		t.Errorf("a refused edit leaves %+v", e)
	}
	copied := madeEvent()
	if err := copied.Switch(e.LastChange()); err != nil || !reflect.DeepEqual(copied, e) {
		t.Errorf("a copy stands as %+v, %v", copied, err)
	}
	if back := e.Before(madeEvent()); !reflect.DeepEqual(back, madeEvent()) {
		t.Errorf("before its edits it was %+v", back)
	}
	if err := e.Switch(onsale.Change{Edit: &onsale.Edit{Version: 4, HoldTTL: &ttl}}); err != nil ||
		e.Terms().No != 5 || e.FirstRules() != made || len(e.Edits) != 2 {
		t.Errorf("a second edit: %v, %+v", err, e)
	}
	if encoded, err := EncodeEvent(e); err != nil {
		t.Error(err)
	} else if again, err := DecodeEvent(encoded); err != nil || !reflect.DeepEqual(again, e) {
		t.Errorf("decoded: %+v, %v", again, err)
	}
	for range onsale.EditsKept + 5 {
		if err := e.Switch(onsale.Change{Edit: &onsale.Edit{Version: e.Version(), Name: &name}}); err != nil {
			t.Fatal(err)
		}
	}
	if len(e.Edits) != onsale.EditsKept || e.Edits[0].No != e.Version()-onsale.EditsKept+1 || e.Terms().No != 5 {
		t.Errorf("%d notes, the first of turn %d", len(e.Edits), e.Edits[0].No)
	}
	off := madeEvent()
	off.Sale = SaleCancelling
	if err := off.Switch(onsale.Change{Edit: &onsale.Edit{Version: 3, Name: &name}}); !errors.Is(err, ErrCancelled) {
		t.Errorf("an event that is called off: %v", err)
	}
}
