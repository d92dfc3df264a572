package console

import (
	"strings"

	"github.com/dhvani/dhvani/internal/shop"
	"github.com/dhvani/dhvani/internal/staff"
)

// Route is an address of the console: what a walk through all of them needs to
// know to tell whether each answers only those whom it should.
type Route struct {
	Method, Path string      // the path with its wildcards: /w/{workspace}/customers/{id}
	Right        staff.Right // "" where none is needed
	Public       bool        // for those who have not signed in too
}

// Routes lists every address, with those of the demo.
func Routes() []Route {
	var out []Route
	for _, rt := range (&Console{Options: Options{Demo: new(shop.Director)}}).routes() {
		method, path, _ := strings.Cut(rt.pattern, " ")
		out = append(out, Route{method, strings.TrimSuffix(path, "{$}"), rt.right, rt.public})
	}
	return out
}
