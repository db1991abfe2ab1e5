package baselines

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"holdfast/storage/sqlstore/pgserver"
)

// Backends are the servers that baselines keep seats in.
type Backends struct {
	PostgresURL  string // a database whose role may create schemas
	RedisAddress string // host:port, or the path of a socket
	// Connections is how many connections a baseline keeps open to each; 0: 64, the fastest on two cores.
	Connections int
}

// connectionsDefault was measured; see the package comment.
const connectionsDefault = 64

func (b *Backends) connections() int { return cmp.Or(b.Connections, connectionsDefault) }

func (b *Backends) redisOptions() *redis.Options {
	options := &redis.Options{
		Addr: b.RedisAddress, PoolSize: b.connections(), ReadTimeout: 10 * time.Second, PoolTimeout: time.Minute,
		DisableIdentity: true, MaintNotificationsConfig: &maintnotifications.Config{
			Mode: maintnotifications.ModeDisabled},
	}
	if strings.HasPrefix(b.RedisAddress, "/") {
		options.Network = "unix"
	}
	return options
}

// Started are servers that this process started for its baselines. They are stopped by Stop, and by the kernel when
// this process dies.
type Started struct {
	Backends
	postgres *pgserver.Server
	redis    *redisServer
}

// postgresSettings are those of a database that has a quarter of a small machine's memory to itself and is not asked
// for less than it promises: fsync, synchronous_commit and full_page_writes are on, as they are by default. Checkpoints
// are kept from falling into a measurement. Several baselines may be alive at once, each with its pool.
var postgresSettings = [][2]string{
	{"shared_buffers", "1GB"}, {"max_wal_size", "8GB"}, {"min_wal_size", "1GB"}, {"checkpoint_timeout", "30min"},
	{"wal_compression", "off"},
	{"random_page_cost", "1.1"}, {"work_mem", "32MB"}, {"max_connections", "600"},
}

// StartBackends starts what is needed, in directories of their own in folder: it chooses the disk, and "" is the
// system's place for temporary files. PostgreSQL does not run as root; see pgserver.WithFolder for what that asks of
// the folder. Programs that are missing are os.ErrNotExist or exec.ErrNotFound.
func StartBackends(ctx context.Context, folder string, needPostgres, needRedis bool) (s *Started, err error) {
	s = &Started{}
	if needPostgres {
		err = s.startPostgres(ctx, folder)
	}
	if err == nil && needRedis {
		if s.redis, err = startRedis(ctx, folder); err == nil {
			s.RedisAddress = s.redis.address
		}
	}
	if err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Started) startPostgres(ctx context.Context, folder string) (err error) {
	options := []pgserver.Option{pgserver.WithFolder(folder)}
	for _, setting := range postgresSettings {
		options = append(options, pgserver.WithSetting(setting[0], setting[1]))
	}
	if s.postgres, err = pgserver.Start(ctx, options...); err != nil {
		return err
	}
	s.PostgresURL, err = s.postgres.CreateDatabase("peers")
	return err
}

// Stop ends the servers and removes all they had.
func (s *Started) Stop() (err error) {
	if s.redis != nil {
		err = s.redis.stop()
	}
	if s.postgres != nil {
		err = errors.Join(err, s.postgres.Close())
	}
	return err
}

// PIDs are the first processes of the servers.
func (s *Started) PIDs() (pids []int) {
	if s.postgres != nil {
		pids = append(pids, s.postgres.PID())
	}
	if s.redis != nil {
		pids = append(pids, s.redis.process.Pid)
	}
	return pids
}

// ProcessorTime is what the servers, with every process they have or had, have used of all cores so far. A baseline's
// own process is not in it.
func (s *Started) ProcessorTime() time.Duration { return pgserver.ProcessorTime(s.PIDs()...) }
