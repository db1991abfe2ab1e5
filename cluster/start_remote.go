//go:build !race

package cluster

import (
	"fmt"

	"github.com/asynkron/protoactor-go/remote"
)

// startRemote listens and serves. remote panics where others return an error.
func startRemote(r *remote.Remote, _ *remote.Config) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	r.Start()
	return nil
}
