package storage

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"holdfast/actors/price"
)

// The stored form of a header with components: it must be read for ever.
const eventWithComponents = `{"ID":"0192f0c4-0000-7000-8000-000000000001","Name":"Night","StartsAt":1,"CreatedAt":2,` +
	`"Currency":"EUR","Sale":"open","Rules":{"HoldTTL":600000,"HoldCeiling":1200000,"SeatsPerBookingMax":8,` +
	`"SeatsPerBuyerMax":8,"RefuseOrphans":false,"DedupeWindow":86400000,"DedupeCountMin":10000},` +
	`"Prices":{"Stalls":4975},"Sections":null,"Create":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],"CreateFingerprint":0,` +
	`"Pricing":1,"Components":{"Stalls":{"Face":4000,"Fees":[{"Code":"service","Name":"Service","Amount":500}],` +
	`"Taxes":[{"Code":"city","Rate":"10.5","Amount":475,"Included":false}]}}}`

func TestStoredPricesStayReadable(t *testing.T) {
	e, err := DecodeEvent([]byte(eventWithComponents))
	if err != nil {
		t.Fatal(err)
	}
	want := price.Price{Face: 4000, Fees: []price.Fee{{Code: "service", Name: "Service", Amount: 500}},
		Taxes: []price.Tax{{Code: "city", Rate: "10.5", Amount: 475}}}
	if list := e.PriceList(); !reflect.DeepEqual(list.Of("Stalls"), want) || e.Pricing != PricingLogged {
		t.Errorf("%+v", e)
	}
	if again, err := EncodeEvent(e); err != nil || string(again) != eventWithComponents {
		t.Errorf("written as %s, %v", again, err)
	}
	clone := e.Clone()
	clone.Components["Stalls"].Fees[0].Amount++
	if e.Components["Stalls"].Fees[0].Amount != 500 {
		t.Error("a clone shares its fees")
	}
}

// Kind: a header that says two prices of one seat.
func TestComponentsThatComeToAnotherTotalAreRefused(t *testing.T) {
	for _, edited := range []string{
		strings.Replace(eventWithComponents, `"Stalls":4975`, `"Stalls":4500`, 1),
		strings.Replace(eventWithComponents, `"Face":4000`, `"Face":3999`, 1),
		strings.Replace(eventWithComponents, `{"Stalls":4975}`, `{}`, 1),
	} {
		if _, err := DecodeEvent([]byte(edited)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", edited, err)
		}
	}
}
