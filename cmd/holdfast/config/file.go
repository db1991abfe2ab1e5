package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"

	"holdfast/actors/nesting"
	"holdfast/cmd/holdfast/keyfile"
)

// settings are a file's values by flag name. The file stands behind the environment and before the defaults.
//
// Nothing in it is ignored and nothing is guessed: a name that no flag has, a name that stands there twice (whether
// with - or _), null, and a value of another kind than the flag's are errors that name the setting.
type settings map[string]*yaml.Node

// Bounds of a settings file, which is flat and has a line for each flag. The size bounds what the YAML parser can be
// made to do: it compares each key with all before, which takes 0.3 s for 64 KiB of keys, and four times that for twice
// as many.
const (
	settingsBytesMax = 64 << 10
	settingsDepthMax = 16
)

// Read reads a settings file: JSON or YAML (which includes JSON), one flat object of flag names.
func Read(r io.Reader) (kong.Resolver, error) {
	text, err := io.ReadAll(io.LimitReader(r, settingsBytesMax+1))
	switch at, deeper := nesting.Deeper(text, settingsDepthMax); {
	case err != nil:
		return nil, err
	case len(text) > settingsBytesMax:
		return nil, fmt.Errorf("settings file: longer than %d bytes", settingsBytesMax)
	case deeper:
		return nil, fmt.Errorf("settings file: nests deeper than %d levels, at byte %d", settingsDepthMax, at)
	}
	var document, more yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("neither JSON nor YAML: %w", err)
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("settings file: line %d: two documents in one file: which counts?", more.Line)
	}
	values, err := readSettings(&document)
	if err != nil {
		return nil, fmt.Errorf("settings file: %w", err)
	}
	return values, values.checkHidden(r)
}

// readSettings takes the names of a document apart.
func readSettings(document *yaml.Node) (settings, error) {
	values := settings{}
	if document.Kind == 0 { // an empty file, or one of comments
		return values, nil
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, errors.New("must be one object of settings")
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		said, value := root.Content[i], root.Content[i+1]
		if said.Kind != yaml.ScalarNode || said.Tag == "!!merge" {
			return nil, fmt.Errorf("line %d: a setting's name must be one word", said.Line)
		}
		name := strings.ReplaceAll(said.Value, "_", "-")
		if first := values[name]; first != nil {
			return nil, fmt.Errorf("line %d: %s is set twice, first on line %d", said.Line, name, first.Line)
		}
		if value.Kind == yaml.ScalarNode && value.Tag == "!!null" {
			return nil, fmt.Errorf("line %d: %s is null: give a value, or leave the setting out", said.Line, name)
		}
		values[name] = value
	}
	return values, nil
}

// checkHidden refuses a file that others can read with a password in it.
func (s settings) checkHidden(r io.Reader) error {
	file, ok := r.(*os.File)
	if !ok {
		return nil
	}
	for name, value := range s {
		address, err := url.Parse(value.Value)
		if err != nil || !strings.Contains(value.Value, "://") {
			continue
		}
		_, password := address.User.Password()
		if !password && !address.Query().Has("password") && !address.Query().Has("sslpassword") {
			continue
		}
		info, err := file.Stat()
		if err != nil {
			return err
		}
		if err := keyfile.Check(file.Name(), info); err != nil {
			return fmt.Errorf("%s has a password in it: %w", name, err)
		}
	}
	return nil
}

// everyFlag visits the flags of all commands, those of commands within commands too.
func everyFlag(node *kong.Node, visit func(*kong.Flag)) {
	for _, flag := range node.Flags {
		visit(flag)
	}
	for _, child := range node.Children {
		everyFlag(child, visit)
	}
}

// Validate refuses names that no flag has: a misspelt limit would otherwise be no limit at all.
func (s settings) Validate(app *kong.Application) error {
	var known []string
	everyFlag(app.Node, func(flag *kong.Flag) { known = append(known, flag.Name) })
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if !slices.Contains(known, name) {
			return fmt.Errorf("settings file: line %d: there is no setting %q%s", s[name].Line, name,
				didYouMean(name, known))
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
	text, err := settingText(flag, value)
	if err != nil {
		return nil, fmt.Errorf("settings file: line %d: %s %w", value.Line, flag.Name, err)
	}
	return text, nil
}

// settingText gives a value in the words of the command line, if the flag takes its kind.
func settingText(flag *kong.Flag, value *yaml.Node) (string, error) {
	if value.Kind == yaml.SequenceNode && flag.Target.Kind() == reflect.Slice {
		return listText(value)
	}
	if value.Kind != yaml.ScalarNode {
		return "", errors.New("must be one value")
	}
	switch kind := flag.Target.Kind(); value.Tag {
	case "!!bool":
		if kind != reflect.Bool {
			return "", fmt.Errorf("must be text: put %s into quotes if it is meant", value.Value)
		}
		return strings.ToLower(value.Value), nil
	case "!!int", "!!float":
		if kind == reflect.String || kind == reflect.Slice || kind == reflect.Bool {
			return "", fmt.Errorf("must not be a number: put %s into quotes if it is meant as text", value.Value)
		}
		var whole int64
		if value.Decode(&whole) == nil && value.Tag == "!!int" && flag.Target.Type().String() != "time.Duration" {
			return strconv.FormatInt(whole, 10), nil
		}
	case "!!binary":
		return "", errors.New("must be text")
	}
	return value.Value, nil
}

// listText joins a list as the command line does. A comma within a value would be another value.
func listText(list *yaml.Node) (string, error) {
	var parts []string
	for _, item := range list.Content {
		if item.Kind != yaml.ScalarNode || item.Tag != "!!str" || item.Value == "" ||
			strings.Contains(item.Value, ",") {
			return "", fmt.Errorf("must be a list of texts without commas (line %d)", item.Line)
		}
		parts = append(parts, item.Value)
	}
	if len(parts) == 0 {
		return "", errors.New("is an empty list: give a value, or leave the setting out")
	}
	return strings.Join(parts, ","), nil
}
