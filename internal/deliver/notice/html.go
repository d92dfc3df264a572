package notice

import (
	"html/template"
	"strings"
)

// page is a mail as programs for mail can show it: styles stand at their elements,
// because many take the others out, and nothing is fetched.
var page = template.Must(template.New("").Parse(`<!DOCTYPE html>
<html lang="{{.Language}}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>{{.Title}}</title></head>
<body style="margin:0;padding:24px 16px;font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;font-size:16px;line-height:1.5">
<div style="max-width:600px;margin:0 auto">
<h1 style="margin:0 0 16px;font-size:20px;line-height:1.3">{{.Title}}</h1>
{{- range .Paragraphs}}
<p style="margin:0 0 16px">{{range $i, $line := .}}{{if $i}}<br>{{end}}{{$line}}{{end}}</p>
{{- end}}
{{- with .Facts}}
<table role="presentation" style="margin:0 0 16px;border-collapse:collapse">
{{- range .}}
<tr><td style="padding:4px 16px 4px 0;vertical-align:top;opacity:.7">{{.Name}}</td><td style="padding:4px 0;vertical-align:top;font-weight:600">{{.Value}}</td></tr>
{{- end}}
</table>
{{- end}}
{{- with .Links}}
<p style="margin:24px 0 16px">
{{- range .}}
<a href="{{.URL}}" style="display:inline-block;margin:0 8px 8px 0;padding:10px 16px;border-radius:8px;border:1px solid #8a8fa3;background:#1b2136;color:#ffffff;text-decoration:none;font-weight:600">{{.Text}}</a>
{{- end}}
</p>
{{- end}}
{{- if or .Why .Leave.URL}}
<p style="margin:32px 0 0;font-size:13px;opacity:.7">{{.Why}}{{with .Leave.URL}} <a href="{{.}}" style="color:inherit">{{$.Leave.Text}}</a>{{end}}</p>
{{- end}}
</div>
</body>
</html>
`))

// paragraphs are the lines between empty ones.
func paragraphs(text string) (out [][]string) {
	var lines []string
	for line := range strings.SplitSeq(text+"\n", "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		} else if len(lines) > 0 {
			out = append(out, lines)
			lines = nil
		}
	}
	if len(lines) > 0 {
		out = append(out, lines)
	}
	return out
}

func mailHTML(n Notice) (string, error) {
	var b strings.Builder
	err := page.Execute(&b, struct {
		Notice
		Paragraphs [][]string
	}{n, paragraphs(n.Text)})
	return b.String(), err
}

// HTML is a notice as a mail shows it, for previews.
func HTML(n Notice) (string, error) { return mailHTML(n.clean()) }
