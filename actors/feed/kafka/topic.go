package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"holdfast/storage"
)

// topic is what is known of one.
type topic struct {
	partitions int32 // 0: not known
	failure    error // of the last query; nil: it was answered
	queried    time.Time
}

const (
	topicFresh = 15 * time.Second // how old what is known of a topic may be where a shard is new
	askMost    = 5 * time.Second
	topicsKept = 1024

	failureFresh = pauseFailed / 4
)

func (s *Sink) topicOf(event storage.EventID) string {
	if s.cfg.Address.PerEvent {
		return s.cfg.Address.Topic + "." + event.String()
	}
	return s.cfg.Address.Topic
}

// partitions is how many a topic has. A topic that is not there is made, where that is wanted.
func (s *Sink) partitions(ctx context.Context, name string) (int32, error) {
	s.querying.Lock()
	defer s.querying.Unlock()
	known := s.topics[name]
	switch age := time.Since(known.queried); {
	case known.failure == nil && known.partitions > 0 && age < topicFresh:
		return known.partitions, nil
	case known.failure != nil && age < failureFresh: // the other shards need not wait for the same answer
		return 0, known.failure
	}
	limited, cancel := context.WithTimeout(ctx, askMost)
	defer cancel()
	n, err := s.ask(limited, name)
	if err != nil && ctx.Err() == nil {
		s.remember(name, topic{known.partitions, err, time.Now()})
	}
	if err != nil {
		return 0, err
	}
	if known.partitions != 0 && known.partitions != n {
		s.cfg.Logger.Info("a topic has another number of partitions: shards that were told of keep theirs", "sink",
			s.name, "topic", name, "partitions", n, "before", known.partitions)
		s.client.ForceMetadataRefresh()
	}
	s.remember(name, topic{n, nil, time.Now()})
	return n, nil
}

// remember keeps what is known of a topic. The caller holds querying.
func (s *Sink) remember(name string, t topic) {
	if len(s.topics) >= topicsKept {
		clear(s.topics)
	}
	s.topics[name] = t
}

// ask has a broker say how many partitions a topic has: the client's own memory may be older than the topic.
func (s *Sink) ask(ctx context.Context, name string) (int32, error) {
	for made := false; ; made = true {
		request := kmsg.NewPtrMetadataRequest()
		request.Topics = []kmsg.MetadataRequestTopic{{Topic: &name}}
		answer, err := request.RequestWith(ctx, s.client)
		if err != nil {
			return 0, fmt.Errorf("kafka: asking for topic %s: %w", name, err)
		}
		if len(answer.Topics) != 1 {
			return 0, fmt.Errorf("kafka: topic %s: %w", name, errNoPartitions)
		}
		found := &answer.Topics[0]
		switch err := kerr.ErrorForCode(found.ErrorCode); {
		case err == nil && len(found.Partitions) > 0:
			return int32(len(found.Partitions)), nil
		case !errors.Is(err, kerr.UnknownTopicOrPartition) || made:
			return 0, fmt.Errorf("kafka: topic %s: %w", name, cmp.Or(err, errNoPartitions))
		case !s.cfg.Address.Create:
			return 0, fmt.Errorf("kafka: topic %s is not there, and create=off: create it", name)
		}
		if err := s.create(ctx, name); err != nil {
			return 0, err
		}
	}
}

var errNoPartitions = errors.New("no partitions are known")

// create makes a topic, or finds that another node has just made it.
func (s *Sink) create(ctx context.Context, name string) error {
	a := s.cfg.Address
	_, err := kadm.NewClient(s.client).CreateTopic(ctx, a.Partitions, a.Replication, nil, name)
	switch {
	case errors.Is(err, kerr.TopicAlreadyExists):
		return nil
	case err != nil:
		return fmt.Errorf("kafka: topic %s is not there and cannot be made, so create it or allow it: %w", name, err)
	}
	s.cfg.Logger.Info("a topic was made", "sink", s.name, "topic", name)
	return nil
}
