package console

import (
	"strconv"
	"strings"

	"github.com/dhvani/dhvani/internal/console/ui"
)

// failureText says why a message did not arrive, in the reader's words. What we
// have no words for is shown as it is told.
func failureText(v *ui.Viewer, failure string) string {
	if code, ok := strings.CutPrefix(failure, "status_"); ok {
		return v.T("outgoing.status_"+statusGroup(code), "Code", code)
	}
	if rest, ok := strings.CutPrefix(failure, "smtp_"); ok {
		code, more, _ := strings.Cut(rest, "_")
		return v.T("outgoing.smtp_"+mailGroup(code, more), "Code", strings.TrimSpace(code+" "+more))
	}
	if more, ok := strings.CutPrefix(failure, "bounced"); ok {
		more = strings.TrimPrefix(more, "_")
		return v.T("outgoing.bounced_"+mailGroup("550", more), "Code", more)
	}
	if strings.HasPrefix(failure, "complaint") {
		return v.T("outgoing.failure_complaint")
	}
	return v.L.Word("outgoing.failure", failure)
}

// statusGroup groups what web servers answer by what a person can do about it.
func statusGroup(code string) string {
	n, _ := strconv.Atoi(code)
	switch {
	case n == 401 || n == 403:
		return "refused"
	case n == 404 || n == 410:
		return "gone"
	case n == 408 || n == 429:
		return "busy"
	case n >= 300 && n < 400:
		return "moved"
	case n >= 500:
		return "broken"
	}
	return "other"
}

// mailGroup groups what mail servers answer, by its enhanced status (RFC 3463) or,
// where there is none, by its code.
func mailGroup(code, status string) string {
	switch {
	case strings.HasPrefix(code, "4") || strings.HasPrefix(status, "4."):
		return "later"
	case code == "530" || code == "534" || code == "535":
		return "password"
	case strings.HasPrefix(status, "5.1."):
		return "nobody"
	case status == "5.2.2":
		return "full"
	case strings.HasPrefix(status, "5.7."):
		return "policy"
	}
	return "other"
}
