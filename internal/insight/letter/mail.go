package letter

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/deliver/email"
	"github.com/dhvani/dhvani/internal/deliver/notice"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/workspace"
)

// page is the mail. Styles stand at their elements, because many programs take the
// others out; its pictures are in the mail.
var page = template.Must(template.New("").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>{{.Title}}</title></head>
<body style="margin:0;padding:24px 16px;font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;font-size:16px;line-height:1.5">
<div style="max-width:600px;margin:0 auto">
<h1 style="margin:0 0 8px;font-size:22px;line-height:1.3">{{.Title}}</h1>
<p style="margin:0 0 8px">{{.Lead}}</p>
{{- range .Sections}}
<h2 style="margin:32px 0 8px;font-size:18px;line-height:1.3">{{.Title}}{{with .Note}} <span style="font-size:13px;font-weight:400;opacity:.7">{{.}}</span>{{end}}</h2>
{{- if not .Items}}
<p style="margin:0 0 8px;opacity:.7">{{.None}}</p>
{{- end}}
{{- range .Items}}
<div style="margin:0 0 20px;padding:0 0 0 12px;border-left:3px solid {{if .Bad}}#d63f5f{{else}}#8a8fa3{{end}}">
<p style="margin:0 0 4px;font-weight:600">{{if .URL}}<a href="{{.URL}}" style="color:inherit">{{.Title}}</a>{{else}}{{.Title}}{{end}}{{with .Value}} <span style="font-size:20px;white-space:nowrap">{{.}}</span>{{end}}</p>
{{- with .Bar}}
<img src="{{.Src}}" alt="{{.Alt}}" width="560" style="display:block;width:100%;max-width:560px;height:16px;margin:0 0 4px">
{{- end}}
<p style="margin:0 0 4px">{{.Text}}</p>
{{- with .Graph}}
<img src="{{.Src}}" alt="{{.Alt}}" width="560" style="display:block;width:100%;max-width:560px;height:60px;margin:4px 0">
<p style="margin:0 0 4px;font-size:13px;opacity:.7">{{.Alt}}</p>
{{- end}}
{{- with .Quote}}
<blockquote style="margin:8px 0 0;font-style:italic"{{with .Language}} lang="{{.}}"{{end}} dir="auto">“{{.Text}}”<br><span style="font-size:13px;font-style:normal;opacity:.7">{{.From}}</span></blockquote>
{{- end}}
</div>
{{- end}}
{{- end}}
<p style="margin:32px 0 8px;font-size:13px;opacity:.7">{{.Legend}}</p>
{{- with .URL}}
<p style="margin:24px 0 16px"><a href="{{.}}" style="display:inline-block;padding:10px 16px;border-radius:8px;border:1px solid #8a8fa3;background:#1b2136;color:#ffffff;text-decoration:none;font-weight:600">{{$.Open}}</a></p>
{{- end}}
<p style="margin:32px 0 0;font-size:13px;opacity:.7">{{.Why}}</p>
</div>
</body>
</html>
`))

// written is a letter on its way to a mail.
type written struct {
	Lang, Title, Lead, Legend, Open, URL, Why string
	Sections                                  []writtenSection
	images                                    []email.Image
}

type writtenSection struct {
	Title, Note, None string
	Items             []writtenItem
}

type writtenItem struct {
	Title, Value, Text, URL string
	Bad                     bool
	Bar, Graph              *drawn
	Quote                   *writtenQuote
}

// drawn is a picture of the mail; html/template knows no address that begins with cid.
type drawn struct {
	Src template.URL
	Alt string
}

type writtenQuote struct{ Text, From, Language string }

// message writes the letter for a destination: a mail, or its text for a chat or a
// program.
func (s *Store) message(ws workspace.Workspace, d *deliver.Destination, r Receiver, l *Letter, key string) (deliver.Message, error) {
	t := locale.For(l.Lang, ws.Location()).Home(ws.Currency)
	w, err := s.written(t, ws, l, d.Kind == deliver.Email)
	if err != nil {
		return deliver.Message{}, err
	}
	if d.Kind != deliver.Email {
		n := notice.Notice{Key: "letter " + key, Kind: "dhvani.letter", At: l.Until, Title: w.Title, Text: w.body(), Source: "/workspaces/" + ws.ID, Language: string(l.Lang)}
		if w.URL != "" {
			n.Links = []notice.Link{{Text: w.Open, URL: w.URL}}
		}
		return notice.Message(d, n, "")
	}
	m := deliver.Message{Workspace: ws.Number, Destination: d.ID, Kind: "dhvani.letter", Receiver: r.Address, Bulk: true}
	m.Key = strings.Join([]string{"letter", key, d.ID, strings.ToLower(r.Address)}, "\x00")
	var b strings.Builder
	if err := page.Execute(&b, w); err != nil {
		return m, fmt.Errorf("write a letter: %w", err)
	}
	m.Body, err = email.Mail{Subject: w.Title, Text: w.text(), HTML: b.String(), Images: w.images, Language: string(l.Lang)}.Body(d)
	return m, err
}

// written puts a letter into words, and draws its pictures where they are wanted.
func (s *Store) written(t *locale.Locale, ws workspace.Workspace, l *Letter, draw bool) (*written, error) {
	w := &written{
		Lang: t.Tag(), Title: l.Title(t, ws.Name), Lead: l.Lead(t), Legend: t.T("letter.legend"), Open: t.T("letter.open"),
		Why: t.T("letter.why", "Shop", ws.Name),
	}
	base := ""
	if s.URL != nil {
		if base = strings.TrimRight(s.URL(), "/"); base != "" {
			base += "/w/" + ws.ID + "/"
			w.URL = base + "letter?week=" + l.Week.Name()
		}
	}
	for _, x := range l.Sections(t) {
		section := writtenSection{Title: x.Title, Note: x.Note, None: x.None}
		for _, it := range x.Items {
			item := writtenItem{Title: it.Title, Value: it.Value, Text: it.Text, Bad: x.Name == "worse" || x.Name == "mend" || it.Figure != nil && it.Figure.Bad}
			if base != "" && it.Path != nil {
				item.URL = base + strings.Join(it.Path, "/")
			}
			if q := it.Quote; q != nil {
				item.Quote = &writtenQuote{q.Text, QuoteFrom(t, q), locale.TextTag(q.Language, q.Text)}
			}
			if draw {
				if err := w.draw(&item, it); err != nil {
					return nil, err
				}
			}
			section.Items = append(section.Items, item)
		}
		w.Sections = append(w.Sections, section)
	}
	return w, nil
}

// QuoteFrom says where and when something was said.
func QuoteFrom(t *locale.Locale, q *Quote) string {
	return t.Word("common.channel", q.Channel) + ", " + t.DayMonth(q.At)
}

// draw adds the pictures of an item.
func (w *written) draw(to *writtenItem, it Item) error {
	add := func(alt string, draw func() ([]byte, error)) (*drawn, error) {
		data, err := draw()
		if err != nil {
			return nil, err
		}
		n := len(w.images) + 1
		cid := fmt.Sprintf("picture%d@letter.dhvani", n)
		w.images = append(w.images, email.Image{CID: cid, Name: fmt.Sprintf("picture%d.png", n), Data: data})
		return &drawn{template.URL("cid:" + cid), alt}, nil
	}
	var err error
	if it.Figure != nil {
		to.Bar, err = add(it.Figure.Label, it.Figure.bar)
	}
	if err == nil && it.Line != nil && len(it.Line.Values) > 2 {
		to.Graph, err = add(it.Line.Label, it.Line.graph)
	}
	return err
}

// body is the letter without HTML, title and small print.
func (w *written) body() string {
	var b strings.Builder
	b.WriteString(w.Lead + "\n")
	for _, s := range w.Sections {
		b.WriteString("\n" + strings.ToUpper(s.Title) + "\n")
		if len(s.Items) == 0 {
			b.WriteString("\n" + s.None + "\n")
		}
		for _, it := range s.Items {
			b.WriteString("\n" + strings.TrimSpace(it.Title+" "+it.Value) + "\n" + it.Text + "\n")
			if it.Quote != nil {
				b.WriteString("“" + it.Quote.Text + "”\n(" + it.Quote.From + ")\n")
			}
		}
	}
	return b.String()
}

// text is for who reads mails without HTML: lines end as mails want them.
func (w *written) text() string {
	out := w.Title + "\n\n" + w.body()
	if w.URL != "" {
		out += "\n" + w.Open + ":\n" + w.URL + "\n"
	}
	return strings.ReplaceAll(out+"\n-- \n"+w.Why+"\n", "\n", "\r\n")
}
