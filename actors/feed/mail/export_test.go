package mail

import "holdfast/storage"

// DecodeQueued reads an item of the queue.
var DecodeQueued = decodeQueued

// ItemOf is an item of the queue.
func ItemOf(q *Queued) storage.FeedItem { return q.item(kindQueued) }
