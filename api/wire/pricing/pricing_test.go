package pricing

import (
	"testing"

	"github.com/go-json-experiment/json"
)

// Kind: a price that is read as another one. What is sent is what is read, in both forms.
func TestGivenPricesComeBack(t *testing.T) {
	for _, text := range []string{
		`4500`, `0`, `-1`, `{"face":0}`, `{}`, `{"face":4000,"fees":[{"code":"service","amount":0}],"total":4000}`,
		`{"face":1,"taxes":[{"code":"vat","rate":"19.00","included":false}]}`,
	} {
		var g Given
		if err := json.Unmarshal([]byte(text), &g, json.RejectUnknownMembers(true)); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if again, err := json.Marshal(g); err != nil || string(again) != text {
			t.Errorf("%s came back as %s, %v", text, again, err)
		}
	}
	for _, text := range []string{`"4500"`, `[1]`, `true`, `4.5`, `{"face":"1"}`, `{"price":1}`, `9223372036854775808`} {
		var g Given
		if err := json.Unmarshal([]byte(text), &g, json.RejectUnknownMembers(true)); err == nil {
			t.Errorf("%s is read as %+v", text, g)
		}
	}
}
