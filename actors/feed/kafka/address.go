package kafka

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/actors/feed"
)

// Address is where a topic is, and how the brokers want to be spoken to.
type Address struct {
	Brokers  []string // host:port
	Topic    string
	PerEvent bool   // each event has a topic of its own, Topic.EVENT
	Name     string // of the sink: cursors stand under it
	Since    time.Time

	Create      bool  // a topic that is not there is made
	Partitions  int32 // of a topic that is made; -1: the broker's default
	Replication int16 // likewise

	TLS             bool
	CAFile          string // "": the system's
	CertFile        string // of this client; "": none
	KeyFile         string
	User, Mechanism string // Mechanism is plain, scram-sha-256 or scram-sha-512; "": no sign-in
	PasswordFile    string

	BufferBytes int // of records on their way
	RecordBytes int // of one batch, and so of one record, before it is compressed
}

// Bounds and defaults of an address.
const (
	bufferDefault  = 64 << 20
	bufferMin      = 1 << 20
	bufferMax      = 4 << 30
	partitionsMost = 10_000
	recordDefault  = 1_000_000 // what brokers take, unless they are told otherwise
	recordMin      = 64 << 10
	recordMax      = 64 << 20
)

var mechanisms = []string{"plain", "scram-sha-256", "scram-sha-512"}

var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,200}$`)

// Parse reads an address such as kafka://user@one:9092,two:9092/topic?tls=on&password_file=FILE. The error never holds
// the address.
func Parse(text string) (*Address, error) {
	scheme, rest, found := strings.Cut(text, "://")
	if !found || scheme != "kafka" {
		return nil, errors.New("is no address such as kafka://broker:9092/topic")
	}
	where, query, _ := strings.Cut(rest, "?")
	hosts, topic, _ := strings.Cut(where, "/")
	a := &Address{Topic: topic, Create: true, Partitions: -1, Replication: -1, BufferBytes: bufferDefault,
		RecordBytes: recordDefault}
	if at := strings.LastIndexByte(hosts, '@'); at >= 0 {
		a.User, hosts = hosts[:at], hosts[at+1:]
	}
	if strings.ContainsRune(a.User, ':') {
		return nil, errors.New("has a password: it belongs in a file, ?password_file=FILE")
	}
	for host := range strings.SplitSeq(hosts, ",") {
		if _, port, err := net.SplitHostPort(host); err != nil || port == "" {
			return nil, fmt.Errorf("names the broker %q, which is not host:port", host)
		}
		a.Brokers = append(a.Brokers, host)
	}
	if !topicName.MatchString(a.Topic) {
		return nil, errors.New("has no topic such as kafka://broker:9092/topic: letters, digits, '.', '_', '-'")
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, errors.New("has parameters that cannot be read")
	}
	for name, all := range values {
		if len(all) != 1 {
			return nil, fmt.Errorf("has %s more than once", name)
		}
		if err := a.set(name, all[0]); err != nil {
			return nil, err
		}
	}
	return a, a.check()
}

func (a *Address) set(name, value string) (err error) {
	number := func(least, most int) (n int) {
		if n, err = strconv.Atoi(value); err == nil && (n < least || n > most) {
			err = strconv.ErrRange
		}
		return n
	}
	switch name {
	case "per":
		a.PerEvent = value == "event"
		err = oneOf(value, "event", "all")
	case "name":
		a.Name = value
	case "since":
		a.Since, err = time.Parse(time.RFC3339, value)
	case "create":
		a.Create = value == "on"
		err = oneOf(value, "on", "off")
	case "partitions":
		a.Partitions = int32(number(1, partitionsMost))
	case "replication":
		a.Replication = int16(number(1, 100))
	case "tls":
		a.TLS = value == "on"
		err = oneOf(value, "on", "off")
	case "ca_file":
		a.CAFile = value
	case "cert_file":
		a.CertFile = value
	case "key_file":
		a.KeyFile = value
	case "sasl":
		a.Mechanism = value
		err = oneOf(value, mechanisms...)
	case "password_file":
		a.PasswordFile = value
	case "buffer_bytes":
		a.BufferBytes = number(bufferMin, bufferMax)
	case "record_bytes":
		a.RecordBytes = number(recordMin, recordMax)
	default:
		return fmt.Errorf("has %q, which is not a known parameter", name)
	}
	if err != nil {
		return fmt.Errorf("has %s=%q: %w", name, value, err)
	}
	return nil
}

func oneOf(value string, known ...string) error {
	if !slices.Contains(known, value) {
		return fmt.Errorf("must be one of %s", strings.Join(known, ", "))
	}
	return nil
}

func (a *Address) check() error {
	if a.User != "" {
		a.Mechanism = cmp.Or(a.Mechanism, "scram-sha-512")
	}
	switch {
	case (a.Mechanism != "") != (a.User != "") || (a.Mechanism != "") != (a.PasswordFile != ""):
		return errors.New("needs user@, password_file and sasl together, or none of them")
	case a.Mechanism == "plain" && !a.TLS:
		return errors.New("has sasl=plain without tls=on: the password would be on the wire")
	case (a.CertFile != "") != (a.KeyFile != ""):
		return errors.New("needs cert_file and key_file together")
	case !a.TLS && a.CAFile+a.CertFile != "":
		return errors.New("has certificates without tls=on")
	}
	a.Name = cmp.Or(a.Name, "kafka/"+a.Topic)
	if len(a.Name) > feed.NameMax {
		return fmt.Errorf("has a name of more than %d bytes: give a shorter one, name=", feed.NameMax)
	}
	return nil
}
