package dbtest

import (
	"encoding/json"
	"os"
	"strings"
	"sync"
)

// recordTo names the file to which the tests' statements on PostgreSQL are
// added, one JSON text a line: make statements.
const recordTo = "DHVANI_RECORD_SQL"

// maxRecorded leaves out statements that grow with what is asked, whose shorter
// forms are there.
const maxRecorded = 3000

var (
	recordMu sync.Mutex
	recorded = map[string]bool{}
)

// recorder keeps the statements that it is told, nil where nobody wants them.
func recorder() func(query string) {
	name := os.Getenv(recordTo)
	if name == "" {
		return nil
	}
	return func(query string) {
		query = strings.Join(strings.Fields(query), " ")
		recordMu.Lock()
		defer recordMu.Unlock()
		if recorded[query] || len(query) > maxRecorded {
			return
		}
		recorded[query] = true
		line, _ := json.Marshal(query)
		if f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err == nil {
			f.Write(append(line, '\n'))
			f.Close()
		}
	}
}
