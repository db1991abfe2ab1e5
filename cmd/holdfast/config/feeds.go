package config

import (
	"fmt"
	"strings"

	"holdfast/actors/feed/kafka"
	"holdfast/actors/feed/redisstream"
)

// Feeds are where programs hear what happens.
type Feeds struct {
	// Feed lists topics and streams that are told every change: kafka://user@one:9092,two:9092/topic?… and
	// redis://user@host:6379/0?…; holdfast feed --help has their parameters. Passwords are in files. Every node needs
	// the same: each tells of its own sections. Those who are told need not be there when the server starts, and while
	// they are away what happened waits in the logs. Default: none.
	Feed []string `sep:"none" help:"Tell a Kafka topic or Redis streams what happens: kafka://BROKER:9092/TOPIC?… or redis://HOST:6379/0?…; may be repeated. holdfast feed --help has the parameters." placeholder:"ADDRESS" group:"Connections"`
}

func (f *Feeds) checkFeeds() error {
	for _, address := range f.Feed {
		var err error
		if strings.HasPrefix(address, "kafka://") {
			_, err = kafka.Parse(address)
		} else {
			_, err = redisstream.Parse(address)
		}
		if err != nil { // it does not repeat the address, which may have a password
			return fmt.Errorf("--feed: an address %w", err)
		}
	}
	return nil
}
