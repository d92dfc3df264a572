package language

import (
	"fmt"
	"hash/fnv"
	"sync"
)

// BaseVersion names the base models: what was adapted to others is of no use with
// them. The end of the file holds a checksum of all of it.
var BaseVersion = sync.OnceValue(func() string {
	h := fnv.New64a()
	h.Write(baseModel[max(0, len(baseModel)-1024):])
	return fmt.Sprintf("%x-%016x", len(baseModel), h.Sum64())
})
