package report

import (
	"strings"
	"testing"
)

// A report about curves begins with them, and no point of them is taken for the one in question.
func TestGrowthIsToldByItsCurves(t *testing.T) {
	r := fakeReport(1, 2, fakeSides[:3])
	r.Curves, r.Ratios, r.Figures = fakeCurves(), nil, nil
	headline := r.Headline()
	if !strings.HasPrefix(headline, "how cost grows, in ") || !strings.Contains(headline, "points") {
		t.Errorf("headline: %s", headline)
	}
	r.Sides[1].Checks = []Check{{Name: "seats", Verdict: Failed, Detail: "one twice"}}
	if headline := r.Headline(); !strings.Contains(headline, "NOT all checks passed at ") {
		t.Errorf("a point failed, and the headline is: %s", headline)
	}
	var page strings.Builder
	if err := r.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	curves, sides := strings.Index(page.String(), `id="curves"`), strings.Index(page.String(), `id="sides"`)
	if curves < 0 || sides < curves || strings.Contains(page.String(), `id="latency"`) {
		t.Errorf("curves at %d, sides at %d", curves, sides)
	}
}
