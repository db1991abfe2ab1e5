package keyfile

import "time"

// watchEvery is how often files of keys are looked at: a key that was taken out is believed that much longer.
const watchEvery = 2 * time.Second

// Watch calls reload every two seconds until left is closed. It blocks, and reload is never called twice at a time.
//
// The files' content is compared by reload and not their time: a second change within one tick of the file system's
// clock counts too, and so does a link that points elsewhere, as Kubernetes changes secrets. The files are small.
func Watch(left <-chan struct{}, reload func()) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-left:
			return
		case <-tick.C:
			reload()
		}
	}
}

// Trouble remembers what is wrong with files that are watched, so that each error is logged once. The zero value knows
// of nothing. Not for concurrent use.
type Trouble struct{ last string }

// News says whether an error is another than the last one. nil ends the trouble, and is no news.
func (t *Trouble) News(err error) bool {
	if err == nil {
		t.last = ""
		return false
	}
	said := err.Error()
	fresh := said != t.last
	t.last = said
	return fresh
}
