package labels

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// LabelCharactersMax bounds every label and name that a plan carries, in characters: Unicode code points, as JSON
// Schema's maxLength counts. A label is therefore never longer than four times as many bytes of UTF-8.
const LabelCharactersMax = 100

// NameCharactersMax bounds the name of a venue or an event.
const NameCharactersMax = 300

// CheckLabel says why text cannot be a label of a plan; "" is fine. It is CheckName with the limit of labels.
func CheckLabel(label string) (problem string) { return CheckName(label, LabelCharactersMax) }

// CheckName says why text cannot be a name that people read (a label, the name of an event, a buyer's text); "" is
// fine, and so is an empty text. The problem is words that follow a field's name. Names are at most charactersMax code
// points of valid UTF-8, and:
//
//   - controls, line separators, noncharacters and broken characters are refused;
//   - characters that cannot be seen are refused (Unicode's default-ignorable ones and format controls: directional
//     overrides, zero-width spaces, word joiners, fillers, tags), except where a script needs one: see allowedUnseen;
//   - something must be there to see: a name of blanks alone is refused.
//
// A name that passes may still look like another: compare names by Skeleton.
func CheckName(name string, charactersMax int) (problem string) {
	if PlainASCII(name) {
		if len(name) > charactersMax {
			return TooLong(charactersMax)
		}
		if name != "" && strings.Trim(name, " ") == "" {
			return "has nothing that can be seen"
		}
		return ""
	}
	if utf8.RuneCountInString(name) > charactersMax {
		return TooLong(charactersMax)
	}
	return checkCharacters(name)
}

// TooLong is what CheckName says of a name with more characters.
func TooLong(charactersMax int) string {
	return fmt.Sprintf("is longer than %d characters", charactersMax)
}

// PlainASCII says that every byte is printable ASCII: the usual label, judged without decoding.
func PlainASCII(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

func checkCharacters(name string) string {
	visible := false
	for i, char := range name {
		switch size := utf8.RuneLen(char); {
		case char == unicode.ReplacementChar:
			return "contains a broken character"
		case unicode.In(char, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Noncharacter_Code_Point):
			return unseen(char)
		case !IsUnseen(char):
			visible = visible || !isBlank(char)
		case !allowedUnseen(name, i, size, char):
			return unseen(char)
		}
	}
	if !visible {
		return "has nothing that can be seen"
	}
	return ""
}

func unseen(char rune) string {
	return fmt.Sprintf("contains a character that cannot be seen (%U)", char)
}

// IsUnseen: Unicode's Default_Ignorable_Code_Point, from the properties that define it, and the other format controls.
// The Arabic signs among the latter that enclose numbers are seen.
func IsUnseen(char rune) bool {
	if char < 0xad {
		return false
	}
	return unicode.In(char, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) &&
		!unicode.Is(unicode.Prepended_Concatenation_Mark, char)
}

// isBlank: every kind of space, and the Braille cell without a dot.
func isBlank(char rune) bool { return unicode.IsSpace(char) || char == 0x2800 }

// Characters that cannot be seen and that real names need.
const (
	softHyphen       = 0xad
	graphemeJoiner   = 0x34f
	arabicMark       = 0x61c
	mongolianVowel   = 0x180e
	zeroWidthSpace   = 0x200b
	nonJoiner        = 0x200c
	joiner           = 0x200d
	leftToRightMark  = 0x200e
	rightToLeftMark  = 0x200f
	keycap           = 0x20e3
	textSelector     = 0xfe0e
	emojiSelector    = 0xfe0f
	blackFlag        = 0x1f3f4
	cancelTag        = 0xe007f
	firstTag         = 0xe0020
	skinToneLightest = 0x1f3fb
	skinToneDarkest  = 0x1f3ff
)

// allowedUnseen says whether the unseen character at name[at:at+size] does something there that readers see:
//
//   - joiner and non-joiner after a letter of a script that joins letters (Persian, Hindi, …; broader than RFC 5892's
//     ContextJ, because keyboards put a non-joiner also where nothing would join: after the number of "۱۲ام", the
//     twelfth), and the joiner between emoji;
//   - the soft hyphen between letters; the zero-width space between letters of scripts that write no spaces (Khmer,
//     Thai, …);
//   - directional marks in a text with right-to-left letters; overrides, embeddings and isolates never: they reorder
//     what is around them;
//   - variation selectors after emoji, keycap bases, ideographs and Mongolian letters; tags of the three flags that
//     fonts draw;
//   - the grapheme joiner between two combining marks.
func allowedUnseen(name string, at, size int, char rune) bool {
	before, _ := utf8.DecodeLastRuneInString(name[:at])
	after, _ := utf8.DecodeRuneInString(name[at+size:])
	switch {
	case char == nonJoiner:
		return (joins(before) || unicode.IsDigit(before)) && joins(after)
	case char == joiner:
		return joins(before) || endsEmoji(before) && isPictograph(after)
	case char == softHyphen:
		return LetterOrMark(before) && LetterOrMark(after)
	case char == zeroWidthSpace:
		return unspaced(before) && unspaced(after)
	case char == leftToRightMark || char == rightToLeftMark || char == arabicMark:
		return before != char && strings.ContainsFunc(name, rightToLeft)
	case char == graphemeJoiner:
		return unicode.Is(unicode.M, before) && unicode.Is(unicode.M, after)
	case char == mongolianVowel || 0x180b <= char && char <= 0x180f:
		return unicode.Is(unicode.Mongolian, before)
	case unicode.Is(unicode.Variation_Selector, char):
		return selects(before, after, char)
	}
	return inFlag(name, at)
}

func selects(before, after, selector rune) bool {
	switch {
	case selector == emojiSelector || selector == textSelector:
		return isPictograph(before) || after == keycap && strings.ContainsRune("0123456789#*", before)
	}
	return unicode.In(before, unicode.Unified_Ideograph, unicode.Han)
}

// joiningScripts write letters that change shape beside each other, so that the joiners are seen.
var joiningScripts = []*unicode.RangeTable{
	unicode.Arabic, unicode.Syriac, unicode.Nko, unicode.Mandaic, unicode.Mongolian, unicode.Phags_Pa,
	unicode.Manichaean,
	unicode.Psalter_Pahlavi, unicode.Adlam, unicode.Hanifi_Rohingya, unicode.Sogdian, unicode.Chorasmian,
	unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya, unicode.Tamil,
	unicode.Telugu,
	unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Tibetan, unicode.Myanmar, unicode.Khmer, unicode.Newa,
	unicode.Grantha, unicode.Tirhuta, unicode.Brahmi, unicode.Kaithi, unicode.Sharada, unicode.Chakma,
	unicode.Meetei_Mayek,
}

// LetterOrMark says that a character is a part of a word.
func LetterOrMark(char rune) bool { return unicode.IsLetter(char) || unicode.Is(unicode.M, char) }

func joins(char rune) bool {
	return LetterOrMark(char) && (unicode.In(char, joiningScripts...) || 0x64b <= char && char <= 0x670)
}

// unspaced: scripts whose words stand without spaces; the zero-width space says where a line may end.
func unspaced(char rune) bool {
	return unicode.In(char, unicode.Khmer, unicode.Thai, unicode.Lao, unicode.Myanmar, unicode.Tai_Tham,
		unicode.New_Tai_Lue, unicode.Tai_Le,
		unicode.Javanese, unicode.Balinese)
}

func rightToLeft(char rune) bool {
	return unicode.In(char, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana, unicode.Nko,
		unicode.Samaritan, unicode.Mandaic,
		unicode.Adlam, unicode.Hanifi_Rohingya)
}

func endsEmoji(char rune) bool {
	return isPictograph(char) || char == emojiSelector || skinToneLightest <= char && char <= skinToneDarkest
}

// flagTags are the tag sequences that fonts draw as flags (RGI_Emoji_Flag_Tag_Sequence): England, Scotland, Wales.
var flagTags = [...]string{"gbeng", "gbsct", "gbwls"}

// inFlag says whether the character at name[at:] is part of a flag of flagTags.
func inFlag(name string, at int) bool {
	start := strings.LastIndex(name[:at], string(rune(blackFlag)))
	return start >= 0 && at < start+flagBytes(name[start:])
}

// flagBytes is the length of the flag with tags that text starts with, or 0.
func flagBytes(text string) int {
	rest, ok := strings.CutPrefix(text, string(rune(blackFlag)))
	if !ok {
		return 0
	}
	for _, tag := range flagTags {
		if strings.HasPrefix(rest, tagged(tag)) {
			return len(text) - len(rest) + len(tagged(tag))
		}
	}
	return 0
}

// tagged spells letters in tag characters, and ends them.
func tagged(letters string) string {
	var b strings.Builder
	for _, letter := range letters {
		b.WriteRune(firstTag + letter - ' ')
	}
	b.WriteRune(cancelTag)
	return b.String()
}

// isPictograph is Unicode's Extended_Pictographic, which package unicode lacks.
func isPictograph(char rune) bool { return unicode.Is(pictographs, char) }

var pictographs = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0xa9, 0xa9, 1}, {0xae, 0xae, 1}, {0x203c, 0x203c, 1}, {0x2049, 0x2049, 1}, {0x2122, 0x2122, 1},
		{0x2139, 0x2139, 1},
		{0x2194, 0x2199, 1}, {0x21a9, 0x21aa, 1}, {0x231a, 0x231b, 1}, {0x2328, 0x2328, 1}, {0x2388, 0x2388, 1},
		{0x23cf, 0x23cf, 1},
		{0x23e9, 0x23f3, 1}, {0x23f8, 0x23fa, 1}, {0x24c2, 0x24c2, 1}, {0x25aa, 0x25ab, 1}, {0x25b6, 0x25b6, 1},
		{0x25c0, 0x25c0, 1},
		{0x25fb, 0x25fe, 1}, {0x2600, 0x2605, 1}, {0x2607, 0x2612, 1}, {0x2614, 0x2685, 1}, {0x2690, 0x2705, 1},
		{0x2708, 0x2712, 1},
		{0x2714, 0x2714, 1}, {0x2716, 0x2716, 1}, {0x271d, 0x271d, 1}, {0x2721, 0x2721, 1}, {0x2728, 0x2728, 1},
		{0x2733, 0x2734, 1},
		{0x2744, 0x2744, 1}, {0x2747, 0x2747, 1}, {0x274c, 0x274c, 1}, {0x274e, 0x274e, 1}, {0x2753, 0x2755, 1},
		{0x2757, 0x2757, 1},
		{0x2763, 0x2767, 1}, {0x2795, 0x2797, 1}, {0x27a1, 0x27a1, 1}, {0x27b0, 0x27b0, 1}, {0x27bf, 0x27bf, 1},
		{0x2934, 0x2935, 1},
		{0x2b05, 0x2b07, 1}, {0x2b1b, 0x2b1c, 1}, {0x2b50, 0x2b50, 1}, {0x2b55, 0x2b55, 1}, {0x3030, 0x3030, 1},
		{0x303d, 0x303d, 1},
		{0x3297, 0x3297, 1}, {0x3299, 0x3299, 1},
	},
	R32: []unicode.Range32{
		{0x1f000, 0x1f0ff, 1}, {0x1f10d, 0x1f10f, 1}, {0x1f12f, 0x1f12f, 1}, {0x1f16c, 0x1f171, 1},
		{0x1f17e, 0x1f17f, 1},
		{0x1f18e, 0x1f18e, 1}, {0x1f191, 0x1f19a, 1}, {0x1f1ad, 0x1f1e5, 1}, {0x1f201, 0x1f20f, 1},
		{0x1f21a, 0x1f21a, 1},
		{0x1f22f, 0x1f22f, 1}, {0x1f232, 0x1f23a, 1}, {0x1f23c, 0x1f23f, 1}, {0x1f249, 0x1f3fa, 1},
		{0x1f400, 0x1f53d, 1},
		{0x1f546, 0x1f64f, 1}, {0x1f680, 0x1f6ff, 1}, {0x1f774, 0x1f77f, 1}, {0x1f7d5, 0x1f7ff, 1},
		{0x1f80c, 0x1f80f, 1},
		{0x1f848, 0x1f84f, 1}, {0x1f85a, 0x1f85f, 1}, {0x1f888, 0x1f88f, 1}, {0x1f8ae, 0x1f8ff, 1},
		{0x1f90c, 0x1f93a, 1},
		{0x1f93c, 0x1f945, 1}, {0x1f947, 0x1faff, 1}, {0x1fc00, 0x1fffd, 1},
	},
	LatinOffset: 2,
}

// Composed is text in Unicode's composed form (NFC): the one spelling by which requests find what a plan spells
// otherwise. "é" may be one code point or two. Text that is composed already, as all ASCII is, comes back as it is,
// without an allocation.
func Composed(text string) string { return norm.NFC.String(text) }

// Names is a table of a plan's names. A plan's names are kept as the plan spells them and asked for as a caller spells
// them: "é" is one code point (NFC) or two (NFD). The table therefore knows every name as it stands and composed, and a
// name that is not found is composed before it is unknown. Names that are composed already, as all ASCII is, cost one
// look-up and no allocation.
type Names[V any] map[string]V

// Enter puts a name in. What stands in the plan letter by letter goes before what merely composes to the same.
func (n Names[V]) Enter(name string, value V) {
	n[name] = value
	if composed := Composed(name); composed != name {
		if _, taken := n[composed]; !taken {
			n[composed] = value
		}
	}
}

// Find looks a name up in whatever spelling.
func (n Names[V]) Find(name string) (value V, ok bool) {
	if value, ok = n[name]; ok {
		return value, true
	}
	composed := Composed(name)
	if composed == name {
		return value, false
	}
	value, ok = n[composed]
	return value, ok
}

// Skeleton is what a reader sees of a name: two names of one skeleton are look-alikes, and a plan that has both is
// refused. It is the composed form with compatible letters folded (NFKC: full-width "Ａ" is "A"; numerals in circles,
// raised and lowered ones stay), without characters that cannot be seen, and with every run of blanks as one space.
// Case, and letters of different scripts, are not judged. Plain ASCII without double or outer blanks comes back as it
// is, without an allocation.
func Skeleton(name string) string {
	if PlainASCII(name) && !strings.Contains(name, "  ") && strings.Trim(name, " ") == name {
		return name
	}
	var seen outline
	for rest := name; rest != ""; {
		char, size := utf8.DecodeRuneInString(rest)
		flag := flagBytes(rest)
		piece := rest[:max(size, flag)]
		rest = rest[len(piece):]
		switch {
		case flag > 0:
			seen.text(piece)
		case unicode.Is(DrawnNumerals, char):
			seen.char(char)
		default:
			for _, folded := range norm.NFKC.String(piece) {
				seen.char(folded)
			}
		}
	}
	return norm.NFC.String(seen.b.String())
}

// outline gathers what is seen of a name.
type outline struct {
	b     strings.Builder
	blank bool // blanks stand between what is there and what comes
}

func (o *outline) char(char rune) {
	switch {
	case isBlank(char):
		o.blank = o.b.Len() > 0
	case !IsUnseen(char):
		o.text(string(char))
	}
}

func (o *outline) text(piece string) {
	if o.blank {
		o.b.WriteByte(' ')
	}
	o.blank = false
	o.b.WriteString(piece)
}

// DrawnNumerals differ to the eye from the plain ones that NFKC makes of them.
var DrawnNumerals = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0xb2, 0xb3, 1}, {0xb9, 0xb9, 1}, {0x2070, 0x209f, 1}, {0x2460, 0x24ff, 1}, {0x2776, 0x2793, 1},
		{0x3200, 0x32ff, 1},
	},
	LatinOffset: 2,
}
