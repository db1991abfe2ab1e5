package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"

	"holdfast/actors/nesting"
)

// settings are a file's values by flag name. The file stands behind the environment and before the defaults.
type settings map[string]any

// Bounds of a settings file, which is flat and has a line for each flag. The size bounds what the YAML parser can be made to do: it
// compares each key with all before, which takes 0.3 s for 64 KiB of keys, and four times that for twice as many.
const (
	settingsBytesMax = 64 << 10
	settingsDepthMax = 16
)

// loadSettings reads a settings file: JSON or YAML (which includes JSON), one flat object of flag names.
func loadSettings(r io.Reader) (kong.Resolver, error) {
	text, err := io.ReadAll(io.LimitReader(r, settingsBytesMax+1))
	switch at, deeper := nesting.Deeper(text, settingsDepthMax); {
	case err != nil:
		return nil, err
	case len(text) > settingsBytesMax:
		return nil, fmt.Errorf("settings file: longer than %d bytes", settingsBytesMax)
	case deeper:
		return nil, fmt.Errorf("settings file: nests deeper than %d levels, at byte %d", settingsDepthMax, at)
	}
	raw := map[string]any{}
	if err := yaml.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("neither JSON nor YAML: %w", err)
	}
	values := make(settings, len(raw))
	for name, value := range raw {
		values[strings.ReplaceAll(name, "_", "-")] = value
	}
	return values, nil
}

// Validate refuses names that no flag has: a misspelt limit would otherwise be no limit at all.
func (s settings) Validate(app *kong.Application) error {
	known := map[string]bool{}
	for _, command := range app.Children {
		for _, flag := range command.Flags {
			known[flag.Name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if !known[name] {
			return fmt.Errorf("settings file: there is no setting %q", name)
		}
	}
	return nil
}

// Resolve gives the file's value unless the environment has one: an operator's override beats what was deployed.
func (s settings) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	value, ok := s[flag.Name]
	if !ok {
		return nil, nil
	}
	switch value.(type) {
	case []any, map[string]any:
		return nil, fmt.Errorf("settings file: %s must be one value", flag.Name)
	}
	return fmt.Sprint(value), nil
}
