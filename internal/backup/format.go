package backup

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// A backup is a Zstandard stream (RFC 8878) of blocks
//
//	4 bytes  length of what follows the checksum, little endian
//	4 bytes  CRC-32C of that, little endian
//	1 byte   kind
//	...      content
//
// in this order: one header (JSON); the messages of the log, shard by shard; rows,
// table by table in the header's order; one trailer (JSON) with the counts. After the
// stream comes a skippable frame of Zstandard, which holds the SHA-256 of all
// bytes before it. So zstd -t accepts the file, and no bit of it can change
// without notice.
const (
	formatName    = "dhvani-backup"
	formatVersion = 1

	headerBlock  = 'H'
	messageBlock = 'M'
	rowsBlock    = 'R'
	endBlock     = 'E'

	maxBlock  = 16 << 20  // bytes; a message of the log has at most 8 MB
	fullBlock = 256 << 10 // bytes of rows before a block is closed
)

// ErrDamaged says that a file is not what a backup wrote.
var ErrDamaged = errors.New("the backup is damaged")

// header says what follows, and where the snapshot stood in the log.
type header struct {
	Format     string          `json:"format"`
	Version    int             `json:"version"`
	Program    string          `json:"program"`         // that wrote it
	Minimum    string          `json:"minimum_version"` // the oldest program that may use it
	CreatedAt  int64           `json:"created_at_micros"`
	SealMark   string          `json:"seal_mark,omitempty"` // of the seal key that it belongs to
	Shards     []shard         `json:"shards"`
	Workspaces []workspaceName `json:"workspaces"`
	Tables     []table         `json:"tables"`
}

// shard is a cursor: every event up to a message is in the tables, and the
// first few of the next one.
type shard struct {
	Shard    int    `json:"shard"`
	Stream   string `json:"stream"`
	Sequence uint64 `json:"sequence"`
	Partial  int    `json:"partial"`
}

type workspaceName struct {
	Number int64  `json:"number"`
	ID     string `json:"id"`
	Name   string `json:"name"`
}

type table struct {
	Name    string   `json:"name"`
	Derived bool     `json:"derived,omitempty"` // made from events, by model
	Columns []column `json:"columns"`
}

type column struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}

// trailer is at the end.
type trailer struct {
	Messages int64   `json:"messages"`
	Rows     []int64 `json:"rows"` // of each table
}

// kindNames are the columns' kinds, as db.Kind numbers them.
var kindNames = []string{db.Int: "int", db.Text: "text", db.Bytes: "bytes"}

func newTable(t db.Table) table {
	out := table{Name: t.Name, Derived: t.Derived()}
	for _, c := range t.Columns {
		out.Columns = append(out.Columns, column{c.Name, kindNames[c.Kind]})
	}
	return out
}

// columns returns the columns with their kinds; the header was checked.
func (t *table) columns() []db.Column {
	out := make([]db.Column, len(t.Columns))
	for i, c := range t.Columns {
		out[i] = db.Column{Name: c.Name, Kind: db.Kind(slices.Index(kindNames, c.Kind))}
	}
	return out
}

// query selects a table's rows: of derived tables those that readers use.
func (t *table) query() string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	query := "SELECT " + strings.Join(names, ", ") + " FROM " + t.Name
	if t.Derived {
		query += " WHERE model IN (SELECT model FROM workspace)"
	}
	return query
}

// decodeHeader reads and checks a header. Its error says where a newer program
// is needed.
func decodeHeader(b []byte) (*header, error) {
	var kind struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
		Program string `json:"program"`
	}
	if err := json.Unmarshal(b, &kind); err != nil || kind.Format != formatName {
		return nil, errors.New("it is not a backup of Dhvani")
	}
	if kind.Version > formatVersion {
		return nil, fmt.Errorf("the backup was made by a newer Dhvani (%s) in a format that this one (%s) does not know: use the newer program", kind.Program, db.Version)
	}
	h := &header{}
	if err := json.Unmarshal(b, h); err != nil {
		return nil, fmt.Errorf("%w: its header: %w", ErrDamaged, err)
	}
	if db.OlderThan(h.Minimum) {
		return nil, fmt.Errorf("the backup needs Dhvani %s or newer and this is %s: use the newer program", h.Minimum, db.Version)
	}
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("%w: its header: %w", ErrDamaged, err)
	}
	return h, nil
}

func (h *header) check() error {
	if h.Version < 1 || len(h.Shards) > event.MaxShards {
		return errors.New("a version or a number of shards that cannot be")
	}
	for i, s := range h.Shards {
		if s.Shard != i || s.Sequence >= event.MaxSequence || s.Partial < 0 || s.Partial > event.MaxIndex {
			return fmt.Errorf("shard %d has a cursor that cannot be", i)
		}
	}
	seen := map[string]bool{}
	for _, t := range h.Tables {
		if seen[t.Name] || len(t.Columns) == 0 {
			return errors.New("a table that cannot be")
		}
		seen[t.Name] = true
		for _, c := range t.Columns {
			if !slices.Contains(kindNames, c.Kind) {
				return errors.New("a column of a kind that cannot be")
			}
		}
	}
	return nil
}
