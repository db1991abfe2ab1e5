package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// WriteJSON writes the whole report, compact, with a line's end. What Read would refuse (a verdict that nobody knows,
// two sides of one name) is written all the same and then told as an error: a run of an hour is not thrown away for it.
// Only a number that is none (NaN) cannot be written.
func (r *Report) WriteJSON(w io.Writer) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("report: as JSON: %w", err)
	}
	if _, err = w.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("report: write: %w", err)
	}
	return r.Validate()
}

// Read reads a report that WriteJSON wrote. Another version, an unknown field or anything behind the end is an error: a
// figure that this build cannot name might be the one that matters.
func Read(from io.Reader) (*Report, error) {
	text, err := io.ReadAll(from)
	if err != nil {
		return nil, fmt.Errorf("report: read: %w", err)
	}
	if err := checkVersion(text); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	r := &Report{}
	if err := decoder.Decode(r); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("report: there is something behind the report's end")
	}
	return r, r.Validate()
}

// checkVersion comes before everything else, so that a newer report is told to be newer and not to be broken.
func checkVersion(text []byte) error {
	var head struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return fmt.Errorf("report: this is no report of holdfast-bench: %w", err)
	}
	if head.Version == nil {
		return errors.New("report: this is no report of holdfast-bench: it has no version")
	}
	if *head.Version != FormatVersion {
		return fmt.Errorf("report: written in version %d of the format; this build reads version %d", *head.Version,
			FormatVersion)
	}
	return nil
}

// Validate tells everything that makes the report's figures ambiguous.
func (r *Report) Validate() error {
	var found []error
	if r.Version != FormatVersion {
		found = append(found, fmt.Errorf("report: version %d instead of %d", r.Version, FormatVersion))
	}
	names := map[string]bool{}
	for i := range r.Sides {
		s := &r.Sides[i]
		if s.Name == "" || names[s.Name] {
			found = append(found, fmt.Errorf("report: side %d: the name %q is empty or another side's", i+1, s.Name))
		}
		names[s.Name] = true
		found = append(found, s.validate())
	}
	for _, ratio := range r.Ratios {
		if len(r.Sides) > 0 && !names[ratio.Over] {
			found = append(found, fmt.Errorf("report: a ratio of %s over %q, which is no side", ratio.What, ratio.Over))
		}
	}
	return errors.Join(found...)
}

func (s *Side) validate() error {
	var found []error
	numbers := map[int]bool{}
	for i := range s.Rounds {
		r := &s.Rounds[i]
		if numbers[r.Number] {
			found = append(found, fmt.Errorf("report: %s has two rounds %d", s.Name, r.Number))
		}
		numbers[r.Number] = true
		if r.Void == "" && r.Elapsed <= 0 {
			found = append(found, fmt.Errorf("report: %s, round %d: it took no time and is not void", s.Name, r.Number))
		}
	}
	for _, c := range s.Checks {
		if c.Verdict != Passed && c.Verdict != Failed && c.Verdict != NotChecked {
			found = append(found, fmt.Errorf("report: %s, check %q: %q is no verdict", s.Name, c.Name, c.Verdict))
		}
	}
	return errors.Join(found...)
}
