package auth

import (
	"strings"
	"testing"
)

const (
	keyAnn = "key-of-ann-0123456789"
	keyBob = "key-of-bob-0123456789"
)

func TestOperatorKeysAreChecked(t *testing.T) {
	for want, keys := range map[string][]OperatorKey{
		"shorter":    {{Name: "ann", Key: "short"}},
		"named":      {{Name: "ann", Key: keyAnn}, {Name: "ann", Key: keyBob}},
		"are one":    {{Name: "ann", Key: keyAnn}, {Name: "bob", Key: keyAnn}},
		"the name":   {{Name: "", Key: keyAnn}},
		"visible":    {{Name: "a\x1bnn", Key: keyAnn}},
		"\"bob\" is": {{Name: "ann", Key: keyAnn}, {Name: "bob", Key: ""}},
	} {
		if err := CheckOperatorKeys(keys); err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "0123456789") {
			t.Errorf("%v: %v", keys, err)
		}
	}
	if err := CheckOperatorKeys([]OperatorKey{{Name: "ann", Key: keyAnn}, {Name: "bob", Key: keyBob}}); err != nil {
		t.Error(err)
	}
}
