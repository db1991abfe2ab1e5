package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"

	"holdfast/bench/lab"
)

// operatorKey says how to prove to a running server that its operator asks.
type operatorKey struct {
	OperatorKey     string `help:"Its operator key, where the key is no secret: every user of the machine can read a command line. Default: dev, the key of dev mode." placeholder:"KEY"`
	OperatorKeyFile string `help:"File with its operator key."                                                                                                         placeholder:"FILE" type:"existingfile"`
}

// key is the operator's key.
func (o *operatorKey) key() (lab.Secret, error) {
	switch {
	case o.OperatorKey != "" && o.OperatorKeyFile != "":
		return "", errors.New("--operator-key and --operator-key-file exclude each other")
	case o.OperatorKeyFile == "" && o.OperatorKey == "":
		return "dev", nil
	case o.OperatorKeyFile == "":
		return lab.Secret(o.OperatorKey), nil
	}
	text, err := readSecret(o.OperatorKeyFile)
	if err != nil {
		return "", fmt.Errorf("--operator-key-file: %w", err)
	}
	return lab.Secret(text), nil
}

// readSecret reads a file as a server reads its: without a byte order mark and the end of the line.
func readSecret(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	text = bytes.TrimRight(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), "\r\n")
	if len(text) == 0 {
		return nil, fmt.Errorf("%s is empty", path)
	}
	return text, nil
}

// hidden stands where a secret was.
const hidden = "***"

// secretFlag matches flags whose values are secrets, whoever adds one. Files with secrets may be named.
var secretFlag = regexp.MustCompile(`^--?[\w-]*(key|secret|token|password)$`)

// secretPart matches a password within a database's address.
var secretPart = regexp.MustCompile(`(?i)(password=)[^\s&]+`)

// shown is a command line as anybody may see it, and the secrets that it had.
func shown(arguments []string) (line []string, secrets []string) {
	next := false
	for _, argument := range arguments {
		flag, value, joined := strings.Cut(argument, "=")
		switch {
		case next:
			secrets, argument, next = append(secrets, argument), hidden, false
		case secretFlag.MatchString(flag) && joined:
			secrets, argument = append(secrets, value), flag+"="+hidden
		case secretFlag.MatchString(argument):
			next = true
		default:
			var password string
			argument, password = withoutPassword(argument)
			if password != "" {
				secrets = append(secrets, password)
			}
		}
		line = append(line, argument)
	}
	return line, secrets
}

// withoutPassword hides a password in an address, which may stand behind a flag's name and a "=".
func withoutPassword(argument string) (shown, password string) {
	if part := secretPart.FindString(argument); part != "" {
		_, password, _ = strings.Cut(part, "=")
		argument = secretPart.ReplaceAllString(argument, "${1}"+hidden)
	}
	begin := strings.Index(argument, "://")
	if begin < 0 {
		return argument, password
	}
	rest := argument[begin+3:]
	user, host, some := strings.Cut(rest, "@")
	name, word, known := strings.Cut(user, ":")
	if !some || !known || strings.Contains(user, "/") {
		return argument, password
	}
	if plain, err := url.PathUnescape(word); err == nil {
		word = plain
	}
	return argument[:begin+3] + name + ":" + hidden + "@" + host, word
}

// commandLine is what was typed, so that a figure carries its own recipe. Its secrets are left out.
func commandLine() string {
	line, _ := shown(os.Args[1:])
	return strings.Join(append([]string{"holdfast-bench"}, line...), " ")
}

// secretBytesMin is the length from which a text is taken out of what is printed: shorter ones are words, like dev.
const secretBytesMin = 5

// scrub takes the command line's secrets out of a text that somebody else wrote, such as a parser's.
func scrub(text string, arguments []string) string {
	_, secrets := shown(arguments)
	for _, secret := range secrets {
		if len(secret) >= secretBytesMin {
			text = strings.ReplaceAll(text, secret, hidden)
		}
	}
	return text
}
