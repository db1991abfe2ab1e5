package sqlstore

import "holdfast/actors/section"

// fetched is one page of a log, or why there is none.
type fetched struct {
	rows []stored
	err  error
}

// ahead fetches each next page while its caller is busy with the one before: a replay waits for the server once, not once a page. At
// most two pages are in memory.
type ahead struct {
	page func(from section.Seq) ([]stored, error)
	next chan fetched // capacity 1; nil when nothing is on its way
}

// get gives the page from a record on. Pages are asked for in order, each from where the one before ended.
func (a *ahead) get(from section.Seq) ([]stored, error) {
	var got fetched
	if a.next != nil {
		got, a.next = <-a.next, nil
	} else {
		got.rows, got.err = a.page(from)
	}
	if got.err == nil && len(got.rows) == pageRows {
		next, then := make(chan fetched, 1), got.rows[pageRows-1].entry.Seq+1
		a.next = next
		go func() {
			rows, err := a.page(then)
			next <- fetched{rows, err}
		}()
	}
	return got.rows, got.err
}

// close waits for what is on its way and drops it: a fetch that is cut short would cost its connection.
func (a *ahead) close() {
	if a.next != nil {
		<-a.next
	}
}
