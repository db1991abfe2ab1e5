package live

import (
	"holdfast/api/call"
	"holdfast/api/live/sse"
	"holdfast/storage"
)

// Stream hands the connection to the event's hub.
func (h *Handlers) Stream(r *call.Call) error {
	full := h.stopping.Load() || h.limits.Streams() >= int64(h.cfg.StreamsMax)
	return sse.Serve(r, h.limits, full, func(id storage.EventID) (sse.Join, error) {
		m, err := h.live(id)
		if err != nil {
			return nil, err
		}
		return func(v *sse.Viewer) bool { return h.hubs.join(id, m, v) }, nil
	})
}

// follow has a viewer told what happens from now on. left is called once, when the stream is over; the keeper keeps the
// hub from ending until then.
func (h *hub) follow(v *sse.Viewer, left func()) { v.Follow(h.fan, h.place(v.Last), left) }
