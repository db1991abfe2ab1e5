package terminal

import (
	"context"
	"io"
)

// Console is where a command speaks.
type Console struct {
	Context  context.Context
	Out, Err io.Writer
}
