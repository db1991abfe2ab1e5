package kafka_test

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"

	"holdfast/actors/feed/kafka"
)

// errAfterAppend is of a broker that has the records and says that it failed.
var errAfterAppend = kerr.NotEnoughReplicasAfterAppend

func TestAddressesThatWork(t *testing.T) {
	a, err := kafka.Parse("kafka://shop@one:9092,two:9093/seats?per=event&partitions=12&replication=3&tls=on" +
		"&password_file=pw&ca_file=ca&cert_file=c&key_file=k&create=off" +
		"&since=2026-01-02T03:04:05Z&name=n&buffer_bytes=2000000")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(a.Brokers, " ") != "one:9092 two:9093" || a.Topic != "seats" || !a.PerEvent || a.Partitions != 12 ||
		a.Replication != 3 || !a.TLS || a.User != "shop" || a.Mechanism != "scram-sha-512" || a.PasswordFile != "pw" ||
		a.CAFile != "ca" || a.Create || a.Name != "n" || a.Since.Unix() != 1767323045 || a.BufferBytes != 2_000_000 {
		t.Errorf("%+v", a)
	}
	if a, err = kafka.Parse("kafka://one:9092/seats"); err != nil || a.Name != "kafka/seats" || !a.Create {
		t.Errorf("%+v %v", a, err)
	}
}

// TestAddressesThatCannotWork: each says what is wrong, and none repeats a password.
func TestAddressesThatCannotWork(t *testing.T) {
	for text, want := range map[string]string{
		"kafka://one:9092":                                    "topic",
		"kafka://one/seats":                                   "host:port",
		"http://one:9092/seats":                               "kafka://",
		"kafka://shop:hunter2@one:9092/seats":                 "password_file",
		"kafka://shop@one:9092/seats":                         "password_file",
		"kafka://one:9092/se ats":                             "topic",
		"kafka://one:9092/seats?speed=1":                      "speed",
		"kafka://one:9092/seats?tls=yes":                      "tls",
		"kafka://one:9092/seats?partitions=0":                 "partitions",
		"kafka://one:9092/seats?ca_file=x":                    "tls=on",
		"kafka://one:9092/seats?tls=on&cert_file=x":           "key_file",
		"kafka://one:9092/seats?since=yesterday":              "since",
		"kafka://one:9092/seats?per=a&per=b":                  "more than once",
		"kafka://a@one:9092/seats?sasl=plain&password_file=x": "tls=on",
		"kafka://one:9092/" + strings.Repeat("x", 80):         "name=",
	} {
		_, err := kafka.Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
