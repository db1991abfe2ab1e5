package kafka_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"holdfast/actors/feed"
	"holdfast/actors/feed/kafka"
	"holdfast/storage"
)

// certificate is a broker's on this machine, and who signed it.
func certificate(t *testing.T) (own tls.Certificate, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	signed, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(signed)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{signed}, PrivateKey: key}, pool
}

// waitTrouble waits until a sink says what is wrong.
func waitTrouble(t *testing.T, s *kafka.Sink, want string) {
	t.Helper()
	for waited := time.Now(); ; {
		if err := s.Trouble(); err != nil && strings.Contains(err.Error(), want) {
			return
		} else if time.Since(waited) > patience {
			t.Fatalf("the trouble is %v, not %q", err, want)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// TestASecuredBrokerIsTold: TLS and a signed-in client; a wrong password is a trouble, and nothing ends because of it.
func TestASecuredBrokerIsTold(t *testing.T) {
	own, pool := certificate(t)
	c := broker(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{own}}), kfake.EnableSASL(),
		kfake.Superuser("SCRAM-SHA-512", "shop", "a long password"))
	h := newHouse(t, 1)
	h.Story(shard(1, 0), 2, 1000)
	a, err := kafka.Parse("kafka://shop@" + c.ListenAddrs()[0] + "/seats?tls=on&password_file=f&replication=1")
	if err != nil {
		t.Fatal(err)
	}
	open := func(password string) *teller {
		sink, err := kafka.Open(kafka.Config{Address: a, Password: []byte(password), Store: h.Store,
			TLS: &tls.Config{RootCAs: pool}})
		if err != nil {
			t.Fatal(err)
		}
		n := &teller{feed.Open(feed.Config{Store: h.Store}), sink}
		n.Add(sink)
		return n
	}
	wrong := open("not the password")
	waitTrouble(t, wrong.sink, "asking for topic") // it hangs up, where others say why
	wrong.close()
	n := open("a long password")
	defer n.close()
	r := read(t, c, kgo.DialTLSConfig(&tls.Config{RootCAs: pool}),
		kgo.SASL(scram.Auth{User: "shop", Pass: "a long password"}.AsSha512Mechanism()))
	r.until("what was there", func() bool { return r.all(h) })
}

// TestATopicThatIsNotThereIsNamed: with create=off nothing is made; once somebody makes the topic, it is told.
func TestATopicThatIsNotThereIsNamed(t *testing.T) {
	c, h := broker(t), newHouse(t, 1)
	h.Story(shard(1, 0), 2, 1000)
	n := tell(t, h.Store, address(t, c, "seats?create=off"), nil)
	waitTrouble(t, n.sink, "topic seats is not there")
	if err := c.CreateTopic("seats", 3, nil); err != nil {
		t.Fatal(err)
	}
	r := read(t, c)
	r.until("what was there", func() bool { return r.all(h) })
}

// TestEachEventMayHaveATopicOfItsOwn.
func TestEachEventMayHaveATopicOfItsOwn(t *testing.T) {
	c, h := broker(t), newHouse(t, 2)
	h.Open(storage.EventID{2}, 1)
	h.Story(shard(1, 0), 2, 1000)
	h.Story(shard(1, 1), 2, 1000)
	h.Story(shard(2, 0), 2, 1000)
	tell(t, h.Store, address(t, c, "seats?per=event&partitions=2&replication=1"), nil)
	r := read(t, c)
	r.until("both topics", func() bool { return r.all(h) })
	for _, record := range r.raw {
		event, _, _ := strings.Cut(string(record.Key), "/")
		if record.Topic != "seats."+event {
			t.Fatalf("%s stands in topic %s", record.Key, record.Topic)
		}
	}
}

// TestP15ShardsThatMoveBetweenNodesLoseNothing: nodes take shards from each other while records are written; for a
// while two of them tell.
func TestP15ShardsThatMoveBetweenNodesLoseNothing(t *testing.T) {
	const sections, nodes, moves = 12, 3, 12
	c, h := broker(t), newHouse(t, sections)
	a := address(t, c, "seats?replication=1")
	var turn atomic.Int64
	var all []*teller
	for no := range int64(nodes) {
		all = append(all, tell(t, h.Store, a, func(key storage.SectionKey) bool {
			now := turn.Load()
			owner := (int64(key.Section) + now/2) % nodes
			return owner == no || now%2 == 1 && (owner+1)%nodes == no
		}))
	}
	r := read(t, c)
	for move := range moves {
		for no := range storage.SectionNo(sections) {
			h.Story(shard(1, no), 4, 1000)
		}
		turn.Add(1)
		for _, n := range all {
			n.Moved()
			n.land(h)
		}
		if move%4 == 3 {
			r.until("what was written", func() bool { return r.all(h) })
		}
	}
	r.until("all of it", func() bool { return r.all(h) })
	for at, partitions := range r.partitions {
		if len(partitions) != 1 {
			t.Errorf("P15: %s stands in %d partitions", at, len(partitions))
		}
	}
	t.Logf("%d records, %d repeats", len(r.raw), r.repeats)
}
