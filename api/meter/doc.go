// Package meter counts requests and how long they took, at the price of one atomic operation a request.
//
//	Route.Count ──► status ──► bucket ──► one word: requests, nanoseconds ──(scrape, or nearly full)──► totals
//
// A request belongs to one status and one bucket of the histogram, so one counter for each pair tells both
// holdfast_http_requests_total (its sum over buckets) and the buckets of holdfast_http_request_duration_seconds (its
// sum over statuses); the histogram's sum of seconds lies in the same word. The two metrics can never disagree.
//
// Rejected: the library's counter and histogram, which are the judges in the tests, and cost six atomic operations in
// five lines of a processor's cache. Words for each processor, summed at a scrape: Go does not tell a goroutine its
// processor for less than the operation costs.
package meter
