package api

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
		"shorter":    {{"ann", "short"}},
		"named":      {{"ann", keyAnn}, {"ann", keyBob}},
		"are one":    {{"ann", keyAnn}, {"bob", keyAnn}},
		"the name":   {{"", keyAnn}},
		"visible":    {{"a\x1bnn", keyAnn}},
		"\"bob\" is": {{"ann", keyAnn}, {"bob", ""}},
	} {
		if err := CheckOperatorKeys(keys); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "0123456789") {
			t.Errorf("%v: %v", keys, err)
		}
	}
	if err := CheckOperatorKeys([]OperatorKey{{"ann", keyAnn}, {"bob", keyBob}}); err != nil {
		t.Error(err)
	}
}
