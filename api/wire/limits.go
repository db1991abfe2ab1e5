package wire

// Limits is the answer of GET and PATCH /v1/limits: what one server has in force.
type Limits struct {
	Buyer             Rate   `json:"buyer"`
	Address           Rate   `json:"address"`
	Event             Rate   `json:"event"`
	Global            Rate   `json:"global"`
	StreamsPerAddress int    `json:"streams_per_address"` // 0: no bound
	StreamsPerBuyer   int    `json:"streams_per_buyer"`
	Counted           string `json:"counted"` // LimitsHere, LimitsTogether or LimitsCutOff
}

// Where calls are counted at the moment.
const (
	LimitsHere     = "here"     // by each server for itself
	LimitsTogether = "together" // over all servers
	LimitsCutOff   = "cut_off"  // by each for itself, because the shared count cannot be had
)

// Rate is a limit: calls a second for ever, and calls at once. PerSecond 0: no limit.
type Rate struct {
	PerSecond float64 `json:"per_second"`
	Burst     float64 `json:"burst"`
}

// ChangeLimits is the body of PATCH /v1/limits. What is absent stays.
type ChangeLimits struct {
	Reason            *string     `json:"reason"`
	Buyer             *ChangeRate `json:"buyer,omitempty"`
	Address           *ChangeRate `json:"address,omitempty"`
	Event             *ChangeRate `json:"event,omitempty"`
	Global            *ChangeRate `json:"global,omitempty"`
	StreamsPerAddress *int64      `json:"streams_per_address,omitempty"`
	StreamsPerBuyer   *int64      `json:"streams_per_buyer,omitempty"`
}

// ChangeRate changes one limit. A burst of 0 is one second's worth.
type ChangeRate struct {
	PerSecond *float64 `json:"per_second,omitempty"`
	Burst     *float64 `json:"burst,omitempty"`
}
