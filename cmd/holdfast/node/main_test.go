package node_test

import (
	"testing"

	"holdfast/storage/sqlstore/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
