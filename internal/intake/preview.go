package intake

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/source/file"
	"github.com/dhvani/dhvani/internal/source/table"
	"github.com/dhvani/dhvani/internal/staff"
)

// Preview is what an import would do, by the beginning of its file. Nothing is
// sent.
type Preview struct {
	Settings Settings
	Known    bool     // the columns are those of a known export
	Unsure   bool     // dates may be read either way
	Header   []string // of a table
	Samples  []string // a cell of each column
	Missing  [][]table.Field
	Units    []Unit // the first ones
	Looked   int    // at how many units
	Flawed   int    // of these are not taken
	Whole    bool   // that is the whole file
}

// Unit is a line, row or order, and what it becomes.
type Unit struct {
	Line   int64
	Events []event.Event
	Flaw   table.Flaw // of a table; Code "" where there is none
	Reason string     // why it is not taken, "" where it is
}

const (
	previewUnits = 12
	lookUnits    = 1000
)

// Preview looks at the beginning of an import's file. Where the settings name no
// format, they are guessed; zone and currency are what is proposed then.
func (s *Store) Preview(ctx context.Context, by staff.Actor, id string, set Settings) (Preview, error) {
	j, err := s.Job(ctx, by, id) // asks for the right
	if err != nil {
		return Preview{}, err
	}
	if j.State != Ready {
		return Preview{}, ErrState
	}
	p := Preview{Settings: set}
	if err := s.look(ctx, &j, &p); err != nil {
		return Preview{}, err
	}
	if len(p.Missing) > 0 {
		return p, nil
	}
	d, err := s.decoder(ctx, &j, p.Settings)
	if err != nil {
		return Preview{}, err
	}
	for p.Looked < lookUnits {
		u, err := d.Next()
		if errors.Is(err, io.EOF) {
			p.Whole = true
			break
		}
		if err != nil {
			return Preview{}, err
		}
		p.add(&u)
	}
	return p, nil
}

// look finds out what the file is, and completes the settings.
func (s *Store) look(ctx context.Context, j *Job, p *Preview) error {
	r, err := s.text(ctx, j)
	if err != nil {
		return err
	}
	b := bufio.NewReader(r)
	if head, _ := b.Peek(64); p.Settings.Format == Events || p.Settings.Format == "" && isJSON(head) {
		p.Settings = Settings{Format: Events}
		return nil
	}
	g, err := table.Look(b, known())
	if errors.Is(err, io.EOF) {
		return ErrEmpty
	}
	if err != nil {
		return err
	}
	guessed := p.Settings.Format == ""
	if preset := PresetNamed(p.Settings.Format); preset != nil {
		g.Known = g.Known && g.Preset.Name == preset.Name
		g.Use(preset)
	} else if !guessed {
		return ErrSettings
	}
	p.Settings.Format, p.Known, p.Unsure, p.Header = g.Preset.Name, g.Known, g.Unsure, g.Header
	if guessed {
		p.Settings.Comma, p.Settings.DayFirst = g.Comma, g.DayFirst || p.Settings.DayFirst
	}
	if len(p.Settings.Mapping) != len(g.Header) || !p.Settings.Mapping.Check(g.Preset.Kind) {
		p.Settings.Mapping = g.Mapping
	}
	p.Missing = p.Settings.Mapping.Missing(g.Preset.Kind)
	p.Samples = samples(g.Header, g.Rows)
	return nil
}

func isJSON(head []byte) bool {
	head = bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\ufeff")))
	return len(head) > 0 && (head[0] == '{' || head[0] == '[')
}

// samples returns a cell of each column that is not empty.
func samples(header []string, rows [][]string) []string {
	out := make([]string, len(header))
	for i := range header {
		for _, cells := range rows {
			if i < len(cells) && cells[i] != "" {
				out[i] = cells[i]
				break
			}
		}
	}
	return out
}

// add takes in a unit. Its events are checked by the rules by which they will be
// taken.
func (p *Preview) add(u *file.Unit) {
	out := Unit{Line: u.Line}
	var flaw table.Flaw
	switch {
	case errors.As(u.Reason, &flaw):
		out.Flaw, out.Reason = flaw, flaw.Error()
	case u.Reason != nil:
		out.Reason = u.Reason.Error()
	}
	for _, raw := range u.Events {
		e, err := event.Decode(raw, &event.Defaults{ReceivedAt: time.Now().UnixMicro(), Flags: event.History | event.Verified, Source: "import"})
		if err != nil {
			out.Reason = err.Error()
			continue
		}
		out.Events = append(out.Events, e)
	}
	p.Looked++
	if out.Reason != "" {
		p.Flawed++
	}
	if len(p.Units) < previewUnits || out.Reason != "" && len(p.Units) < 2*previewUnits {
		p.Units = append(p.Units, out)
	}
}

// text reads the file of an import, inflated.
func (s *Store) text(ctx context.Context, j *Job) (io.Reader, error) {
	return file.Inflate(&parts{ctx: ctx, db: s.DB, job: j, kind: "file"})
}

// decoder opens the file of an import. Its error is ErrSettings where the
// settings do not fit it.
func (s *Store) decoder(ctx context.Context, j *Job, set Settings) (file.Decoder, error) {
	r, err := s.text(ctx, j)
	if err != nil {
		return nil, err
	}
	return set.open(r, j.CreatedAt)
}

// open opens a file that is not gzipped.
func (set *Settings) open(r io.Reader, asOf int64) (file.Decoder, error) {
	if set.Format == Events {
		return file.NewLines(r)
	}
	p := PresetNamed(set.Format)
	if p == nil || !set.Mapping.Check(p.Kind) {
		return nil, ErrSettings
	}
	zone, err := time.LoadLocation(set.Zone)
	if err != nil {
		return nil, fmt.Errorf("%w: there is no time zone %q", ErrSettings, set.Zone)
	}
	d, err := table.NewDecoder(r, p, set.Mapping, table.Options{
		Zone: zone, Currency: set.Currency, DayFirst: set.DayFirst, Comma: set.Comma, AsOf: time.UnixMicro(asOf).UTC(),
	})
	if errors.Is(err, io.EOF) {
		return nil, ErrEmpty
	}
	if err != nil {
		return nil, err
	}
	m := set.Mapping
	if len(m) == 0 {
		m = p.Propose(d.Header())
	}
	if len(m) != len(d.Header()) || len(m.Missing(p.Kind)) > 0 {
		return nil, ErrSettings
	}
	return d, nil
}
