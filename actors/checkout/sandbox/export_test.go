package sandbox

import "holdfast/storage"

// NewRows are a store's payments, for tests from outside.
func NewRows() storage.Payments { return &rows{} }
