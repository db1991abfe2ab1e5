package labels_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"holdfast/actors/venue/labels"
)

func TestNamesOfRealScriptsAreAccepted(t *testing.T) {
	for what, name := range map[string]string{
		"Persian non-joiner":         "ردیف\u200cهای جلو",
		"a non-joiner too many":      "کار\u200cها",
		"Persian ordinal":            "ردیف ۱۲\u200cام",
		"the same in ASCII digits":   "ردیف 12\u200cام",
		"Persian final joiner":       "ه\u200d",
		"Hindi joiner":               "क्\u200dष",
		"Bengali non-joiner":         "র\u200dয",
		"emoji family":               "Family 👨\u200d👩\u200d👧",
		"emoji with skin and joiner": "👩🏽\u200d🚀",
		"heart, as emoji":            "❤\ufe0f",
		"heart on fire":              "❤\ufe0f\u200d🔥",
		"keycap":                     "1\ufe0f\u20e3",
		"flag of Wales":              "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f fans",
		"soft hyphen":                "Steh\u00adplatz",
		"Hebrew mark":                "אולם\u200f א",
		"Arabic with left mark":      "قاعة \u200eA1\u200e",
		"Khmer spaces":               "ភ្នំ\u200bពេញ",
		"ideograph's variant":        "葛\U000e0100飾",
		"Mongolian variant":          "ᠠ\u180b",
		"Hebrew joined marks":        "שָ\u034fׁ",
		"35 letters of Thai":         "ที่นั่งชั้นหนึ่งโซนด้านหน้าเวทีกลาง",
		"100 of four bytes":          strings.Repeat("𠮷", 100),
		"NFD":                        "Cafe\u0301",
		"full width":                 "１階Ａ席",
		"no-break space":             "Rang\u00a01",
		"empty":                      "",
	} {
		if problem := labels.CheckLabel(name); problem != "" {
			t.Errorf("%s: %+q %s", what, name, problem)
		}
	}
}

func TestNamesThatHideSomethingAreRefused(t *testing.T) {
	for what, name := range map[string]string{
		"control":                 "A\x00",
		"escape":                  "A\x1b[31m",
		"delete":                  "A\x7f",
		"C1 control":              "A\u0085",
		"variation selector":      "A\ufe0f",
		"grapheme joiner":         "A\u034f",
		"zero-width space":        "A\u200b",
		"non-joiner in Latin":     "A\u200cB",
		"joiner at the end":       "👨\u200d",
		"joiner in Latin":         "A\u200dB",
		"two non-joiners":         "ردیف\u200c\u200cهای",
		"non-joiner at the end":   "ردیف\u200c",
		"word joiner":             "A\u2060B",
		"byte order mark":         "\ufeffA",
		"tags":                    "A\U000e0041",
		"tags of no flag":         "🏴\U000e0061\U000e007f",
		"half a flag":             "🏴\U000e0067\U000e0062",
		"Hangul filler":           "\u115f",
		"Hangul fillers":          "A\u1160\u3164\uffa0",
		"Khmer inherent vowel":    "\u17b4",
		"right-to-left override":  "\u202e1",
		"isolate":                 "א\u2067א",
		"mark without direction":  "A\u200e",
		"two marks":               "א\u200f\u200f",
		"soft hyphen alone":       "\u00ad",
		"soft hyphen by a number": "1\u00ad",
		"invisible plus":          "1\u2064",
		"annotation":              "A\ufff9",
		"line separator":          "A\u2028B",
		"paragraph separator":     "A\u2029B",
		"noncharacter":            "A\uffff",
		"broken":                  "A\xff",
		"blanks":                  " \u00a0\u3000",
		"spaces":                  "  ",
		"blank Braille":           "\u2800",
		"101 characters":          strings.Repeat("é", 101),
	} {
		if labels.CheckLabel(name) == "" {
			t.Errorf("%s: %+q passed", what, name)
		}
	}
}

func TestLookAlikesShareASkeleton(t *testing.T) {
	for _, alike := range [][]string{
		{"A", "A\ufe0f", "A\u034f", "A\u200b", "\u2060A", "A\U000e0041", " A", "A\u00a0", "Ａ", "𝐀"},
		{"é", "e\u0301"},
		{"ردیف\u200cهای", "ردیفهای"},
		{"1 A", "1\u00a0A", "1  A", "1\u3000A", "1\u2009\u200aA"},
		{"ﬁn", "fin"},
		{"\u3164", "\u115f", ""},
		{"Å", "\u212b", "A\u030a"},
		{"가", "\u1100\u1161"},
	} {
		for _, name := range alike {
			if got := labels.Skeleton(name); got != labels.Skeleton(alike[0]) {
				t.Errorf("%+q has skeleton %+q, not that of %+q", name, got, alike[0])
			}
		}
	}
	for _, apart := range [][2]string{
		{"A", "a"}, {"1", "①"}, {"2", "²"}, {"A", "А"}, {"A1", "A 1"},
		{"🏴", "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"},
		{"🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
			"🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"},
	} {
		if labels.Skeleton(apart[0]) == labels.Skeleton(apart[1]) {
			t.Errorf("%+q and %+q count as look-alikes", apart[0], apart[1])
		}
	}
}

// Whatever passes is as long as promised, holds nothing that breaks a line or a terminal, and has a skeleton that is
// its own.
func TestEveryNameThatPassesIsSafe(t *testing.T) {
	letters := []rune("aA1 é\u0301ﬁ\u200c\u200d\u200bیह्👨❤\ufe0f\u034f\u00ad\u200fא\u202e\x00\u2028Ａ\u3164\U000e0067🏴")
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOfN(rapid.OneOf(rapid.SampledFrom(letters), rapid.Rune()), 0, 12, -1).Draw(t, "name")
		skeleton := labels.Skeleton(name)
		if again := labels.Skeleton(skeleton); again != skeleton {
			t.Fatalf("%+q: skeleton %+q becomes %+q", name, skeleton, again)
		}
		if labels.Skeleton(labels.Composed(name)) != skeleton {
			t.Fatalf("%+q: composed, another skeleton", name)
		}
		if labels.CheckName(name, 12) != "" {
			return
		}
		if !utf8.ValidString(name) || utf8.RuneCountInString(name) > 12 ||
			strings.ContainsFunc(name, unicode.IsControl) {
			t.Fatalf("%+q passed", name)
		}
		if name != "" && skeleton == "" {
			t.Fatalf("%+q passed, and nothing of it is seen", name)
		}
		if problem := labels.CheckName(labels.Composed(name), 12); problem != "" {
			t.Fatalf("%+q passes, composed it %s", name, problem)
		}
	})
}

func TestPlainNamesCostNoAllocation(t *testing.T) {
	name := "Stalls left-12-104"
	if n := testing.AllocsPerRun(100, func() {
		if labels.CheckLabel(name) != "" || labels.Composed(name) != name || labels.Skeleton(name) != name {
			t.Error("a plain name is not itself")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestNamesAreFoundInEverySpelling: a name is found composed and decomposed, and what the plan spells letter by letter
// goes before what merely composes to the same.
func TestNamesAreFoundInEverySpelling(t *testing.T) {
	const composed, apart = "Loge \u00e9", "Loge e\u0301"
	for _, row := range []struct {
		name    string
		entered []string
		asked   string
		want    int // place in entered, from 1; 0: not found
	}{
		{"as it stands", []string{"A"}, "A", 1},
		{"unknown", []string{"A"}, "B", 0},
		{"the plan has it composed", []string{composed}, apart, 1},
		{"the plan has it apart", []string{apart}, composed, 1},
		{"apart as the plan has it", []string{apart}, apart, 1},
		{"both, the composed one asked for", []string{apart, composed}, composed, 2},
		{"both, the other one asked for", []string{composed, apart}, apart, 2},
		{"both, whichever came first", []string{composed, apart}, composed, 1},
	} {
		names := labels.Names[int]{}
		for i, name := range row.entered {
			names.Enter(name, i+1)
		}
		if got, ok := names.Find(row.asked); got != row.want || ok != (row.want > 0) {
			t.Errorf("%s: %d %v", row.name, got, ok)
		}
	}
}
