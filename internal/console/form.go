package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// form is a form that was sent and refused: what was in it, and what is wrong
// with which field. A form that was not sent is nil.
type form struct {
	values url.Values
	errors map[string]string // by field; "" is the whole form
}

// Value returns what was sent for a field, or what it holds before that.
func (f *form) Value(name, before string) string {
	if f == nil {
		return before
	}
	return f.values.Get(name)
}

// Error returns what is wrong with a field.
func (f *form) Error(name string) string {
	if f == nil {
		return ""
	}
	return f.errors[name]
}

// refused turns an error that the person can do something about into a form in
// their language. fields names the field that a flaw belongs to. nil: it is
// another kind of error.
func refused(r *http.Request, v *ui.Viewer, err error, fields map[string]string) *form {
	f := &form{values: url.Values{}, errors: map[string]string{}}
	for name, values := range r.PostForm {
		if !strings.Contains(name, "password") && name != "code" {
			f.values[name] = values
		}
	}
	var flaw workspace.Flaw
	var invalid workspace.Invalid
	var wait *staff.Throttled
	switch {
	case errors.As(err, &wait):
		f.errors[""] = v.T("settings.throttled", "Wait", v.L.Duration(wait.Wait.Round(1e9)+1e9))
	case errors.As(err, &flaw):
		text := string(flaw.Invalid)
		if key := "settings.flaw_" + flaw.Code; v.L.Has(key) {
			text = v.T(key)
		}
		f.errors[fields[flaw.Code]] = text
	case errors.As(err, &invalid):
		f.errors[""] = string(invalid)
	default:
		return nil
	}
	return f
}

// field describes a field of a form.
func (f *form) field(name, label, before string) ui.FieldInfo {
	return ui.FieldInfo{Name: name, Label: label, Value: f.Value(name, before), Error: f.Error(name)}
}
