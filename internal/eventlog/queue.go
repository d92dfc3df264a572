package eventlog

const (
	maxWaiting = 48 << 20 // bytes that wait for their frame; more are refused
	// maxShare is what one workspace may have of them, so that its flood leaves
	// room for others.
	maxShare   = maxWaiting / 3
	minQuantum = 8 << 10
)

// queue holds the requests that wait, a line for each workspace. Frames are
// filled from the lines in turn and by bytes (deficit round robin, Shreedhar and
// Varghese 1995), so that a small request does not wait behind another
// workspace's flood.
type queue struct {
	lines map[int64]*line // those that are not empty
	turns []*line         // the same, the next one first
	bytes int
}

// line is the requests of one workspace, in their order.
type line struct {
	workspace int64
	requests  []*request
	bytes     int
	credit    int  // bytes that it may send before it is another line's turn
	begun     bool // its turn, with the credit for it
}

// add queues a request, or reports false where its workspace or all of them
// have too much waiting.
func (q *queue) add(r *request) bool {
	l, size := q.lines[r.chunk.Workspace], len(r.chunk.Records)
	if q.bytes+size > maxWaiting || l != nil && l.bytes+size > maxShare {
		return false
	}
	if l == nil {
		if q.lines == nil {
			q.lines = map[int64]*line{}
		}
		l = &line{workspace: r.chunk.Workspace}
		q.lines[l.workspace] = l
		q.turns = append(q.turns, l)
	}
	l.requests = append(l.requests, r)
	l.bytes += size
	q.bytes += size
	return true
}

// take removes the requests of the next frame. A line whose first request does
// not fit into it opens the one after, with a request that may be larger than a
// frame.
func (q *queue) take() []*request {
	var batch []*request
	size, events := 0, 0
	quantum := max(frameBytes/max(len(q.turns), 1), minQuantum)
	for len(q.turns) > 0 {
		l := q.turns[0]
		if !l.begun {
			l.begun = true
			l.credit += quantum
		}
		before := len(batch)
		for len(l.requests) > 0 && l.credit >= len(l.requests[0].chunk.Records) {
			c := &l.requests[0].chunk
			if len(batch) > 0 && (size+len(c.Records) > frameBytes || events+c.Count > frameEvents) {
				if len(batch) > before {
					q.endTurn(l)
				}
				return batch
			}
			size, events = size+len(c.Records), events+c.Count
			batch = append(batch, q.next(l))
		}
		q.endTurn(l)
	}
	return batch
}

// next removes a line's first request.
func (q *queue) next(l *line) *request {
	r := l.requests[0]
	l.requests[0] = nil // the array lives on, the events must not
	l.requests = l.requests[1:]
	size := len(r.chunk.Records)
	l.credit -= size
	l.bytes -= size
	q.bytes -= size
	return r
}

// endTurn moves the first line to the end, or out where it is empty.
func (q *queue) endTurn(l *line) {
	q.turns[0] = nil
	q.turns = q.turns[1:]
	if len(l.requests) == 0 {
		delete(q.lines, l.workspace)
		return
	}
	l.begun = false
	q.turns = append(q.turns, l)
}
