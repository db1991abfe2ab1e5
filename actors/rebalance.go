package actors

// Rebalance has this node look at once which of its sections belong elsewhere. It does so by itself after every change and four times a
// second, so that nothing depends on it: it is for an operator who does not want to wait.
func (e *Engine) Rebalance() {
	if e.steward != nil {
		e.steward.wake()
	}
}
